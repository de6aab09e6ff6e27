"""Apps > Translate: a message in the reader's language, seen by them alone."""

from typing import Any, ClassVar, Final

import discord
from discord.ext import commands

from bot.chat.rendering.plain import escape, isolate, length
from bot.chat.rendering.reading import Read
from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.typed.markup import Phrase, has_words, parse
from bot.typed.messages import MessageTranslator, Wanted
from bot.ui.answers import answer, answer_further, locale, take_time
from bot.ui.messages.menu import MessageMenu
from bot.ui.messages.words import caption_of, words_of
from bot.words import Text, command, language_name, t
from bot.words.codes import same_language
from bot.words.languages import find

Interaction = discord.Interaction[Any]

_PAGE: Final = 2000  # characters of a message of Discord's
_MOST_PAGES: Final = 8


class TranslateMessage(MessageMenu):
    """Finds what is to be translated and for whom, lets the service do it, answers.

    Args:
        bot: Where it is offered.
        rooms: Know what members said of themselves.
        translator: Translates.
    """

    menu: ClassVar[str] = "Translate"

    def __init__(
        self,
        bot: commands.Bot | commands.AutoShardedBot,
        rooms: Rooms,
        translator: MessageTranslator,
    ) -> None:
        super().__init__(bot)
        self._rooms = rooms
        self._translator = translator

    async def chosen(self, interaction: Interaction, message: discord.Message) -> None:
        """Translate the message for who asked."""
        await take_time(interaction)
        if interaction.guild_id is None:
            raise UsageError(t("This only works in a server."))
        target = await self._language(interaction, interaction.guild_id)
        wanted = Wanted(interaction.guild_id, interaction.user.id, target)
        if caption := caption_of(interaction, message):
            translated = await self._of_caption(wanted, caption)
        else:
            translated = await self._translator.translate(wanted, parse(words_of(message)))
        if translated is None:
            await answer(interaction, _same(target))
            return
        first, *others = pages(f"-# {message.jump_url}\n{translated}")
        await answer(interaction, first)
        for page in others[: _MOST_PAGES - 1]:
            await answer_further(interaction, page)

    async def _of_caption(self, wanted: Wanted, caption: list[Read]) -> str | None:
        """Return what was said, not its translation: from the original where the caption has it."""
        if any(same_language(line.language, wanted.target) for line in caption):
            return None
        first = caption[0]
        said, language = (
            (first.source, first.source_language) if first.source else (first.text, first.language)
        )
        source = find(language, self._translator.languages())
        wanted = Wanted(wanted.guild_id, wanted.user_id, wanted.target, source)
        pieces = [Phrase(said)] if has_words(said) else []
        translated = await self._translator.translate(wanted, pieces)
        return None if translated is None else isolate(escape(translated))

    async def _language(self, interaction: Interaction, guild_id: int) -> str:
        """Return the reader's language.

        Raises:
            UsageError: Nothing can be translated into it.
            StoreError: What they said can't be read.
        """
        known = self._translator.languages()
        wishes = await self._rooms.wishes.of(guild_id, interaction.user.id)
        for language in (wishes.reads, locale(interaction)):
            if language is not None and (found := find(language, known)) is not None:
                return found
        raise UsageError(
            t(
                "I can't translate into the language of your Discord. Choose the one you read with "
                "{command}.",
                command=command("translate my-languages"),
            )
        )


def _same(target: str) -> Text:
    return t("This message is already in {language}.", language=language_name(target))


def pages(text: str, limit: int = _PAGE) -> list[str]:
    """Return a text in pieces that each fit a message, cut at the end of a line, else of a word."""
    found = []
    while length(text) > limit:
        end = _fitting(text, limit)
        cut = max(text.rfind("\n", end // 2, end), 0) or max(text.rfind(" ", end // 2, end), 0)
        cut = cut or end
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*found, text] if text or not found else found


def _fitting(text: str, limit: int) -> int:
    """Return how many characters of a text fit."""
    end = min(len(text), limit)
    while length(text[:end]) > limit:
        end -= max(1, (length(text[:end]) - limit) // 2)
    return end
