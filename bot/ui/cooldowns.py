"""How often what people ask for is done: by each of them, and by all of a server together.

The bounds are discord.py's own cooldowns. Everything that somebody uses passes `Cooldowns.admits`
before any of its work is done: commands through `PacedTree`, buttons and menus through `PacedView`.
What needs a permission is counted for the server where it is done, by `take`, so that who may not
do it uses up nothing of those who may.

To be heard less is never refused. Who asks for it faster than they may is only not answered at
length once it is so.
"""

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.clock import Clock
from bot.errors import CooldownError, NotServedError
from bot.logs import bind, get_logger
from bot.room import refusals
from bot.room.rooms import Rooms
from bot.ui.answers import answer
from bot.words import t

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

AT_ONCE: Final = 25  # refusals of a server that are under way to Discord
MOST_WAITING: Final = 1000  # others of it that wait for that; beyond that they are dropped
WAIT_S: Final = 2.0  # at most, as Discord takes an answer for three seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """How often something may be used.

    Attributes:
        times: How often one person may use it in a server.
        seconds: Within how many seconds.
        together: By all of a server, in the same time; None: that is counted where it is done.
    """

    times: int
    seconds: float
    together: int | None = None


class Done(Enum):
    """What is counted for a server when it is done."""

    START = auto()  # a connection to the service, and two messages
    RESUME = auto()  # a message, and one for the pause before it
    MOVE = auto()  # a voice connection, and a notice
    LANGUAGES = auto()  # a connection for each speaker and language
    VOICE = auto()  # a voice connection, and one to the service for each speaker


DONE_S: Final = 60.0
MOST_DONE: Final[Mapping[Done, int]] = {
    Done.START: 8,
    Done.RESUME: 6,
    Done.MOVE: 6,
    Done.LANGUAGES: 12,
    Done.VOICE: 8,
}
"""How often in `DONE_S`."""

_LOOK: Final = Pace(10, 20, together=200)
_READ: Final = Pace(5, 20, together=40)  # rows of the database, or a file
_SET: Final = Pace(10, 30, together=100)
_LESS: Final = Pace(5, 20)  # beyond that it is still done

PACES: Final[Mapping[str, Pace]] = {
    "help": _LOOK,
    "Correct this": _LOOK,
    "Translate": Pace(6, 30, together=60),  # each is paid for
    "say": Pace(8, 30, together=60),  # each is paid for, into each language
    "translate start": Pace(6, 60),
    "translate stop": _LESS,
    "translate pause": _LESS,
    "translate resume": Pace(5, 30),
    "translate move": Pace(5, 30),
    "translate language add": Pace(8, 30),
    "translate language remove": Pace(8, 30),
    "translate voice on": Pace(8, 30),
    "translate voice off": _LESS,
    "translate voice mode": Pace(8, 30, together=40),
    "translate voice volume": Pace(8, 30, together=40),
    "translate voice skip": Pace(10, 30, together=40),
    "translate listen": Pace(6, 30, together=200),
    "translate my-languages": Pace(8, 30, together=100),
    "translate my-voice": Pace(6, 60, together=60),  # a connection to the service
    "translate status": _LOOK,
    "translate usage": _READ,
    "translate transcript": Pace(6, 20, together=40),
    "glossary add": Pace(20, 30, together=200),
    "glossary remove": Pace(20, 30, together=200),
    "glossary list": _READ,
    "glossary import": Pace(6, 60, together=20),
    "glossary export": _READ,
    "settings show": _LOOK,
    "settings languages": _SET,
    "settings voice": _SET,
    "settings captions": _SET,
    "settings starters": _SET,
    "settings privacy": _SET,
    "settings transcripts": _SET,
    "settings limits": _SET,
    "settings auto-start": _SET,
    "settings language": _SET,
    "settings reset": _SET,
    "settings check": _READ,
    "privacy join": Pace(5, 20, together=300),
    "privacy leave": _LESS,
    "privacy status": _READ,
    "privacy forget-me": Pace(3, 60),  # beyond that they are still not heard
    "parley:check": _READ,
    "parley:consent:join": Pace(5, 20, together=300),
    "parley:consent:leave": _LESS,
    "parley:correct": Pace(5, 60, together=40),
    "parley:proposal:accept": Pace(20, 30, together=200),
    "parley:proposal:decline": Pace(20, 30, together=200),
    "parley:panel:voice": Pace(5, 30),
    "parley:panel:stop": _LESS,
    "parley:panel:languages": Pace(8, 30),
    "parley:panel:listen": Pace(6, 30, together=200),
    "parley:listen:stop": _LOOK,
    "parley:panel:mode": Pace(8, 30, together=40),
    "parley:voice:imitate": Pace(5, 60, together=40),
    "parley:voice:cancel": _LOOK,
    "parley:voice:stop": _LESS,
    "parley:stop:confirm": _LESS,
    "parley:stop:cancel": _LOOK,
    "parley:settings:starters": _SET,
    "parley:settings:everybody": _SET,
    "parley:settings:announced": _SET,
    "parley:settings:reset": _SET,
}
"""By the name of a command, or the id of a button or menu."""

ALWAYS: Final = frozenset(
    {
        "translate stop",
        "translate pause",
        "privacy leave",
        "privacy status",
        "privacy forget-me",
        "parley:consent:leave",
        "parley:panel:stop",
        "parley:stop:confirm",
        "parley:stop:cancel",
    }
)
"""What is done in a server too that the host does not let use the bot: it ends hearing, or says and
deletes what is kept."""

_OF_ONE: Final = re.compile(r":\d+$|/.*$")  # the server, or the call, that a button is about
TYPING: Final = "autocomplete"
_ALL: Final = {**PACES, TYPING: Pace(40, 10, together=400)}
_LOGGED_S: Final = 60.0

Key = tuple[int, int]  # guild and user
Mapped = commands.CooldownMapping[Key]


class Cooldowns:
    """Those of every server.

    Args:
        rooms: Know what is so already.
        clock: Tells the time and calls back.
    """

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock
        self._persons = {name: _mapping(pace.times, pace.seconds) for name, pace in _ALL.items()}
        self._servers = {
            name: _mapping(pace.together, pace.seconds)
            for name, pace in _ALL.items()
            if pace.together is not None
        }
        self._done = {done: _mapping(most, DONE_S) for done, most in MOST_DONE.items()}
        self._logged = _mapping(1, _LOGGED_S)
        self._refusing: dict[int, _Refusing] = {}  # by guild
        self._so_already: Mapping[str, Callable[[int, int], str | None]] = {
            "translate stop": self._stopped,
            "parley:panel:stop": self._stopped,
            "parley:stop:confirm": self._stopped,
            "translate pause": self._paused,
            "privacy leave": self._out,
            "parley:consent:leave": self._out,
            "parley:voice:stop": lambda *_: None,  # what is kept is known to the database alone
        }

    async def admits(self, interaction: Interaction) -> bool:
        """Return whether this is to be done; if it is not, tell who asked."""
        user_id = interaction.user.id
        guild_id = interaction.guild_id or user_id  # direct messages are a place of their own
        name = name_of(interaction)
        bind(guild=interaction.guild_id, command=name)  # in what is logged from here on
        try:
            self.use(name, guild_id, user_id)
        except CooldownError as error:
            said = self.refusal(name, guild_id, user_id, error)
        else:
            said = self._unserved(name, interaction.guild_id)
        if said is None:
            return True
        await self._refuse(interaction, guild_id, None if name == TYPING else said)
        return False

    def use(self, name: str, guild_id: int, user_id: int) -> None:
        """Count that this person uses it.

        Args:
            name: The name in `PACES`; `TYPING` for suggestions while somebody types.
            guild_id: The guild.
            user_id: The user.

        Raises:
            CooldownError: They did so too often, or all of the server together did.
        """
        if name not in self._persons:
            return
        now = self._clock.now()
        wait = self._persons[name].update_rate_limit((guild_id, user_id), now)
        if wait is not None:
            raise CooldownError(math.ceil(wait))
        if name in self._servers:
            wait = self._servers[name].update_rate_limit((guild_id, 0), now)
            if wait is not None:
                raise CooldownError(math.ceil(wait), together=True)

    def take(self, done: Done, guild_id: int) -> None:
        """Count for a server what is about to be done there.

        Raises:
            CooldownError: That was done too often.
        """
        wait = self._done[done].update_rate_limit((guild_id, 0), self._clock.now())
        if wait is not None:
            raise CooldownError(math.ceil(wait), together=True)

    def refusal(self, name: str, guild_id: int, user_id: int, error: CooldownError) -> str | None:
        """Return what to answer to what comes too fast; None: it is to be done all the same.

        Args:
            name: What is used, named as for `use`.
            guild_id: The guild.
            user_id: The user who asked.
            error: What `use` raised.
        """
        if (so_already := self._so_already.get(name)) is not None:
            return so_already(guild_id, user_id)
        if name == "privacy forget-me" and not self._rooms.stays_out(guild_id, user_id):
            return None  # what else it deletes could wait
        return error.message

    def _unserved(self, name: str, guild_id: int | None) -> str | None:
        """Return why nothing is done in a server that the host does not let use the bot."""
        if guild_id is None or name in ALWAYS:
            return None
        try:
            self._rooms.check_served(guild_id)
        except NotServedError as error:
            return error.message
        return None

    # What is so already

    def _stopped(self, guild_id: int, _: int) -> str | None:
        return refusals.none_runs().message if self._rooms.over(guild_id) else None

    def _paused(self, guild_id: int, user_id: int) -> str | None:
        if (stopped := self._stopped(guild_id, user_id)) is not None:
            return stopped
        room = self._rooms.find(guild_id)
        return t("Translation is already paused.") if room is not None and room.paused else None

    def _out(self, guild_id: int, user_id: int) -> str | None:
        out = self._rooms.stays_out(guild_id, user_id)
        return t("You stay out: you are not heard.") if out else None

    # Answers

    async def _refuse(self, interaction: Interaction, guild_id: int, said: str | None) -> None:
        if self._logged.update_rate_limit((guild_id, 0), self._clock.now()) is None:
            log.info("a server exceeds a rate limit", guild=guild_id)
        refusing = self._refusing.setdefault(guild_id, _Refusing())
        if refusing.count >= AT_ONCE + MOST_WAITING:
            return
        refusing.count += 1
        try:
            async with asyncio.timeout(WAIT_S):
                await refusing.turn.acquire()
        except TimeoutError:
            return
        else:
            try:
                await _say(interaction, said)
            finally:
                refusing.turn.release()
        finally:
            refusing.count -= 1
            if not refusing.count:
                del self._refusing[guild_id]


class _Refusing:
    """The refusals of one server.

    Attributes:
        count: How many are under way or waiting.
        turn: Held while one is under way.
    """

    def __init__(self) -> None:
        self.count = 0
        self.turn = asyncio.Semaphore(AT_ONCE)


async def _say(interaction: Interaction, said: str | None) -> None:
    try:
        if said is not None:
            await answer(interaction, said)
        else:
            await interaction.response.autocomplete([])
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("a refusal could not be sent", error=type(error).__name__)


async def admits(interaction: Interaction) -> bool:
    """Return whether the client's cooldowns let this be done; if they don't, tell who asked."""
    return await _of(interaction).admits(interaction)


class PacedTree(app_commands.CommandTree[Any]):
    """Commands that pass the client's cooldowns first."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns let the command run."""
        return await admits(interaction)


class PacedView(discord.ui.View):
    """Buttons and menus that pass the client's cooldowns first."""

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns let the button work."""
        return await admits(interaction)


def take(interaction: Interaction, done: Done) -> None:
    """Count for a server what is about to be done there.

    Raises:
        CooldownError: That was done too often.
    """
    _of(interaction).take(done, interaction.guild_id or 0)


def name_of(interaction: Interaction) -> str:
    """Return the name of what is used, as in `PACES`; empty when it is unknown."""
    if interaction.type is discord.InteractionType.autocomplete:
        return TYPING
    if (command := interaction.command) is not None:
        return command.qualified_name
    data: Any = interaction.data or {}
    return _OF_ONE.sub("", str(data.get("custom_id", "")))


def _of(interaction: Interaction) -> Cooldowns:
    cooldowns: Cooldowns = interaction.client.cooldowns
    return cooldowns


def _mapping(times: int, seconds: float) -> Mapped:
    return commands.CooldownMapping.from_cooldown(times, seconds, _itself)


def _itself(key: Key) -> Key:
    return key
