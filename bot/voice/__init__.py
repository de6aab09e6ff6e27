"""One Discord voice connection, both directions: hears each speaker apart and plays a voice.

link, connection, joining  the voice channel as the room sees it; how it is joined
receive/   from the socket to speech: decrypt, reorder, conceal, decode
playback/  from PCM to the frames that discord.py sends
echo/      keeps the bot's own voice, returned by loudspeakers, from being taken for speech
watch/     whether the link works, and what moderators did to the bot's voice
presence, people, stage  where the bot is, and who is there with it
noise_gate               lets speech alone through to the room
discord_internals, discord_moves, live_keys, gateway_events  discord.py's inside
"""

from bot.voice.link import DiscordVoiceLink, connect

__all__ = ["DiscordVoiceLink", "connect"]
