"""Everything that exists on the loopback Discord."""
