"""From the socket to speech: decrypt, reorder, conceal, decode."""
