"""A Discord on this machine: REST, gateways, voice with DAVE, and members.

The unmodified discord.py can't tell it apart, for what this bot uses. Strict: what Discord would
refuse is refused the same way and noted in `LoopbackDiscord.complaints`.
"""

from bot.loopback.answer import Answer
from bot.loopback.asking import Choice
from bot.loopback.entities import Bot, Channel, Message, Role, Webhook
from bot.loopback.guild import Guild
from bot.loopback.intents import Intents
from bot.loopback.observation import (
    Complaint,
    GatewayChanged,
    InteractionAnswered,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Observation,
    PersonSpeaking,
    StatusChanged,
    ThreadStarted,
    VoiceStateChanged,
)
from bot.loopback.permissions import EVERYONE, INVITED, Permissions
from bot.loopback.person import Person
from bot.loopback.rest.limits import Rule
from bot.loopback.rest.trouble import Trouble
from bot.loopback.server import LoopbackDiscord

__all__ = [
    "EVERYONE",
    "INVITED",
    "Answer",
    "Bot",
    "Channel",
    "Choice",
    "Complaint",
    "GatewayChanged",
    "Guild",
    "Intents",
    "InteractionAnswered",
    "LoopbackDiscord",
    "Message",
    "MessageDeleted",
    "MessageEdited",
    "MessagePosted",
    "Observation",
    "Permissions",
    "Person",
    "PersonSpeaking",
    "Role",
    "Rule",
    "StatusChanged",
    "ThreadStarted",
    "Trouble",
    "VoiceStateChanged",
    "Webhook",
]
