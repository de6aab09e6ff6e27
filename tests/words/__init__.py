"""Keeps the message catalogues: what the code says and the commands are called (`make words`)."""
