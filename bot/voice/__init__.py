"""One Discord voice connection, both directions: hears each speaker apart and plays a voice."""

from bot.voice.link import DiscordVoiceLink, connect

__all__ = ["DiscordVoiceLink", "connect"]
