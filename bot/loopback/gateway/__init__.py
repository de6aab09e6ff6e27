"""The main gateway of the loopback Discord."""
