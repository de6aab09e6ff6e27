"""A joined voice channel, as the room sees it."""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord

from bot.clock import Clock
from bot.room.events import Member, Speech
from bot.room.ports import Listener
from bot.tasks import TaskOwner
from bot.voice import gateway_events
from bot.voice.dave import NoKeys
from bot.voice.discord_internals import Client, LiveKeys, leave
from bot.voice.figures import Figures
from bot.voice.hearing import Hearing
from bot.voice.joining import check_entry, explained, not_encrypted
from bot.voice.people import Change, People, VoiceChannel
from bot.voice.player import Gate, Player
from bot.voice.receiver import Receiver
from bot.voice.stage import ask_to_speak
from bot.voice.standing import DELETED, Notice, OwnVoice, Standing, disconnected, moved
from bot.voice.supervisor import Supervisor

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 20.0
READY_TIMEOUT_S = 10.0  # to get into the DAVE group
_LEAVE_TIMEOUT_S = 5.0


async def connect(
    channel: VoiceChannel,
    listener: Listener,
    clock: Clock,
    *,
    speaks: bool = False,
    join_timeout_s: float = JOIN_TIMEOUT_S,
) -> "DiscordVoiceLink":
    """Join a voice channel, and hear nobody until `allow` says whom.

    Returns once the bot can hear and be heard: in the DAVE group, unless it is alone. One that
    `speaks` asks to speak where the channel is a stage, and says when it can't be heard.

    Raises:
        VoiceLinkError: It could not be joined; the message says why.
    """
    link = DiscordVoiceLink(channel, listener, clock, speaks=speaks, join_timeout_s=join_timeout_s)
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
        self,
        channel: VoiceChannel,
        listener: Listener,
        clock: Clock,
        *,
        speaks: bool,
        join_timeout_s: float,
    ) -> None:
        self._channel = channel
        self._listener = listener
        self._clock = clock
        self._speaks = speaks
        self._join_timeout_s = join_timeout_s
        self._tasks = TaskOwner(f"voice-{channel.id}")
        self._figures = Figures()
        self._people = People(channel.guild.me.id)
        self._client: Client | None = None
        self._hearing = Hearing(NoKeys(), self._figures)
        self._receiver = Receiver(self._hearing, self._figures, clock, self._heard, self._foreign)
        self._player = Player(self._start_playing, self._gate, self._figures)
        self._supervisor = Supervisor(self, self._hearing, clock, self._figures, self._tasks)
        self._own = OwnVoice(speaks=speaks)
        self._allowed: frozenset[int] = frozenset()
        self._moved = asyncio.Event()
        self._alone = True
        self._joining = False
        self._heard_at: float | None = None
        self._closed = False
        self._closing: asyncio.Event | None = None

    # The port

    @property
    def channel_id(self) -> int:
        """Where the bot is now."""
        return self._channel.id

    def allow(self, user_ids: frozenset[int]) -> None:
        """Decrypt these members and nobody else, from the next packet on; deafened, nobody."""
        self._allowed = frozenset(user_ids)
        self._listen()

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
        """Counters (see `Figures`) and gauges.

        `deaf` is 1 while nobody can be heard because the link does not work, `heard_ago_s` is the
        time since anybody was heard and missing until then, `deafened`, `muted` and `audience` are
        1 while moderators, permissions or the stage keep the bot so.
        """
        figures = self._figures.as_mapping()
        figures["queued_voice_s"] = self._player.queued_s()
        figures["connected"] = float(self._supervisor.up)
        figures["deaf"] = float(self._supervisor.ailing)
        if self._heard_at is not None:
            figures["heard_ago_s"] = max(0.0, self._clock.now() - self._heard_at)
        return {**figures, **self._own.standing.figures()}

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
                self._supervisor.expected.restart()
                self.notice(moved(after.channel.name))
                self._tasks.start(self._survey(), "survey")
                self._speak_up()
            if after.channel is not None:
                self._stands(after)
            return
        inside = after.channel is not None and after.channel.id == self._channel.id
        was_inside = before.channel is not None and before.channel.id == self._channel.id
        if inside or was_inside:
            self._tell(self._people.moved(member, inside=inside))

    async def open(self) -> None:
        """Join; see `connect`."""
        check_entry(self._channel)
        self._receiver.start()
        await self._people.survey(self._channel)
        self._alone = self._people.alone
        await self._join()
        # Again, as nobody forwarded voice states here meanwhile.
        await self._people.survey(self._channel)
        self._alone = self._people.alone
        self._welcome()
        if (state := self._channel.guild.me.voice) is not None:
            self._stands(state)
        self._supervisor.start()

    # discord.py's side; see `discord_internals.Observer`

    def socket_changed(self, sock: socket.socket | None) -> None:
        """Heard from now on."""
        self._receiver.listen(sock)

    def _foreign(self, datagram: bytes) -> None:
        if (client := self._client) is not None:
            client.connection.foreign(datagram)

    def gateway_message(self, message: Any) -> None:
        """Learn who speaks under which SSRC."""
        event = gateway_events.parse(message)
        if event is None:
            self._figures.gateway_malformed += 1
        elif isinstance(event, gateway_events.Ready):
            self._supervisor.gateway_opened()
            self._supervisor.expected.restart()
            self._figures.reconnects += not self._joining
            self._receiver.tell(self._hearing.reset)
            self._welcome()
        elif not isinstance(event, gateway_events.Other):
            self._receiver.tell(partial(event.apply, self._hearing))
            if isinstance(event, gateway_events.Speaking):
                self._expect(event)

    def gateway_moved(self) -> None:
        """Someone may wait for the keys."""
        self._moved.set()

    def gateway_fault(self) -> None:
        """Counted."""
        self._figures.gateway_malformed += 1

    def gateway_closed(self, code: int) -> None:
        """Noted for the supervisor."""
        log.info("the voice gateway closed: code=%d", code)
        self._supervisor.gateway_closed(code)

    def removed(self) -> None:
        """The bot is no longer in the channel, and not by its own doing."""
        if not self._closed and not self._supervisor.rejoining:
            channel = self._channel
            if channel.guild.get_channel(channel.id) is None:
                self.give_up(DELETED)
            else:
                self.give_up(disconnected(channel.name))

    # The supervisor's side; see `supervisor.Patient`

    @property
    def client(self) -> Client | None:
        """The voice client; None while there is none."""
        return self._client

    @property
    def keyless(self) -> bool:
        """Others are in the call, and the bot has no key of theirs."""
        client = self._client
        return not self._alone and (client is None or not client.connection.encrypted)

    async def renew(self) -> None:
        """Leave and join again.

        Raises:
            VoiceLinkError: It could not be joined.
        """
        await self._leave()
        self._receiver.tell(self._hearing.reset)
        await self._join()

    def notice(self, notice: Notice) -> None:
        """Tell the room's people."""
        if not self._closed:
            self._listener.noticed(notice.code, notice.text)

    def give_up(self, reason: str) -> None:
        """End for good, with a sentence that says why."""
        if self._closed:
            return
        self._closed = True
        self._player.close()
        self._listener.lost(reason)

    # Inside

    async def _join(self) -> None:
        channel = self._channel
        self._moved.clear()

        def make(client: discord.Client, to: discord.abc.Connectable) -> Client:
            self._client = Client(client, to, self)
            keys = LiveKeys(self._client.connection)
            self._receiver.tell(partial(setattr, self._hearing, "keys", keys))
            return self._client

        self._joining = True
        try:
            with explained(channel, self._join_timeout_s):
                await channel.connect(
                    cls=make, timeout=self._join_timeout_s, reconnect=True, self_deaf=False
                )
        finally:
            self._joining = False
        self._supervisor.gateway_opened()
        await self._until_encrypted()
        self._player.resume()
        self._speak_up()

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
                raise not_encrypted(self._channel, READY_TIMEOUT_S) from None

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await leave(client, _LEAVE_TIMEOUT_S)

    def _speak_up(self) -> None:
        if self._speaks and isinstance(self._channel, discord.StageChannel):
            self._tasks.start(self._ask_to_speak(self._channel), "stage")

    async def _ask_to_speak(self, channel: discord.StageChannel) -> None:
        if (notice := await ask_to_speak(channel)) is not None:
            self.notice(notice)

    def _stands(self, state: discord.VoiceState) -> None:
        standing = Standing.of(state)
        if standing.deafened or self._own.standing.deafened:
            # Nothing is heard meanwhile, and nobody is announced anew afterwards.
            self._supervisor.expected.restart()
        for notice in self._own.changed(standing):
            self.notice(notice)
        self._listen()

    def _listen(self) -> None:
        # Discord's servers go on sending to who is deafened; people are told that nobody is heard.
        deaf = self._own.standing.deafened
        self._hearing.allowed = frozenset() if deaf else self._allowed
        self._supervisor.expected.keep(self._hearing.allowed)

    def _expect(self, event: gateway_events.Speaking) -> None:
        expected = self._supervisor.expected
        if not event.on:
            expected.ended(event.user_id)
        elif event.user_id in self._hearing.allowed & self._people.ids():
            expected.announced(event.user_id, self._clock.now())

    def _heard(self, user_id: int, pcm: bytes | None, at: float) -> None:
        # Consent may have been withdrawn since the worker heard it.
        if self._closed or (pcm is not None and user_id not in self._hearing.allowed):
            return
        if pcm is None:
            self._listener.fell_silent(user_id, at)
        else:
            self._heard_at = at
            self._listener.heard(Speech(user_id, pcm, at))

    def _tell(self, change: Change) -> None:
        self._alone = self._people.alone
        self._moved.set()
        self._welcome()
        for user_id in change.left:
            self._receiver.tell(partial(self._hearing.leave, user_id))
            self._supervisor.expected.left(user_id)
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
        if self._alone or self._own.standing.silenced:
            return Gate.DISCARD
        client = self._client
        return Gate.SEND if client is not None and client.connection.encrypted else Gate.HOLD

    def _start_playing(
        self, source: discord.AudioSource, ended: Callable[[Exception | None], None]
    ) -> bool:
        client = self._client
        if client is None or not client.is_connected() or client.is_playing():
            return False
        client.play(source, after=ended)
        return True
