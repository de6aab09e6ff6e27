"""The form in which somebody corrects a caption."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

import discord

from bot.logs import get_logger
from bot.records.terms import LONGEST
from bot.ui.cooldowns import admits
from bot.words import render, t
from bot.words.languages import label

log = get_logger(__name__)

Interaction = discord.Interaction[Any]
Submitted = Callable[[Interaction, str, str, Sequence[str]], Awaitable[None]]

MOST_LANGUAGES: Final = 10  # their codes stand in the id of a button

_FORM: Final = "parley:correct"  # and for whom it was opened
_OPEN_S: Final = 900.0


class CorrectionForm(discord.ui.Modal):
    """Asks what was heard, what it should be, and in which languages.

    Args:
        opened_by: The interaction it answers, so that two people's are never taken for one.
        heard: What stands in the first field already.
        languages: To choose from.
        chosen: The languages that are chosen at first.
        locale: The locale of its words.
        submitted: Called with what was filled in.
    """

    def __init__(
        self,
        opened_by: int,
        heard: str,
        languages: Sequence[str],
        chosen: Collection[str],
        *,
        locale: str,
        submitted: Submitted,
    ) -> None:
        super().__init__(
            title=render(t("Correct a caption"), locale),
            custom_id=f"{_FORM}/{opened_by}",
            timeout=_OPEN_S,
        )
        self._submitted = submitted
        self._heard: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="heard", default=heard, max_length=LONGEST
        )
        self._meant: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="meant", max_length=LONGEST
        )
        self._languages: discord.ui.Select[Any] = discord.ui.Select(
            custom_id="languages",
            max_values=len(languages),
            options=[
                discord.SelectOption(label=label(code, locale), value=code, default=code in chosen)
                for code in languages
            ],
        )
        for text, hint, field in (
            (t("Heard as"), t("The word or name as it was understood"), self._heard),
            (t("Should be"), t("The word as it should appear"), self._meant),
            (t("Languages"), t("In captions of these languages"), self._languages),
        ):
            self.add_item(
                discord.ui.Label(
                    text=render(text, locale), description=render(hint, locale), component=field
                )
            )

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns admit it."""
        return await admits(interaction)

    async def on_submit(self, interaction: Interaction, /) -> None:
        """Hand on what was entered."""
        await self._submitted(
            interaction, self._heard.value, self._meant.value, self._languages.values
        )

    async def on_error(  # type: ignore[override]  # discord.py's own forms have no item either
        self, interaction: Interaction, error: Exception, /
    ) -> None:
        """Answer as to a command that failed."""
        await interaction.client.tree.on_error(interaction, error)
