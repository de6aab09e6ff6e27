"""The heart: one voice channel being interpreted. Knows ports and values only."""
