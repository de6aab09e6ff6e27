"""A whole call on this machine, from one command."""
