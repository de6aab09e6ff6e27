"""A Discord on this machine: REST, gateways, voice with DAVE, and members.

The unmodified discord.py can't tell it apart, for what this bot uses. Strict: what Discord would
refuse is refused the same way and noted in `LoopbackDiscord.complaints`.
"""

from bot.loopback.people.answer import ReceivedAnswer
from bot.loopback.people.command_input import Choice
from bot.loopback.people.guild import Guild
from bot.loopback.people.person import Person
from bot.loopback.rest.limits import Rule
from bot.loopback.rest.trouble import RestTrouble
from bot.loopback.server import LoopbackDiscord
from bot.loopback.state.entities import Bot, Channel, Message, Role, Switches, Webhook
from bot.loopback.state.intents import Intents
from bot.loopback.state.observation import (
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
from bot.loopback.state.permissions import EVERYONE, INVITED, Permissions

__all__ = [
    "EVERYONE",
    "INVITED",
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
    "ReceivedAnswer",
    "RestTrouble",
    "Role",
    "Rule",
    "StatusChanged",
    "Switches",
    "ThreadStarted",
    "VoiceStateChanged",
    "Webhook",
]
