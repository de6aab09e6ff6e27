"""What members type instead of speaking: captions like those of speech, in the room's languages.

A text is whole when it comes, so nothing of it is shown before it is translated. Texts of one
member follow each other in the order in which they were typed. Each translation is read aloud as
speech is, once it is final.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.clock import Clock
from bot.domain.events import TYPED, ConversationEvent, Echoed, Final, Member, Source, TurnEnded
from bot.domain.glossary import Glossary
from bot.domain.ports import TextTranslator
from bot.locks import KeyedLimit
from bot.room.output import Output
from bot.room.written.text_language import TextLanguage
from bot.room.written.typed_voices import TypedVoices
from bot.words.codes import ORIGINAL

_TURN = 1  # each text is a visit of its own
_KEPT = 64  # texts, as many as may wait to be heard: their captions may still change


@dataclass(eq=False, slots=True)
class TypedText:
    """One text. Takes a speaker's place where its captions are made.

    Attributes:
        visit: Unique in the room; speakers' are above zero.
        member: Who typed it.
        began_at: Clock seconds when it came.
        text: All of it.
        source: Its language, where its member said which they speak.
        discarded: It is not to be shown any more.
    """

    visit: int
    member: Member
    began_at: float
    text: str
    source: str | None
    discarded: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended_at(self) -> float | None:
        """Nobody spoke."""
        return None

    def made_from(self, _: str) -> str:
        """Return what its captions are made from: no conversation."""
        return TYPED


class TypedWords:
    """Translates and shows what the members of one room type.

    Args:
        texts: Translates.
        voices: Reads it aloud.
        output: Shows it.
        clock: Tells the time and calls back.
        guild_id: The room's guild.
    """

    def __init__(
        self,
        texts: TextTranslator,
        voices: TypedVoices,
        output: Output,
        clock: Clock,
        *,
        guild_id: int,
    ) -> None:
        self._texts = texts
        self._voices = voices
        self._output = output
        self._clock = clock
        self._guild_id = guild_id
        self._visits = itertools.count(-1, -1)
        self._open: list[TypedText] = []
        self._shown_lately: deque[tuple[TypedText, Sequence[str]]] = deque()
        self._turns = KeyedLimit()  # of a member: one text is on its way

    def add(self, member: Member, text: str, source: str | None) -> TypedText:
        """Take a text of a member; `show` is to follow."""
        typed = TypedText(next(self._visits), member, self._clock.now(), text, source)
        self._open.append(typed)
        return typed

    async def show(self, typed: TypedText, targets: Sequence[str], glossary: Glossary) -> None:
        """Show a text in these languages, as its member's caption, once theirs before are shown."""
        try:
            async with self._turns.of(typed.member.id):
                if not typed.discarded:
                    await self._shown(typed, targets, glossary)
        finally:
            self._open.remove(typed)

    async def _shown(self, typed: TypedText, targets: Sequence[str], glossary: Glossary) -> None:
        known = self._texts.languages()
        written = [target for target in targets if target in known]
        source = Source(_TURN, typed.text, typed.source, final=True)
        asis = ORIGINAL if ORIGINAL in targets else "" if written else targets[0]
        if asis:  # without a translation its words stand all the same
            if asis == ORIGINAL:
                self._output.said(typed, asis, Echoed(_TURN))
            self._output.said(typed, asis, source)
            self._output.ended(typed, [asis])
        if not written:
            return
        waiting = set(written)
        languages = [
            TextLanguage(
                target,
                TYPED,
                self._texts,
                partial(self._said, typed, target, waiting),
                glossary=glossary.get(target, {}),
                guild_id=self._guild_id,
            )
            for target in written
        ]
        try:
            for language in languages:
                language.take(source)
                language.take(TurnEnded(_TURN))
            await typed.over.wait()
        finally:
            for language in languages:
                language.discard()
            if not typed.over.is_set():  # cut short, it stands as it is
                self._output.ended(typed, written)
            elif not typed.discarded:
                self._keep(typed, written)

    def _keep(self, typed: TypedText, languages: Sequence[str]) -> None:
        """Let its captions change until it was heard: it may be left unspoken."""
        self._shown_lately.append((typed, languages))
        if len(self._shown_lately) > _KEPT:
            self._output.ended(*self._shown_lately.popleft())

    def _said(
        self, typed: TypedText, target: str, waiting: set[str], event: ConversationEvent
    ) -> None:
        self._output.said(typed, target, event)
        if isinstance(event, Final):
            self._voices.read(typed, target, event.text)
        if isinstance(event, TurnEnded):
            waiting.discard(target)
            if not waiting:
                typed.over.set()

    def discard(self, user_id: int) -> None:
        """Take back what a member typed that is not shown yet: they withdrew."""
        self.silence(user_id)
        for typed in self._open:
            if typed.member.id == user_id and not typed.discarded:
                typed.discarded = True
                self._output.withdrawn(typed)
                typed.over.set()
        for typed, languages in tuple(self._shown_lately):
            if typed.member.id == user_id:
                self._shown_lately.remove((typed, languages))
                self._output.ended(typed, languages)

    def silence(self, user_id: int) -> None:
        """Read nothing more aloud of what a member typed, at once."""
        self._voices.silence(user_id)
        for typed in (*self._open, *(typed for typed, _ in self._shown_lately)):
            if typed.member.id == user_id:
                self._output.silence(typed)

    async def hush(self) -> None:
        """Have nothing more read aloud, as the room ends."""
        await self._voices.close()

    @property
    def writers(self) -> frozenset[int]:
        """The user ids of those whose texts are on their way, or may still be heard."""
        shown = (typed for typed, _ in self._shown_lately)
        return frozenset(typed.member.id for typed in (*self._open, *shown))
