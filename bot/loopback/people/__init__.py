"""People on the loopback Discord: they speak, type, press and read."""
