"""The voice half of the loopback Discord: gateway, end-to-end encryption, UDP, and members."""

from bot.loopback.voice.ear import Ear
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.member import Spoken, VoiceMember
from bot.loopback.voice.server import VoiceServer

__all__ = ["Ear", "Faults", "Spoken", "VoiceMember", "VoiceServer"]
