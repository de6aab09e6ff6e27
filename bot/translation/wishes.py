"""What a conversation asks of its sessions; some of it changes while one is open."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.translation import dialect
from bot.translation.dialect import SessionOptions
from bot.translation.models import Model


class SessionSettings:
    """The settings of a conversation's present and next session.

    Args:
        model: Which model serves it.
        options: What is wanted to begin with.
    """

    def __init__(self, model: Model, options: SessionOptions) -> None:
        self._model = model
        self._options = options

    def body(self) -> dict[str, Any]:
        """The whole `session` object of a session.update."""
        return dialect.session(self._model, self._options)

    def use_phrases(self, phrases: Mapping[str, str]) -> None:
        """Other terms from now on."""
        self._options = replace(self._options, phrases=dict(phrases))

    def drop_voice(self) -> bool:
        """Text alone from now on; says whether there was a voice to drop."""
        had_voice = self._options.voice is not None
        self._options = replace(self._options, voice=None)
        return had_voice
