"""One voice channel being interpreted: who is in it, what they say, what is shown."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from bot.clock import Clock
from bot.consent.admission import Admission
from bot.domain.events import (
    SPEECH_RATE,
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    Member,
    Speech,
    StateChanged,
    Usage,
)
from bot.domain.glossary import Glossary
from bot.domain.notices import Occasion
from bot.domain.plan import RoomPlan, RoomStatus
from bot.domain.ports import CaptionBoard, VoiceLink
from bot.domain.spent import NOBODY
from bot.domain.stored import MemberLanguages, SavedRoom
from bot.domain.voice_mode import VoiceStyle
from bot.domain.voices import MemberVoice
from bot.errors import ChatError, VoiceLinkError
from bot.room import ending
from bot.room.ending import Emptiness
from bot.room.languages import Languages, Reading
from bot.room.listening.page import RoomPage
from bot.room.metering import Metering
from bot.room.outages import Outages
from bot.room.output import Output
from bot.room.presence import PresentMembers
from bot.room.roster import SpeakerRoster
from bot.room.saved_rooms import saved_room
from bot.room.services import Preferences, RoomCallbacks, TranslationServices
from bot.room.speaker import Speaker
from bot.room.spoken.casting import Casting
from bot.room.written.typed_voices import TypedVoices
from bot.room.written.typed_words import TypedWords
from bot.tasks import TaskOwner
from bot.usage.daily_allowance import Account
from bot.words import t

_SPEECH_BYTES_PER_SECOND = SPEECH_RATE * 2


class Room:
    """Runs one plan. Implements the voice link's Listener.

    Made once its board is open; `attach` gives it the link; `begin` posts the notice and lets it
    hear; `deafen` ends the hearing at once, `close` everything in order.

    Args:
        plan: What it is to do.
        translation: How speech is translated.
        admission: Decides whom it hears.
        preferences: What its guild and its members want.
        board: Shows its captions and what it says.
        account: What its guild spends and may spend.
        clock: Tells the time and calls back.
        callbacks: What it calls of the registry that it belongs to.

    Attributes:
        page: What its readers see and hear.
    """

    def __init__(
        self,
        plan: RoomPlan,
        translation: TranslationServices,
        *,
        admission: Admission,
        preferences: Preferences,
        board: CaptionBoard,
        account: Account,
        clock: Clock,
        callbacks: RoomCallbacks,
    ) -> None:
        self.plan = plan
        self._admission = admission
        self._consent = admission.consent
        self._newcomers = admission.newcomers
        self._admitted: frozenset[int] = frozenset()  # heard now
        self._callbacks = callbacks
        self._changed = self._note_change
        self._ended = callbacks.ended
        self._posting = asyncio.Lock()
        self._metering = Metering(account, board.say)
        self._board = board
        self._clock = clock
        self._glossary = preferences.glossary
        self._link: VoiceLink | None = None
        self._present = present = PresentMembers(admission)
        self.page = RoomPage(
            plan,
            admission.sight,
            clock,
            callbacks.open_page,
            wanted=self._use_listened,
            ask=callbacks.ask,
        )
        self._output = Output(
            board,
            clock,
            originals=plan.originals,
            count=self._count,
            noticed=self.noticed,
            page=self.page,
            meters=callbacks.meters,
        )
        self._output.spoken = plan.spoken
        self._spoken = translation.interpreter.languages()
        self.casting = Casting(translation.interpreter.voices, preferences.voices, present.ids)
        self._speakers = SpeakerRoster(
            translation.interpreter,
            translation.fanning,
            self._said,
            self._requests,
            lambda: len(self._present.willing),
        )
        voices = TypedVoices(
            translation.synthesis,
            self._output,
            self.casting,
            self._metering,
            plan=lambda: self.plan,
            cast=self._settle,
        )
        self._typed = TypedWords(
            translation.fanning.texts, voices, self._output, clock, guild_id=plan.guild_id
        )
        self._output.use_style(plan.voice)
        self._availability = translation.availability
        self._outages = Outages(
            self._availability,
            say=board.say,
            changed=self._changed,
            translated=lambda: self._speakers.translated,
            written=lambda: self._speakers.written(self.plan.targets),
            renew=self._renew,
            give_up=self.lost,
        )
        self.languages = Languages(
            preferences.allowed,
            plan.targets,
            translation.fanning.readable,
            preferences.wishes,
            clock=clock,
            due=self._settle,
        )
        self._emptiness = Emptiness(clock, lambda: self._present.empty, self._deserted)
        self._tasks = TaskOwner(
            f"room {plan.guild_id}", guild=plan.guild_id, room=plan.voice_channel_id
        )
        self._noticed: dict[str, str] = {}  # how each matter stands
        self._started_at = clock.now()
        self._heard_at: float | None = None
        self._usage = Usage()
        self._restarting = False
        self._closing = False
        self._newcomers.posted = self.sight_changed
        self._newcomers.paused = lambda: self.paused
        self._stop_listening = self._consent.listen(self._consent_changed)

    def attach(self, link: VoiceLink) -> None:
        """Hear through this link, once the notice for its voice channel is posted: see `begin`."""
        self._link = self._output.link = self._present.link = link
        self.plan = replace(self.plan, voice_channel_id=link.channel_id)
        for user_id in set(self._speakers) - {member.id for member in link.members()}:
            self._dismiss(user_id)
        if self._admission.told_in == link.channel_id:
            self._newcomers.begin(link.members())  # the notice was posted through an earlier link
        self._allow()
        self._emptiness.look()
        self._settle()

    async def begin(self, occasion: Occasion) -> None:
        """Post the notice for this voice channel, and hear from then on.

        Nothing is heard before it is posted. Returns at once where it was posted before.

        Raises:
            ChatError: It could not be posted; nobody is heard.
        """
        async with self._posting:
            while not self._admission.ended and self._admission.told_in != (where := self.where):
                plan = replace(self.plan, voice_channel_id=where)
                heard = () if self.paused else sorted(self._present.willing)
                await self._callbacks.post_notice(plan, occasion, tuple(heard))
                self._admission.told_in = where
                occasion = Occasion.MOVED  # should the bot have been moved meanwhile
        if not self._admission.ended:
            self._newcomers.begin(self._present.members)
            self._allow()
            self._settle()
            self._outages.begin()

    async def _begin_elsewhere(self) -> None:
        try:
            await self.begin(Occasion.MOVED)
        except ChatError as error:
            self.lost(error.message)

    def deafen(self) -> None:
        """Hear nobody any more, from this moment; what was said until now is still translated."""
        self._admission.ended = True
        self._allow()

    def detach(self) -> VoiceLink | None:
        """Hear nobody until there is another link; returns the one that was."""
        link, self._link = self._link, None
        self._output.link = self._present.link = None
        if link is not None:
            link.allow(frozenset())
        self._allow()
        return link

    def _allow(self) -> None:
        """Bring the link to whom the room hears now; who no longer is one of them falls silent."""
        before, self._admitted = self._admitted, frozenset()
        if self._link is not None:
            self._admitted = self._admission.heard(self._link.channel_id, self._link.members())
            self._link.allow(self._admitted)
        for user_id in before - self._admitted:
            self.fell_silent(user_id, self._clock.now())

    def sight_changed(self) -> None:
        """Look anew at who can read the text channel; who no longer can is no longer heard."""
        self._newcomers.look_again()
        self._allow()
        self._settle()
        self.page.broadcast.readers_changed()

    @property
    def over(self) -> bool:
        """Whether nobody is heard any more, for good."""
        return self._admission.ended

    @property
    def paused(self) -> bool:
        """Whether nobody is heard until `resume`."""
        return self._admission.paused

    def pause(self) -> None:
        """Hear nobody until `resume`; what was said until now is still translated."""
        if not self.paused:
            self._admission.paused = True
            self._allow()
            self._board.say(t("Translation is paused. Nobody is heard until it resumes."))
            self._changed()

    def resume(self) -> None:
        """Hear again those who agreed."""
        if self.paused:
            self._admission.paused = False
            self._allow()
            self._board.say(t("Translation resumed. Those who joined in are heard again."))
            self._changed()

    # Languages

    @property
    def linked(self) -> bool:
        """Whether it has a link to a voice channel."""
        return self._link is not None

    @property
    def where(self) -> int:
        """Id of the voice channel in which it is now."""
        return self.plan.voice_channel_id if self._link is None else self._link.channel_id

    def use_languages(self, chosen: tuple[str, ...], spoken: str | None) -> None:
        """Translate into these from now on, and speak that one of them."""
        if spoken != self.plan.spoken:
            for user_id in self._speakers:
                self._replace(user_id)  # a conversation has voice or has not
            self.plan = replace(self.plan, spoken=spoken)
            self._output.use_voice(spoken)
        self.languages.choose(chosen)
        self._settle()

    def use_style(self, style: VoiceStyle) -> None:
        """Read translations aloud in this way from now on."""
        self.plan = replace(self.plan, voice=style)
        self._output.use_style(style)
        self._changed()

    def skip(self) -> bool:
        """Break off what is being read aloud; return False if nothing is."""
        return self._output.skip()

    def use_guests(self, guests: int) -> None:
        """Let guests add this many languages from now on."""
        if self.languages.allow(guests):
            self._settle()

    def use_wishes(self, user_id: int, wishes: MemberLanguages) -> None:
        """Follow what this member speaks and reads from now on."""
        if self.languages.wish(user_id, wishes):
            self._replace(user_id)
        self._settle()

    def use_voice_of(self, user_id: int, voice: MemberVoice) -> None:
        """Speak what this member says so from now on; less than before at once."""
        speaker = self._speakers.get(user_id)
        before = [] if speaker is None else self._requests(user_id)
        was = self.casting.of(user_id)
        self.casting.wish(user_id, voice)
        if voice.silent:
            self._typed.silence(user_id)
        if speaker is None or self._requests(user_id) == before:
            return
        less = was.imitated and not voice.imitated
        if less or voice.silent:
            speaker.muted = True
            self._output.silence(speaker)
        if less:  # the service is not to imitate even the rest of the sentence
            self._dismiss(user_id)
        else:
            self._replace(user_id)
        self._settle()

    def reading(self, user_id: int) -> Reading:
        """Return whether this member can read what they want to now, or could if they came."""
        return self.languages.reading(user_id, present=user_id in self._present.readers)

    def _use_listened(self) -> None:
        """Have the voices made that somebody listens to now."""
        self.plan = replace(self.plan, listened=self.page.listened & set(self.plan.targets))
        for user_id in self._speakers:
            self._replace(user_id)  # a conversation has voice or has not
        self._settle()

    def _note_change(self) -> None:
        """Let it be known, here and on the page, that something has changed."""
        self._callbacks.changed()
        self._show_page()

    def _show_page(self) -> None:
        speakers = self._speakers.all()
        self.page.use_languages(self.plan.targets, self._spoken, [one.states for one in speakers])
        figures = {} if self._link is None else self._link.figures()
        speaking = [speaker.member for speaker in speakers if speaker.speaking]
        self.page.look(figures, speaking, paused=self.paused)

    def _settle(self) -> None:
        if self._closing:
            return
        targets = self.languages.settle(self._present.readers)
        resting = self.languages.resting
        self.plan = replace(self.plan, targets=targets, read=self.languages.read, resting=resting)
        self._output.use_languages(targets)
        for speaker, language in self._speakers.retarget(self.plan):
            self._tasks.start(self._drop(speaker, language), f"drop {speaker.member.id}")
        for user_id in (*self._speakers.stale(), *self.casting.take_displaced()):
            self._replace(user_id)
        self._changed()

    async def _drop(self, speaker: Speaker, language: str) -> None:
        await speaker.drop(language)
        if language not in speaker.languages:  # it was not wanted again meanwhile
            self._output.ended(speaker, (language,))

    def _replace(self, user_id: int) -> None:
        """Let a new visit begin with the next words; a sentence under way ends in this one."""
        speaker = self._speakers.get(user_id)
        if speaker is not None and speaker.speaking:
            speaker.stale = True
        elif speaker is not None:
            self._dismiss(user_id)

    def _renew(self) -> None:
        """Have those translated again of whom a language was given up."""
        self._output.service_is_back()
        for user_id in self._speakers.given_up():
            self._replace(user_id)

    def _said(self, speaker: Speaker, language: str, event: ConversationEvent) -> None:
        self._output.said(speaker, language, event)
        if isinstance(event, StateChanged | Failed):
            self._outages.look()
            self._show_page()

    def _requests(self, user_id: int) -> list[ConversationRequest]:
        speaks = self.languages.of(user_id).speaks
        return self.casting.cast(self.plan.requests(user_id, self._glossary, speaks))

    # Who is there

    def _deserted(self) -> None:
        if not self._closing:
            self._board.say(t("I left because nobody has been in the voice channel for a minute."))
            self._ended()

    # The voice link's Listener

    def heard(self, speech: Speech) -> None:
        """Give speech to its speaker's conversations; of those who are not heard it is dropped."""
        if speech.user_id not in self._admitted:
            return
        self._heard_at = speech.at
        known = self._speakers.get(speech.user_id)
        if not self._metering.admits(known):
            return
        speaker = known or self._arrived(speech.user_id)
        began_at = speech.at - len(speech.pcm) / _SPEECH_BYTES_PER_SECOND
        begins = not speaker.speaking
        speaker.heard(speech.pcm, began_at, speech.at)
        if begins:
            self._show_page()

    def _arrived(self, user_id: int) -> Speaker:
        # The link hands on speech only of members whom it has named.
        member = self._present.member(user_id)
        speaker = self._speakers.arrived(member, self.plan)
        for displaced in self.casting.take_displaced():
            self._replace(displaced)
        return speaker

    def hears(self, user_id: int) -> bool:
        """Return whether what this member says is translated now."""
        return user_id in self._admitted

    def type(self, user_id: int, text: str) -> None:
        """Show what a member who is heard typed, as if they had said it.

        Raises:
            AllowanceError: The guild has used up what it may.
            NotServedError: The host did not allow the guild.
        """
        targets = [target for target in self.plan.targets if target not in self.plan.resting]
        release = self._metering.reserve_text(len(text) * len(targets))
        member = self._present.member(user_id)
        typed = self._typed.add(member, text, self.languages.of(user_id).speaks)
        shown = self._typed.show(typed, targets or self.plan.targets, self._glossary)
        self._tasks.start(shown, f"typed {user_id}").add_done_callback(lambda _: release())

    def use_glossary(self, glossary: Glossary) -> None:
        """Translate these terms so from now on; by target language."""
        self._glossary = glossary
        self._output.use_glossary(glossary)
        self._speakers.use_glossary(glossary, self.plan)

    def fell_silent(self, user_id: int, at: float) -> None:  # noqa: ARG002 - the port's form
        """Let the speaker's turns end."""
        if (speaker := self._speakers.get(user_id)) is not None:
            speaker.fell_silent()
            if speaker.stale:
                self._dismiss(user_id)
            self._show_page()

    def joined(self, member: Member) -> None:
        """Take the newer name and picture of someone already known."""
        if (speaker := self._speakers.get(member.id)) is not None:
            speaker.member = member
        self._newcomers.entered(member)
        self._allow()
        self._emptiness.look()
        self._settle()

    def left(self, user_id: int) -> None:
        """End the conversations of someone who went; their last sentence still arrives."""
        self._newcomers.left(user_id)
        self._allow()
        self._dismiss(user_id)
        self._emptiness.look()
        self._settle()
        self._outages.look()

    def _dismiss(self, user_id: int) -> None:
        if (speaker := self._speakers.pop(user_id)) is not None:
            self._tasks.start(self._finish(speaker), f"dismiss {user_id}")

    def noticed(self, code: str, text: str) -> None:
        """Say how a matter stands, once until it changes."""
        if not self._closing and self._noticed.get(code) != text:
            self._noticed[code] = text
            self._board.say(text)
            self._changed()
        self._look_where()

    def _look_where(self) -> None:
        """Tell the people of another channel before any of them is heard."""
        if self._closing or self._link is None or self._admission.told_in is None:
            return
        if self._admission.told_in != self.where and not self._posting.locked():
            self.plan = replace(self.plan, voice_channel_id=self.where)
            self._allow()
            self._tasks.start(self._begin_elsewhere(), "begin elsewhere")

    def lost(self, reason: str) -> None:
        """Say why and end: the link is gone for good."""
        if not self._closing:
            self._callbacks.meters.failed(VoiceLinkError.code)
            self.deafen()
            self._board.say(reason)
            self._ended()

    def obey_host(self) -> None:
        """End, and say why, where the bot's host lets it run no longer."""
        if not self.over and (reason := self._metering.stopped) is not None:
            self.lost(reason)

    def _count(self, user_id: int, usage: Usage) -> None:
        self._usage += usage
        # No row may be kept of somebody who withdrew meanwhile.
        self._metering.used(user_id if user_id in self._consent.agreed else NOBODY, usage)

    # Consent

    def _consent_changed(self, agreed: frozenset[int]) -> None:
        for user_id in set(self._speakers) - agreed:
            if (speaker := self._speakers.pop(user_id)) is None:
                continue
            self._output.withdrawn(speaker)
            speaker.discard()
            self._tasks.start(speaker.close(), f"forget {user_id}")
        for user_id in self._typed.writers - agreed:
            self._typed.discard(user_id)
        self._allow()
        self._changed()
        self._outages.look()

    async def _finish(self, speaker: Speaker) -> None:
        try:
            await speaker.close()
        finally:  # cut short, it stands as it is
            self._output.ended(speaker, sorted(speaker.known))

    # Status, and the end

    def status(self) -> RoomStatus:
        """Return the room as it is now."""
        now = self._clock.now()
        link = self._link
        return RoomStatus(
            plan=replace(self.plan, voice_channel_id=self.where),
            running_s=now - self._started_at,
            heard_ago_s=None if self._heard_at is None else now - self._heard_at,
            speakers=self._speakers.status(self._present.members, self.languages, self._admission),
            captions=self._output.shown,
            usage=self._usage,
            figures=link.figures() if link is not None else {},
            today=self._metering.today(),
            paused=self.paused,
            chosen=self.languages.chosen,
            ended=self._closing,
            restarting=self._restarting,
            trouble=self._availability.speech.trouble,
            interrupted=self._availability.speech.lasting is not None,
            text_trouble=self._availability.texts.trouble,
            missing=self._outages.missing,
        )

    def conversations(self) -> Iterator[ConversationState]:
        """Return the state of each conversation."""
        return self._speakers.conversations()

    def saved(self, starter_id: int, panel_id: int) -> SavedRoom:
        """Return the room as it is to come back after the process was killed."""
        ids = starter_id, panel_id
        return saved_room(self.plan, self.where, self.languages, ids, paused=self.paused)

    def say(self, text: str) -> None:
        """Tell the people in the room."""
        self._board.say(text)

    def interrupt(self) -> None:
        """Say that it ends for now and is to be back; `close` has to follow."""
        self.deafen()
        self._restarting = True
        self._board.say(ending.RESTARTING)

    async def close(self) -> None:
        """Stop hearing, let running sentences end, deliver the captions, leave. Idempotent."""
        if self._closing:
            return
        self.deafen()
        self._closing = True
        self._stop_listening()
        self._outages.close()
        self._emptiness.close()
        self.languages.close()
        for user_id in self._speakers:
            self._dismiss(user_id)
        await self._typed.hush()
        in_time, name = self._callbacks.in_time, f"room {self.plan.guild_id}"
        await in_time(self._tasks.drain(), ending.AFTER_WORDS, f"last words of {name}")
        await self._tasks.close()
        await self._newcomers.close()
        self.page.close(restarting=self._restarting)
        await in_time(self._board.close(), ending.AFTER_CAPTIONS, f"captions of {name}")
        if self._link is not None:
            await in_time(self._link.close(), ending.AFTER_LINK, f"voice link of {name}")
