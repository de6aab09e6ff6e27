"""A joined voice channel, as the room sees it."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import discord

from bot.clock import Clock
from bot.domain.events import SPEECH_RATE, Member, Speech
from bot.domain.ports import Listener
from bot.logs import context, get_logger
from bot.tasks import TaskOwner
from bot.voice import gateway_events
from bot.voice.connection import VoiceConnection
from bot.voice.discord_internals import Client, adopt, gateway_up
from bot.voice.echo.listener import EchoListener
from bot.voice.echo.played import PlayedVoice
from bot.voice.figures import Figures
from bot.voice.joining import check_entry
from bot.voice.people import Change, VoiceChannel
from bot.voice.playback.level import Talkers, samples_of
from bot.voice.playback.player import Gate, PlayedTrack, Player
from bot.voice.presence import Presence, Whereabouts
from bot.voice.receive.dave import Keys, NoKeys
from bot.voice.receive.packet_path import PacketPath
from bot.voice.receive.receiver import Receiver
from bot.voice.stage import ask_to_speak
from bot.voice.watch.supervisor import Supervisor
from bot.voice.watch.voice_state import (
    DELETED,
    OwnVoice,
    Standing,
    VoiceNotice,
    disconnected,
    moved,
)

log = get_logger(__name__)

JOIN_TIMEOUT_S = 20.0


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
        played = PlayedVoice(clock.now)
        self._listener = EchoListener(listener, played, self.members, self._measure)
        self._clock = clock
        place = {"guild": channel.guild.id, "room": channel.id}
        self._log = log.bind(**place)
        self._speaks = speaks
        self._tasks = TaskOwner(f"voice-{channel.id}", **place)
        self._figures = Figures()
        self._presence = Presence(channel, self, self._tasks)
        self._connection = VoiceConnection(self, self._use, lambda: self._alone, join_timeout_s)
        self._hearing = PacketPath(NoKeys(), self._figures)
        # What it hands over is handled with these fields, too.
        self._receiver = context(**place).run(
            Receiver, self._hearing, self._figures, clock, self._heard, self._foreign
        )
        self._player = Player(
            self._connection.start_playing, self._gate, self._figures, clock, tap=played.sent
        )
        self._talkers = Talkers()
        self._supervisor = Supervisor(self, self._hearing, clock, self._figures, self._tasks)
        self._own = OwnVoice(speaks=speaks)
        self._allowed: frozenset[int] = frozenset()
        # What is heard of somebody whose name is asked for, until it is there.
        self._early: dict[int, list[tuple[bytes | None, float]]] = {}
        self._alone = True
        self._opened = False
        self._heard_at: float | None = None
        self._closed = False
        self._closing: asyncio.Event | None = None
        self._when_closed: list[Callable[[], None]] = []

    # For the room; see `domain.ports.VoiceLink`

    @property
    def channel_id(self) -> int:
        """Where the bot is now."""
        return self._presence.channel.id

    def allow(self, user_ids: frozenset[int]) -> None:
        """Decrypt these members and nobody else, from the next packet on; deafened, nobody."""
        self._allowed = frozenset(user_ids)
        self._listen()

    def members(self) -> tuple[Member, ...]:
        """Return who is in the channel now, bots left out."""
        return self._presence.people.members()

    def begin(self, *, gain: float = 1.0) -> PlayedTrack:
        """Return a track for one utterance, heard beside those there are."""
        return self._player.begin(gain=gain)

    def someone_speaks(self) -> bool:
        """Return whether one of those who are heard speaks now, or did a moment ago."""
        return self._talkers.speaking(self._clock.now())

    def figures(self) -> Mapping[str, float]:
        """Return counters (see `Figures`) and gauges.

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

    def counters(self) -> Mapping[str, float]:
        """Return counters alone; see `Figures`."""
        return self._figures.as_mapping()

    def rejoins(self) -> Mapping[str, float]:
        """Return how often it joined afresh, by the reason; see `health.REASONS`."""
        return self._figures.rejoins_by

    def when_closed(self, tell: Callable[[], None]) -> None:
        """Have this called once it has left."""
        self._when_closed.append(tell)

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
            try:
                await self._connection.leave()
            finally:  # also where there is no time to leave
                await self._receiver.close()
        finally:
            self._closing.set()
            for tell in self._when_closed:
                tell()

    # For the Discord client

    @property
    def closed(self) -> bool:
        """Whether it has left, or is leaving."""
        return self._closed

    def voice_state_changed(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Forward the client's event `voice_state_update` of this guild here."""
        del before  # of discord.py's objects only the newest says what is
        if not self._closed and member.guild.id == self._presence.channel.guild.id:
            self._presence.state_changed(member, after)

    async def look_again(self) -> None:
        """See anew where the bot is and who is there, as Discord may not have told of all changes.

        To be called when the client is ready again or has resumed, and when its server is available
        again. Returns when those who came have been reported, by their names.
        """
        bot, client = self._connection.bot, self._connection.client
        if self._closed or not self._opened or bot is None:
            return
        where = self._presence.refresh(bot)
        if client is not None:
            adopt(client, self._presence.channel)
        if where is Whereabouts.DELETED:
            self.give_up(DELETED)
        elif where is Whereabouts.PUT_OUT:
            self.give_up(disconnected(self._presence.channel.name))
        elif where is Whereabouts.ABSENT and not self._supervisor.rejoining:
            self._supervisor.absent()
        if where is not Whereabouts.UNKNOWN and not self._closed:
            await self._presence.survey()

    async def open(self) -> None:
        """Join the channel; see `connect`."""
        check_entry(self._presence.channel)
        self._receiver.start()
        await self._presence.survey()
        await self._join()
        # Again, as nobody forwarded voice states here meanwhile.
        if self._connection.bot is not None:
            self._presence.refresh(self._connection.bot)
        await self._presence.survey()
        self._opened = True
        self._supervisor.start()

    # For discord.py; see `discord_internals.Observer`

    def socket_changed(self, sock: socket.socket | None) -> None:
        """Listen on this socket from now on."""
        self._receiver.listen(sock)

    def _foreign(self, datagram: bytes) -> None:
        if (client := self._connection.client) is not None:
            client.connection.foreign(datagram)

    def gateway_message(self, message: Any) -> None:
        """Learn who speaks under which SSRC."""
        event = gateway_events.parse(message)
        if event is None:
            self._figures.gateway_malformed += 1
        elif isinstance(event, gateway_events.Ready):
            self._supervisor.gateway_opened()
            self._supervisor.expected.restart()
            self._figures.reconnects += not self._connection.joining
            self._player.renewed()
            self._receiver.tell(self._hearing.reset)
            self._welcome()
        elif not isinstance(event, gateway_events.Other):
            self._receiver.tell(partial(event.apply, self._hearing))
            if isinstance(event, gateway_events.Speaking):
                self._expect(event)

    def gateway_moved(self) -> None:
        """Wake who waits for the keys."""
        self._connection.changed()

    def gateway_fault(self) -> None:
        """Count a message that made no sense."""
        self._figures.gateway_malformed += 1

    def gateway_closed(self, code: int) -> None:
        """Tell the supervisor that the voice gateway closed."""
        self._log.info("the voice gateway closed", code=code)
        self._supervisor.gateway_closed(code)

    def removed(self) -> None:
        """Give up: the bot is out of the channel, and not by its own doing."""
        if not self._closed and not self._supervisor.rejoining:
            channel = self._presence.channel
            deleted = channel.guild.get_channel(channel.id) is None
            self.give_up(DELETED if deleted else disconnected(channel.name))

    # For the presence; see `presence.Watcher`

    def moved(self) -> None:
        """Follow to the channel that the bot was moved to, and tell the people."""
        channel = self._presence.channel
        self._log.info("the bot was moved to another voice channel")
        self._supervisor.expected.restart()
        self.notice(moved(channel.name))
        self._speak_up()

    def stands(self, state: discord.VoiceState) -> None:
        """Hear and speak only as far as that allows, and say so."""
        standing = Standing.of(state)
        if standing.deafened or self._own.standing.deafened:
            # Nothing is heard meanwhile, and nobody is announced anew afterwards.
            self._supervisor.expected.restart()
        for notice in self._own.changed(standing):
            self.notice(notice)
        self._listen()

    def people_changed(self, change: Change) -> None:
        """Tell the room, once it has this link."""
        self._alone = self._presence.people.alone
        self._connection.changed()
        self._welcome()
        for user_id in change.left if self._opened else ():
            self._receiver.tell(partial(self._hearing.leave, user_id))
            self._supervisor.expected.left(user_id)
            self._early.pop(user_id, None)
            self._talkers.left(user_id)
            self._listener.left(user_id)
        for person in change.joined if self._opened else ():
            self._listener.joined(person)
            for pcm, at in self._early.pop(person.id, ()):
                self._heard(person.id, pcm, at)
        self._player.resume()

    # For the supervisor; see `supervisor.SupervisedLink`

    @property
    def client(self) -> Client | None:
        """The voice client; None while there is none."""
        return self._connection.client

    @property
    def reachable(self) -> bool:
        """Discord can be asked to let the bot into a channel."""
        bot = self._connection.bot
        return bot is not None and gateway_up(bot, self._presence.channel.guild)

    @property
    def keyless(self) -> bool:
        """Others are in the call, and the bot has no key of theirs."""
        return not self._alone and not self._connection.encrypted

    async def renew(self) -> None:
        """Leave and join again.

        Raises:
            VoiceLinkError: It could not be joined.
        """
        await self._connection.leave()
        self._receiver.tell(self._hearing.reset)
        await self._join()

    def notice(self, notice: VoiceNotice) -> None:
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

    # Private

    async def _join(self) -> None:
        channel = self._presence.channel
        await self._connection.join(channel)
        self._supervisor.gateway_opened()
        await self._connection.until_encrypted(channel)
        self._player.resume()
        self._speak_up()

    def _use(self, keys: Keys) -> None:
        self._receiver.tell(partial(setattr, self._hearing, "keys", keys))

    def _speak_up(self) -> None:
        channel = self._presence.channel
        if self._speaks and isinstance(channel, discord.StageChannel):
            self._tasks.start(self._ask_to_speak(channel), "stage")

    async def _ask_to_speak(self, channel: discord.StageChannel) -> None:
        notice = await ask_to_speak(channel)
        if notice is not None and channel.id == self._presence.channel.id:
            self._own.waits()
            self.notice(notice)

    def _listen(self) -> None:
        # Discord's servers go on sending to who is deafened; people are told that nobody is heard.
        deaf = self._own.standing.deafened
        self._hearing.allowed = frozenset() if deaf else self._allowed
        self._supervisor.expected.keep(self._hearing.allowed)
        self._listener.keep(self._hearing.allowed)

    def _expect(self, event: gateway_events.Speaking) -> None:
        expected = self._supervisor.expected
        if not event.on:
            expected.ended(event.user_id)
        elif event.user_id in self._hearing.allowed & self._presence.people.ids():
            expected.announced(event.user_id, self._clock.now())

    def _heard(self, user_id: int, pcm: bytes | None, at: float) -> None:
        # Consent may have been withdrawn since the worker heard it.
        if self._closed or (pcm is not None and user_id not in self._hearing.allowed):
            return
        if self._presence.people.is_nameless(user_id):
            self._early.setdefault(user_id, []).append((pcm, at))
        elif pcm is None:
            self._listener.fell_silent(user_id, at)
        else:
            self._heard_at = at
            self._listener.heard(Speech(user_id, pcm, at))

    def _measure(self, speech: Speech) -> None:
        if not self._speaks:
            return
        samples = samples_of(speech.pcm)
        seconds = len(samples) / SPEECH_RATE
        if self._player.level.people.hear(samples, seconds):
            self._talkers.spoke(speech.user_id, speech.at, seconds)

    def _welcome(self) -> None:
        ids = self._presence.people.ids()
        self._receiver.tell(partial(self._hearing.arrive, ids))

    def _gate(self) -> Gate:
        if self._alone or self._own.standing.silenced:
            return Gate.DISCARD
        return Gate.SEND if self._connection.ready else Gate.HOLD
