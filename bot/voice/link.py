"""A joined voice channel: what the room sees of it, and what keeps it alive."""

import asyncio
import contextlib
import logging
import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord
from discord.errors import ClientException, ConnectionClosed

from bot.clock import Clock
from bot.errors import VoiceLinkError
from bot.room.events import Member, Speech
from bot.room.ports import Listener
from bot.tasks import TaskOwner
from bot.voice import gateway_events, health
from bot.voice.dave import NoKeys
from bot.voice.discord_internals import Client, LiveKeys, leave
from bot.voice.figures import Figures
from bot.voice.health import Patience, Vitals
from bot.voice.hearing import Hearing
from bot.voice.people import Change, People, VoiceChannel
from bot.voice.player import Gate, Player
from bot.voice.receiver import Receiver

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 20.0
READY_TIMEOUT_S = 10.0  # to get into the DAVE group
_LEAVE_TIMEOUT_S = 5.0
_KEEPALIVE_S = 5.0  # NATs forget a quiet UDP flow after some minutes, the strictest after 30 s
_CHECK_S = 0.5


async def connect(
    channel: VoiceChannel,
    listener: Listener,
    clock: Clock,
    *,
    join_timeout_s: float = JOIN_TIMEOUT_S,
) -> "DiscordVoiceLink":
    """Join a voice channel, and hear nobody until `allow` says whom.

    Returns once the bot can hear and be heard: in the DAVE group, unless it is alone.

    Raises:
        VoiceLinkError: It could not be joined; the message says why.
    """
    link = DiscordVoiceLink(channel, listener, clock, join_timeout_s)
    try:
        await link.open()
    except BaseException:
        await link.close()
        raise
    return link


