"""What the REST routes, the gateway and the people share."""

from dataclasses import dataclass

from bot.loopback.state.chat import Chat
from bot.loopback.state.interactions import Interactions
from bot.loopback.state.voice_states import VoiceStates
from bot.loopback.state.world import World


@dataclass(frozen=True, slots=True)
class Backend:
    """This Discord's state and the rules by which it changes."""

    world: World
    chat: Chat
    voice: VoiceStates
    interactions: Interactions
