"""Captions and notices in Discord's text channels."""
