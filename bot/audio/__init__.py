"""Arithmetic on PCM, Opus, and sound files."""
