"""Translates what somebody wrote, for one reader: counted, and limited as speech is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.domain.glossary import occurring
from bot.domain.ports import TextTicket, TextTranslator
from bot.domain.trouble import ServiceTrouble
from bot.errors import TranslationError, UsageError
from bot.typed.markup import Phrase
from bot.usage.daily_allowance import Account, Accounts
from bot.words import t
from bot.words.codes import same_language
from bot.words.same_words import same_words

Pieces = Sequence[str | Phrase]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants.

    Attributes:
        guild_id: The guild.
        user_id: Who; what it takes is counted as theirs.
        target: Into which language.
        source: Language of the message, where known.
    """

    guild_id: int
    user_id: int
    target: str
    source: str | None = None


class MessageTranslator:
    """Translates messages by the text translation service.

    Args:
        texts: Translates.
        accounts: What each guild spends and may spend.
        terms: Returns the terms of a guild and a language: source term to target term.
        trouble: Why the service can't be used, where that is known.
    """

    def __init__(
        self,
        texts: TextTranslator,
        accounts: Accounts,
        terms: Callable[[int, str], Awaitable[Mapping[str, str]]],
        trouble: Callable[[], ServiceTrouble | None],
    ) -> None:
        self._texts = texts
        self._accounts = accounts
        self._terms = terms
        self._trouble = trouble

    def languages(self) -> frozenset[str]:
        """Return the codes of the languages it translates between."""
        return self._texts.languages()

    async def translate(self, wanted: Wanted, pieces: Pieces) -> str | None:
        """Return the pieces in the reader's language, joined; None where they are in it already.

        Raises:
            UsageError: There is nothing to translate.
            AllowanceError: The guild has used up what it may.
            NotServedError: The host did not allow the guild.
            TranslationError: The service can't, or not now.
            StoreError: What was spent, or the glossary, can't be read.
        """
        phrases = [piece for piece in pieces if isinstance(piece, Phrase)]
        if not phrases:
            raise UsageError(t("This message has no text to translate."))
        account = await self._accounts.of(wanted.guild_id)
        release = account.reserve_text(sum(len(phrase.text) for phrase in phrases))
        try:
            if same_language(wanted.source, wanted.target):
                return None
            return await self._translated(account, wanted, pieces)
        finally:
            release()

    async def _translated(self, account: Account, wanted: Wanted, pieces: Pieces) -> str | None:
        asking = _Asking(self._texts, account, wanted, await self._terms_of(wanted))
        try:
            return await asking.whole(pieces)
        except _FailedError as error:
            trouble = self._trouble() if error.failed.of_service else None
            message = error.failed.message if trouble is None else trouble.reason
            raise TranslationError(message) from None
        finally:
            asking.end()

    async def _terms_of(self, wanted: Wanted) -> Mapping[str, str]:
        return await self._terms(wanted.guild_id, wanted.target)


class _FailedError(Exception):
    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.code)
        self.failed = failed


class _Asking:
    """One message that is being translated."""

    def __init__(
        self, texts: TextTranslator, account: Account, wanted: Wanted, terms: Mapping[str, str]
    ) -> None:
        self._texts = texts
        self._account = account
        self._wanted = wanted
        self._terms = terms
        self._tickets: list[TextTicket] = []

    async def whole(self, pieces: Pieces) -> str | None:
        """Return the whole translation; None where the text is in the reader's language."""
        texts = [piece for piece in pieces if isinstance(piece, Phrase)]
        answers = await self._all(texts)
        if self._wanted.source is None and all(map(same_words, _bare(texts), answers)):
            return None
        translated = iter(
            [
                await self._restored(text, answer)
                for text, answer in zip(texts, answers, strict=True)
            ]
        )
        return "".join(piece if isinstance(piece, str) else next(translated) for piece in pieces)

    async def _restored(self, text: Phrase, answer: str) -> str:
        if (restored := text.restored(answer)) is not None:
            return restored
        pieces = text.apart()
        answers = iter(await self._all([piece for piece in pieces if isinstance(piece, Phrase)]))
        return "".join(piece if isinstance(piece, str) else next(answers) for piece in pieces)

    async def _all(self, texts: Sequence[Phrase]) -> list[str]:
        return await asyncio.gather(*(self._ask(text.text) for text in texts))

    def _ask(self, text: str) -> asyncio.Future[str]:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def told(what: TextAnswer | Failed | Usage) -> None:
            if isinstance(what, Failed):
                if not answer.done():
                    answer.set_exception(_FailedError(what))
                return
            usage = what if isinstance(what, Usage) else what.usage
            self._account.used(self._wanted.user_id, usage)
            if isinstance(what, TextAnswer) and not answer.done():
                answer.set_result(what.text)

        request = TextRequest(
            text=text,
            source=self._wanted.source,
            target=self._wanted.target,
            final=True,
            terms=occurring(self._terms, text),
            guild_id=self._wanted.guild_id,
        )
        self._tickets.append(self._texts.ask(request, told))
        return answer

    def end(self) -> None:
        """Take back what is not sent."""
        for ticket in self._tickets:
            ticket.cancel()


def _bare(texts: Sequence[Phrase]) -> list[str]:
    return [text.text for text in texts]
