"""One Discord voice connection, both directions."""
