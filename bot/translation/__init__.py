"""Conversations with LiveTranslate through the official SDK."""
