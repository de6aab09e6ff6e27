"""Parley: a live interpreter for Discord voice channels."""

__version__ = "0.1.0"