class DiscordVoiceLink:
    """The port `VoiceLink` on a Discord voice channel. Made by `connect`.

    It follows the bot when it is moved, joins afresh when the connection breaks in a way discord.py
    does not mend, and tells its listener `lost` when the bot was removed or could not come back.
    """

    def __init__(
        self, channel: VoiceChannel, listener: Listener, clock: Clock, join_timeout_s: float
    ) -> None:
        self._channel = channel
        self._listener = listener
        self._clock = clock
        self._join_timeout_s = join_timeout_s
        self._tasks = TaskOwner(f"voice-{channel.id}")
        self._figures = Figures()
        self._people = People(channel.guild.me.id)
        self._client: Client | None = None
        self._hearing = Hearing(NoKeys(), self._figures)
        self._receiver = Receiver(self._hearing, self._figures, clock, self._heard)
        self._player = Player(self._start_playing, self._gate, self._figures)
        self._patience = Patience()
        self._moved = asyncio.Event()
        self._check_due = asyncio.Event()
        self._alone = True
        self._down_since: float | None = None
        self._keyless_since: float | None = None
        self._close_code = 0
        self._rejoining = False
        self._closed = False
        self._closing: asyncio.Event | None = None

    # The port

    def allow(self, user_ids: frozenset[int]) -> None:
        """Decrypt these members and nobody else, from the next packet on."""
        self._hearing.allowed = frozenset(user_ids)

    def members(self) -> tuple[Member, ...]:
        """Who is in the channel now, bots left out."""
        return self._people.members()

    def play(self, pcm: bytes) -> None:
        """Queue voice (PCM16, 24 kHz, mono, any length) behind what is queued."""
        self._player.play(pcm)

    def playing_s(self) -> float:
        """Seconds of voice queued and not yet sent."""
        return self._player.queued_s()

    def stop_playing(self) -> None:
        """Drop what is queued."""
        self._player.clear()

    def figures(self) -> Mapping[str, float]:
        """Counters (see `Figures`) and gauges."""
        figures = self._figures.as_mapping()
        figures["queued_voice_s"] = self._player.queued_s()
        figures["connected"] = float(self._is_up())
        return figures

    async def close(self) -> None:
        """Leave the channel. Idempotent; no thread, socket or task stays."""
        if self._closing is not None:
            await self._closing.wait()
            return
        self._closing = asyncio.Event()
        self._closed = True
        try:
            self._player.close()
            await self._tasks.close()
            await self._leave()
            await self._receiver.close()
        finally:
            self._closing.set()

    # The Discord client's part

    @property
    def closed(self) -> bool:
        """Whether it has left, or is leaving."""
        return self._closed

    @property
    def channel(self) -> VoiceChannel:
        """Where the bot is."""
        return self._channel

    def voice_state_changed(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Forward the client's event `voice_state_update` of this guild here."""
        if self._closed or member.guild.id != self._channel.guild.id:
            return
        if member.id == member.guild.me.id:
            if isinstance(after.channel, VoiceChannel) and after.channel.id != self._channel.id:
                log.info("the bot was moved to another voice channel")
                self._channel = after.channel
                self._tasks.start(self._survey(), "survey")
            return
        inside = after.channel is not None and after.channel.id == self._channel.id
        was_inside = before.channel is not None and before.channel.id == self._channel.id
        if inside or was_inside:
            self._tell(self._people.moved(member, inside=inside))

    async def open(self) -> None:
        """Join; see `connect`."""
        self._check_entry()
        self._receiver.start()
        await self._people.survey(self._channel)
        self._alone = self._people.alone
        await self._join()
        # Again, as nobody forwarded voice states here meanwhile.
        await self._people.survey(self._channel)
        self._alone = self._people.alone
        self._welcome()
        self._tasks.start(self._keep_alive(), "keepalive")
        self._tasks.start(self._supervise(), "supervisor")

    # discord.py's side; see `discord_internals.Observer`

    def datagram(self, data: bytes) -> None:
        """On the socket's thread."""
        self._receiver.feed(data)

    def gateway_message(self, message: Any) -> None:
        """Learn who speaks under which SSRC."""
        event = gateway_events.parse(message)
        if event is None:
            self._figures.gateway_malformed += 1
        elif isinstance(event, gateway_events.Ready):
            self._down_since = None
            self._figures.reconnects += 1
            self._receiver.tell(self._hearing.reset)
            self._welcome()
        elif not isinstance(event, gateway_events.Other):
            self._receiver.tell(partial(event.apply, self._hearing))

    def gateway_moved(self) -> None:
        """Someone may wait for the keys."""
        self._moved.set()

    def gateway_fault(self) -> None:
        """Counted."""
        self._figures.gateway_malformed += 1

    def gateway_closed(self, code: int) -> None:
        """Noted for the supervisor."""
        log.info("the voice gateway closed: code=%d", code)
        if self._down_since is None:
            self._down_since = self._clock.now()
        self._close_code = code
        self._check_due.set()

    def removed(self) -> None:
        """The bot is no longer in the channel, and not by its own doing."""
        if not self._closed and not self._rejoining:
            channel = self._channel
            if channel.guild.get_channel(channel.id) is None:
                self._lose("The voice channel was deleted, so I can't go on.")
            else:
                self._lose(f"I was disconnected from {channel.name}.")

    # Inside

    def _check_entry(self) -> None:
        channel = self._channel
        allowed = channel.permissions_for(channel.guild.me)
        if not (allowed.view_channel and allowed.connect):
            raise VoiceLinkError(
                f"I need the permissions View Channel and Connect in {channel.name}.",
                retryable=False,
            )
        limit = channel.user_limit
        if limit and len(channel.voice_states) >= limit and not allowed.move_members:
            raise VoiceLinkError(f"{channel.name} is full.")

    async def _join(self) -> None:
        channel = self._channel
        self._moved.clear()

        def make(client: discord.Client, to: discord.abc.Connectable) -> Client:
            self._client = Client(client, to, self)
            keys = LiveKeys(self._client.connection)
            self._receiver.tell(partial(setattr, self._hearing, "keys", keys))
            return self._client

        try:
            await channel.connect(
                cls=make, timeout=self._join_timeout_s, reconnect=True, self_deaf=False
            )
        except TimeoutError as error:
            raise VoiceLinkError(
                f"Discord did not let me into {channel.name} within {self._join_timeout_s:g} s."
            ) from error
        except ConnectionClosed as error:
            raise VoiceLinkError(
                f"Discord's voice server closed the connection to {channel.name} "
                f"(code {error.code})."
            ) from error
        except ClientException as error:
            raise VoiceLinkError(
                "I am already in a voice channel of this server.", retryable=False
            ) from error
        except (discord.DiscordException, OSError, ValueError) as error:
            raise VoiceLinkError(
                f"Joining {channel.name} failed ({type(error).__name__})."
            ) from error
        self._down_since = None
        await self._until_encrypted()
        self._player.resume()

    async def _until_encrypted(self) -> None:
        """Wait until the bot is in the DAVE group; when alone there is none to be in."""
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while not self._alone and self._client is not None:
            self._moved.clear()
            if self._client.connection.encrypted:
                return
            try:
                async with asyncio.timeout_at(deadline):
                    await self._moved.wait()
            except TimeoutError:
                raise VoiceLinkError(
                    f"The encryption of {self._channel.name} was not ready within "
                    f"{READY_TIMEOUT_S:g} s."
                ) from None

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await leave(client, _LEAVE_TIMEOUT_S)

    def _is_up(self) -> bool:
        return self._client is not None and self._client.is_connected() and self._down_since is None

    def _heard(self, user_id: int, pcm: bytes | None, at: float) -> None:
        # Consent may have been withdrawn since the worker heard it.
        if self._closed or (pcm is not None and user_id not in self._hearing.allowed):
            return
        if pcm is None:
            self._listener.fell_silent(user_id, at)
        else:
            self._listener.heard(Speech(user_id, pcm, at))

    def _tell(self, change: Change) -> None:
        self._alone = self._people.alone
        self._moved.set()
        self._welcome()
        for user_id in change.left:
            self._receiver.tell(partial(self._hearing.leave, user_id))
            self._listener.left(user_id)
        for person in change.joined:
            self._listener.joined(person)
        self._player.resume()

    def _welcome(self) -> None:
        ids = self._people.ids()
        self._receiver.tell(partial(self._hearing.arrive, ids))

    async def _survey(self) -> None:
        self._tell(await self._people.survey(self._channel))

    def _gate(self) -> Gate:
        if self._alone:
            return Gate.DISCARD
        client = self._client
        if client is not None and client.connection.encrypted:
            return Gate.SEND
        return Gate.HOLD

    def _start_playing(
        self, source: discord.AudioSource, ended: Callable[[Exception | None], None]
    ) -> bool:
        client = self._client
        if client is None or not client.is_connected() or client.is_playing():
            return False
        client.play(source, after=ended)
        return True

    async def _keep_alive(self) -> None:
        counter = 0
        while True:
            await asyncio.sleep(_KEEPALIVE_S)
            client = self._client
            if client is None or not client.is_connected():
                continue
            try:
                client.connection.send_packet(struct.pack("<Q", counter))
            except OSError as error:
                log.debug("a keepalive was not sent: %s", type(error).__name__)
                continue
            counter += 1
            self._figures.keepalives += 1

    async def _supervise(self) -> None:
        while not self._closed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_S):
                    await self._check_due.wait()
            self._check_due.clear()
            client = self._client
            now = self._clock.now()
            keyless = self._is_up() and not self._alone and self._gate() is Gate.HOLD
            if not keyless:
                self._keyless_since = None
            elif self._keyless_since is None:
                self._keyless_since = now
            vitals = Vitals(
                poller_ended=client is None or client.connection.poller_ended,
                down_since=self._down_since,
                close_code=self._close_code,
                keyless_since=self._keyless_since,
                failing_since=self._hearing.failing_since,
                failing_until=self._hearing.failing_until,
            )
            if (reason := health.ailment(vitals, now)) is not None:
                await self._rejoin(reason)

    async def _rejoin(self, reason: str) -> None:
        if self._patience.exhausted:
            self._lose("I lost the voice channel and could not get back in.")
            return
        rest = self._patience.rest_s(self._clock.now())
        log.warning("joining voice afresh: %s, after %g s", reason, rest)
        await asyncio.sleep(rest)
        self._figures.rejoins += 1
        self._rejoining = True
        try:
            self._keyless_since = None
            await self._leave()
            self._receiver.tell(self._hearing.reset)
            await self._join()
        except VoiceLinkError as error:
            log.warning("joining voice afresh failed: %s", type(error.__cause__).__name__)
        finally:
            self._rejoining = False

    def _lose(self, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        self._player.close()
        self._listener.lost(reason)
