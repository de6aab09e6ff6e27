"""A call on loopback, from one command."""
