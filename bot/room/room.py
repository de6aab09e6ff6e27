"""One voice channel being interpreted: who is in it, what they say, what is shown."""

import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.room.allowance import Account, Today
from bot.room.captions import Captions, Line
from bot.room.consent import Consent
from bot.room.events import (
    SPEECH_RATE,
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Echoed,
    Failed,
    Member,
    Speech,
    TurnEnded,
    Usage,
    Voice,
    VoiceEnded,
)
from bot.room.fanout import Division, Fanning
from bot.room.glossary import Glossary
from bot.room.interpretation import Interpretation, Utterance
from bot.room.newcomers import Newcomers
from bot.room.ports import CaptionBoard, Interpreter, VoiceLink
from bot.room.speaker import Speaker
from bot.room.spent import NOBODY
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

_SPEECH_BYTES_PER_SECOND = SPEECH_RATE * 2


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What to interpret, where to, in which languages.

    Attributes:
        guild_id: The guild, which has at most one room.
        voice_channel_id: Heard, and spoken into.
        text_channel_id: Where captions go.
        targets: Languages to translate into, in the order shown.
        spoken: The one of `targets` that is spoken back, or None.
        originals: Show what was said beside its translation.
    """

    guild_id: int
    voice_channel_id: int
    text_channel_id: int
    targets: tuple[str, ...]
    spoken: str | None = None
    originals: bool = True

    @property
    def lead(self) -> str:
        """The language that has a conversation in any case."""
        return self.targets[0] if self.spoken is None else self.spoken

    def requests(self, user_id: int, glossary: Glossary) -> list[ConversationRequest]:
        """What to open for a speaker, one conversation for each target language."""
        return [
            ConversationRequest(
                user_id,
                target,
                spoken=target == self.spoken,
                glossary=glossary.get(target, {}),
                guild_id=self.guild_id,
                source_text=len(self.targets) > 1,  # others may be made from it
            )
            for target in self.targets
        ]


@dataclass(frozen=True, slots=True)
class SpeakerStatus:
    """How one member in the channel stands with the room."""

    member: Member
    consenting: bool
    speaking: bool
    conversations: Mapping[str, ConversationState]


@dataclass(frozen=True, slots=True)
class RoomStatus:
    """A room at one moment.

    Attributes:
        running_s: Seconds since it started.
        heard_ago_s: Seconds since anybody was last heard; None when nobody was yet.
        usage: What the service counted so far.
        figures: The voice link's counters and gauges.
        today: What its guild spent today, where that is counted.
    """

    plan: RoomPlan
    running_s: float
    heard_ago_s: float | None
    speakers: tuple[SpeakerStatus, ...]
    captions: int
    usage: Usage
    figures: Mapping[str, float]
    today: Today | None = None


class Room:
    """Runs one plan. Implements the voice link's Listener.

    Made once its board is open; `attach` gives it the link; `close` ends everything in order.
    Without an `account` nothing is counted and nothing limited.
    """

    def __init__(
        self,
        plan: RoomPlan,
        *,
        interpreter: Interpreter,
        consent: Consent,
        board: CaptionBoard,
        clock: Clock,
        ended: Callable[[], None],
        glossary: Glossary,
        account: Account | None = None,
        fanning: Fanning | None = None,
        newcomers: Newcomers | None = None,
    ) -> None:
        self._fanning = fanning
        self._newcomers = newcomers
        self.plan = plan
        self._account = account
        self._interpreter = interpreter
        self._consent = consent
        self._board = board
        self._clock = clock
        self._ended = ended
        self._glossary = glossary  # by target language
        self._link: VoiceLink | None = None
        self._captions = Captions(
            originals=plan.originals,
            echoes=len(plan.targets) == 1,  # else the original stands beneath the others
        )
        self._interpretation = Interpretation(self._play)
        self._speakers: dict[int, Speaker] = {}
        self._stays = itertools.count(1)
        self._tasks = TaskOwner(f"room {plan.guild_id}")
        self._said_codes: set[str] = set()
        self._noticed: dict[str, str] = {}  # how each matter stands
        self._started_at = clock.now()
        self._heard_at: float | None = None
        self._usage = Usage()
        self._shown = 0
        self._closing = False
        self._stop_listening = consent.listen(self._consent_changed)

    def attach(self, link: VoiceLink) -> None:
        """Hear through this link from now on."""
        self._link = link
        link.allow(self._consent.agreed)
        if self._newcomers is not None:
            self._newcomers.begin(link.members())

    # The voice link's Listener

    def heard(self, speech: Speech) -> None:
        """Give speech to its speaker's conversations; those who did not agree are not heard."""
        if self._closing or speech.user_id not in self._consent.agreed:
            return
        self._heard_at = speech.at
        if not self._may_be_translated(speech.user_id):
            return
        speaker = self._speakers.get(speech.user_id) or self._arrived(speech.user_id)
        began_at = speech.at - len(speech.pcm) / _SPEECH_BYTES_PER_SECOND
        speaker.heard(speech.pcm, began_at, speech.at)

    def _may_be_translated(self, user_id: int) -> bool:
        if self._account is None:
            return True
        speaker = self._speakers.get(user_id)
        admitted = self._account.admits(None if speaker is None else speaker.heard_at)
        self._say_of_account()
        if not admitted and speaker is not None and speaker.speaking:
            speaker.fell_silent()
        return admitted

    def _say_of_account(self) -> None:
        if self._account is not None and (text := self._account.notice()) is not None:
            self._board.say(text)

    def _arrived(self, user_id: int) -> Speaker:
        members = self._link.members() if self._link is not None else ()
        member = next((m for m in members if m.id == user_id), Member(user_id, str(user_id)))
        division = self._division(members)
        requests = {
            request.target: request for request in self.plan.requests(user_id, self._glossary)
        }
        speaker = self._speakers[user_id] = Speaker(
            next(self._stays),
            member,
            [requests[target] for target in division.heard],
            self._interpreter,
            self._said,
            written=[requests[target] for target in division.written],
            texts=self._fanning.texts if self._fanning is not None else None,
        )
        return speaker

    def use_glossary(self, glossary: Glossary) -> None:
        """Translate these terms so from now on; by target language."""
        self._glossary = glossary
        for speaker in self._speakers.values():
            for language in self.plan.targets:
                speaker.use_glossary(language, glossary.get(language, {}))

    def _division(self, members: tuple[Member, ...]) -> Division:
        if self._fanning is None:
            return Division(self.plan.targets, ())
        agreed = sum(member.id in self._consent.agreed for member in members)
        stands = sum(speaker.conversations for speaker in self._speakers.values())
        return self._fanning.divide(
            self.plan.targets,
            self.plan.lead,
            lambda: max(len(self.plan.targets), agreed * len(self.plan.targets) - stands),
        )

    def fell_silent(self, user_id: int, at: float) -> None:  # noqa: ARG002 - the port's form
        """Let the speaker's turns end."""
        if (speaker := self._speakers.get(user_id)) is not None:
            speaker.fell_silent()

    def joined(self, member: Member) -> None:
        """Take the newer name and picture of someone already known."""
        if (speaker := self._speakers.get(member.id)) is not None:
            speaker.member = member
        if self._newcomers is not None:
            self._newcomers.entered(member)

    def left(self, user_id: int) -> None:
        """End the conversations of someone who went; their last sentence still arrives."""
        if self._newcomers is not None:
            self._newcomers.left(user_id)
        if (speaker := self._speakers.pop(user_id, None)) is not None:
            self._tasks.start(self._dismiss(speaker), f"dismiss {user_id}")

    def noticed(self, code: str, text: str) -> None:
        """Say how a matter stands, once until it changes."""
        if not self._closing and self._noticed.get(code) != text:
            self._noticed[code] = text
            self._board.say(text)

    def lost(self, reason: str) -> None:
        """Say why and end: the link is gone for good."""
        self._board.say(reason)
        self._ended()

    # What conversations say

    def _said(self, speaker: Speaker, language: str, event: ConversationEvent) -> None:
        line = Line(speaker.stay, language)
        match event:
            case Voice(turn=turn, pcm=pcm):
                self._interpretation.voice(Utterance(line, turn), pcm, self._clock.now())
            case VoiceEnded(turn=turn) | TurnEnded(turn=turn):
                self._interpretation.ended(Utterance(line, turn))
            case Echoed(turn=turn):
                self._take_back(Utterance(line, turn))
            case Failed(code=code, message=message):
                log.warning("conversation failed: %s", code)
                self._say_once(code, message)
                self._interpretation.broke_off(line)
            case Usage():
                self._count(speaker.member.id, event)
                return
            case _:
                pass
        caption = self._captions.apply(line, speaker.member, event, speaker.began_at)
        if caption is not None:
            self._shown += 1
            self._board.show(caption)

    def _count(self, user_id: int, usage: Usage) -> None:
        self._usage += usage
        if self._account is not None:
            # Of who withdrew meanwhile, no row may be kept.
            self._account.used(user_id if user_id in self._consent.agreed else NOBODY, usage)
            self._say_of_account()

    def _say_once(self, code: str, message: str) -> None:
        if code not in self._said_codes:
            self._said_codes.add(code)
            self._board.say(message)

    def _take_back(self, utterance: Utterance) -> None:
        handed_s = self._interpretation.take_back(utterance)
        # Its rest is cut off, unless the end of another's voice stands before it.
        if self._link is not None and 0 < self._link.playing_s() <= handed_s:
            self._link.stop_playing()
        self._interpretation.ended(utterance)

    def _play(self, pcm: bytes) -> None:
        if self._link is not None:
            self._link.play(pcm)

    # Consent

    def _consent_changed(self, agreed: frozenset[int]) -> None:
        if self._link is not None:
            self._link.allow(agreed)
        for user_id in [user_id for user_id in self._speakers if user_id not in agreed]:
            speaker = self._speakers.pop(user_id)
            self._interpretation.silence(speaker.stay)
            for caption in self._captions.withdraw(speaker.stay):
                self._board.show(caption)
            speaker.discard()
            self._tasks.start(speaker.close(), f"forget {user_id}")

    async def _dismiss(self, speaker: Speaker) -> None:
        await speaker.close()
        for language in speaker.states:
            self._interpretation.broke_off(Line(speaker.stay, language))
        for caption in self._captions.finish(speaker.stay):
            self._board.show(caption)

    # Looking in, and the end

    def status(self) -> RoomStatus:
        """The room as it is now."""
        now = self._clock.now()
        members = self._link.members() if self._link is not None else ()
        return RoomStatus(
            plan=self.plan,
            running_s=now - self._started_at,
            heard_ago_s=None if self._heard_at is None else now - self._heard_at,
            speakers=tuple(self._status_of(member) for member in members),
            captions=self._shown,
            usage=self._usage,
            figures=self._link.figures() if self._link is not None else {},
            today=None if self._account is None else self._account.today(),
        )

    def _status_of(self, member: Member) -> SpeakerStatus:
        speaker = self._speakers.get(member.id)
        return SpeakerStatus(
            member=member,
            consenting=member.id in self._consent.agreed,
            speaking=speaker is not None and speaker.speaking,
            conversations={} if speaker is None else dict(speaker.states),
        )

    def say(self, text: str) -> None:
        """A notice to the people in the room."""
        self._board.say(text)

    async def close(self) -> None:
        """Stop hearing, let running sentences end, deliver the captions, leave. Idempotent."""
        if self._closing:
            return
        self._closing = True
        self._stop_listening()
        if self._link is not None:
            self._link.allow(frozenset())
        for user_id in tuple(self._speakers):
            self.left(user_id)
        await self._tasks.drain()
        await self._tasks.close()
        if self._newcomers is not None:
            await self._newcomers.close()
        await self._board.close()
        if self._link is not None:
            await self._link.close()
