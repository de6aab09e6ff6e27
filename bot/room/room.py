"""One voice channel being interpreted: who is in it, what they say, what is shown."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from bot.clock import Clock
from bot.room.allowance import Account
from bot.room.consent import Consent
from bot.room.emptiness import Emptiness
from bot.room.events import SPEECH_RATE, ConversationRequest, Member, Speech, Usage
from bot.room.fanout import Fanning
from bot.room.glossary import Glossary
from bot.room.metering import Metering
from bot.room.newcomers import Newcomers
from bot.room.output import Output
from bot.room.plan import RoomPlan, RoomStatus, SpeakerStatus
from bot.room.ports import CaptionBoard, Interpreter, VoiceLink
from bot.room.records import SavedRoom, Wishes
from bot.room.speaker import Speaker
from bot.room.speakers import Speakers
from bot.room.spent import NOBODY
from bot.room.wanted import MOST_LANGUAGES, Languages
from bot.tasks import TaskOwner
from bot.words import t

__all__ = ["Room", "RoomPlan", "RoomStatus", "SpeakerStatus"]

log = logging.getLogger(__name__)

_SPEECH_BYTES_PER_SECOND = SPEECH_RATE * 2


class Room:
    """Runs one plan. Implements the voice link's Listener.

    Made once its board is open; `attach` gives it the link; `close` ends everything in order.
    Without an `account` nothing is counted and nothing limited. `changed` is called when something
    changed that people see or that has to be remembered.
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
        wishes: Mapping[int, Wishes] = MappingProxyType({}),
        most_languages: int = MOST_LANGUAGES,
        changed: Callable[[], None] = lambda: None,
        paused: bool = False,
        newcomers: Newcomers | None = None,
    ) -> None:
        self._newcomers = newcomers
        self.plan = plan
        self.paused = paused
        self._metering = Metering(account, board.say)
        self._consent = consent
        self._board = board
        self._clock = clock
        self._ended = ended
        self._glossary = glossary  # by target language
        self._link: VoiceLink | None = None
        self._output = Output(
            board, clock, originals=plan.originals, layout=plan.layout, count=self._count
        )
        self._speakers = Speakers(
            interpreter, fanning, self._output.said, self._requests, lambda: self._agreeing
        )
        self.languages = Languages(plan.targets, most_languages, wishes, clock, self._settle)
        self._emptiness = Emptiness(clock, lambda: self._empty, self._deserted)
        self._changed = changed
        self._tasks = TaskOwner(f"room {plan.guild_id}")
        self._noticed: dict[str, str] = {}  # how each matter stands
        self._started_at = clock.now()
        self._heard_at: float | None = None
        self._usage = Usage()
        self._closing = False
        self._stop_listening = consent.listen(self._consent_changed)

    def attach(self, link: VoiceLink) -> None:
        """Hear through this link from now on."""
        self._link = self._output.link = link
        self.plan = replace(self.plan, voice_channel_id=link.channel_id)
        self._allow()
        for user_id in set(self._speakers) - {member.id for member in link.members()}:
            self._dismiss(user_id)
        if self._newcomers is not None:
            self._newcomers.begin(link.members())
        self._emptiness.look()
        self._settle()

    def detach(self) -> VoiceLink | None:
        """Hear nobody until there is another link; returns the one that was."""
        link, self._link = self._link, None
        self._output.link = None
        if link is not None:
            link.allow(frozenset())
        self._hush()
        return link

    def _allow(self) -> None:
        deaf = self._closing or self.paused
        if self._link is not None:
            self._link.allow(frozenset() if deaf else self._consent.agreed)

    def _hush(self) -> None:
        for user_id in self._speakers:
            self.fell_silent(user_id, self._clock.now())

    def pause(self) -> None:
        """Hear nobody until `resume`; what was said until now is still translated."""
        if not self.paused:
            self.paused = True
            self._allow()
            self._hush()
            self._board.say(t("Translation is paused: nobody is heard until it goes on."))
            self._changed()

    def resume(self) -> None:
        """Hear again those who agreed."""
        if self.paused:
            self.paused = False
            self._allow()
            self._board.say(t("Translation goes on: those who joined in are heard again."))
            self._changed()

    # Languages

    @property
    def where(self) -> int:
        """The voice channel in which it is now."""
        return self.plan.voice_channel_id if self._link is None else self._link.channel_id

    def use_languages(self, chosen: tuple[str, ...], spoken: str | None) -> None:
        """Translate into these from now on, and speak that one of them."""
        if spoken != self.plan.spoken:
            for user_id in self._speakers:
                self._replace(user_id)  # a conversation has voice or has not
            self.plan = replace(self.plan, spoken=spoken)
            self._output.use_voice(speaks=spoken is not None)
        self.languages.choose(chosen)
        self._settle()

    def use_wishes(self, user_id: int, wishes: Wishes) -> bool:
        """What this member speaks and reads from now on.

        Returns:
            Whether they can read it now, or could if they came; False when the room has no place
            for that language.
        """
        if self.languages.wish(user_id, wishes):
            self._replace(user_id)
        self._settle()
        if wishes.reads is None or wishes.reads in self.plan.targets:
            return True
        absent = all(member.id != user_id for member in self._members)
        return absent and len(self.plan.targets) < self.languages.most

    def _settle(self) -> None:
        if self._closing:
            return
        targets = self.languages.settle(member.id for member in self._members)
        self.plan = replace(self.plan, targets=targets)
        self._output.use_languages(targets)
        for speaker, language in self._speakers.retarget(self.plan):
            self._tasks.start(self._drop(speaker, language), f"drop {speaker.member.id}")
        for user_id in self._speakers.stale():
            self._replace(user_id)
        self._changed()

    async def _drop(self, speaker: Speaker, language: str) -> None:
        await speaker.drop(language)
        self._output.ended(speaker, (language,))

    def _replace(self, user_id: int) -> None:
        """Let a new stay begin with the next words; a sentence under way ends in this one."""
        speaker = self._speakers.get(user_id)
        if speaker is not None and speaker.speaking:
            speaker.stale = True
        elif speaker is not None:
            self._dismiss(user_id)

    def _requests(self, user_id: int) -> list[ConversationRequest]:
        speaks = self.languages.of(user_id).speaks
        return self.plan.requests(user_id, self._glossary, speaks)

    # Who is there

    @property
    def _members(self) -> tuple[Member, ...]:
        return () if self._link is None else self._link.members()

    @property
    def _agreeing(self) -> int:
        return sum(member.id in self._consent.agreed for member in self._members)

    @property
    def _empty(self) -> bool:
        return self._link is not None and not self._members

    def _deserted(self) -> None:
        if not self._closing:
            self._board.say(t("Nobody has been in the voice channel for a minute, so I left."))
            self._ended()

    # The voice link's Listener

    def heard(self, speech: Speech) -> None:
        """Give speech to its speaker's conversations; those who did not agree are not heard."""
        if self._closing or self.paused or speech.user_id not in self._consent.agreed:
            return
        self._heard_at = speech.at
        known = self._speakers.get(speech.user_id)
        if not self._metering.admits(known):
            return
        speaker = known or self._arrived(speech.user_id)
        began_at = speech.at - len(speech.pcm) / _SPEECH_BYTES_PER_SECOND
        speaker.heard(speech.pcm, began_at, speech.at)

    def _arrived(self, user_id: int) -> Speaker:
        member = next((m for m in self._members if m.id == user_id), Member(user_id, str(user_id)))
        return self._speakers.arrived(member, self.plan)

    def use_glossary(self, glossary: Glossary) -> None:
        """Translate these terms so from now on; by target language."""
        self._glossary = glossary
        self._speakers.use_glossary(glossary, self.plan)

    def fell_silent(self, user_id: int, at: float) -> None:  # noqa: ARG002 - the port's form
        """Let the speaker's turns end."""
        if (speaker := self._speakers.get(user_id)) is not None:
            speaker.fell_silent()
            if speaker.stale:
                self._dismiss(user_id)

    def joined(self, member: Member) -> None:
        """Take the newer name and picture of someone already known."""
        if (speaker := self._speakers.get(member.id)) is not None:
            speaker.member = member
        if self._newcomers is not None:
            self._newcomers.entered(member)
        self._emptiness.look()
        self._settle()

    def left(self, user_id: int) -> None:
        """End the conversations of someone who went; their last sentence still arrives."""
        if self._newcomers is not None:
            self._newcomers.left(user_id)
        self._dismiss(user_id)
        self._emptiness.look()
        self._settle()

    def _dismiss(self, user_id: int) -> None:
        if (speaker := self._speakers.pop(user_id)) is not None:
            self._tasks.start(self._finish(speaker), f"dismiss {user_id}")

    def noticed(self, code: str, text: str) -> None:
        """Say how a matter stands, once until it changes."""
        if not self._closing and self._noticed.get(code) != text:
            self._noticed[code] = text
            self._board.say(text)
            self._changed()  # it may have been moved

    def lost(self, reason: str) -> None:
        """Say why and end: the link is gone for good."""
        self._board.say(reason)
        self._ended()

    def _count(self, user_id: int, usage: Usage) -> None:
        self._usage += usage
        # Of who withdrew meanwhile, no row may be kept.
        self._metering.used(user_id if user_id in self._consent.agreed else NOBODY, usage)

    # Consent

    def _consent_changed(self, agreed: frozenset[int]) -> None:
        self._allow()
        self._changed()
        for user_id in set(self._speakers) - agreed:
            if (speaker := self._speakers.pop(user_id)) is None:
                continue
            self._output.withdrawn(speaker)
            speaker.discard()
            self._tasks.start(speaker.close(), f"forget {user_id}")

    async def _finish(self, speaker: Speaker) -> None:
        await speaker.close()
        self._output.ended(speaker, sorted(speaker.known))

    # Looking in, and the end

    def status(self) -> RoomStatus:
        """The room as it is now."""
        now = self._clock.now()
        link = self._link
        return RoomStatus(
            plan=replace(self.plan, voice_channel_id=self.where),
            running_s=now - self._started_at,
            heard_ago_s=None if self._heard_at is None else now - self._heard_at,
            speakers=tuple(self._status_of(member) for member in self._members),
            captions=self._output.shown,
            usage=self._usage,
            figures=link.figures() if link is not None else {},
            today=self._metering.today(),
            paused=self.paused,
            chosen=self.languages.chosen,
            ended=self._closing,
        )

    def _status_of(self, member: Member) -> SpeakerStatus:
        speaker = self._speakers.get(member.id)
        reads = self.languages.of(member.id).reads
        return SpeakerStatus(
            member=member,
            consenting=member.id in self._consent.agreed,
            speaking=speaker is not None and speaker.speaking,
            conversations={} if speaker is None else dict(speaker.states),
            unread=None if reads in self.plan.targets else reads,
        )

    def saved(self, starter_id: int, panel_id: int) -> SavedRoom:
        """The room as it is to come back after the process was killed."""
        return SavedRoom(
            self.plan.guild_id,
            self.where,
            self.plan.text_channel_id,
            self.languages.chosen,
            self.plan.spoken,
            starter_id,
            self.plan.session,
            self.paused,
            panel_id,
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
        self._emptiness.close()
        self.languages.close()
        self._allow()
        for user_id in self._speakers:
            self._dismiss(user_id)
        await self._tasks.drain()
        await self._tasks.close()
        if self._newcomers is not None:
            await self._newcomers.close()
        await self._board.close()
        if self._link is not None:
            await self._link.close()
