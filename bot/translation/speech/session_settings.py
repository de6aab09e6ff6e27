"""What a conversation asks of its sessions; some of it changes while one is open."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.translation.ports import LinkPort
from bot.translation.protocol import session_body
from bot.translation.protocol.models import Model
from bot.translation.protocol.session_body import SessionOptions


class Imitation:
    """Whether speakers' own voices can be imitated, shared by all conversations.

    A service that refused it once is not asked again before the next start: each try costs a
    connection, and the speaker waits meanwhile.

    Attributes:
        possible: Whether it is asked for.
    """

    def __init__(self, *, possible: bool) -> None:
        self.possible = possible


class SessionSettings:
    """The settings of a conversation's present and next session.

    Args:
        model: The model that serves it.
        options: What is wanted to begin with.
        imitation: Learns that a speaker's own voice is refused.
    """

    def __init__(self, model: Model, options: SessionOptions, imitation: Imitation) -> None:
        self._model = model
        self._options = options
        self._imitation = imitation
        self._asked: dict[str, Any] = {}

    def body(self) -> dict[str, Any]:
        """Return the whole `session` object of a session.update."""
        return session_body.session(self._model, self._options)

    def ask(self) -> None:
        """Remember these settings as those that a session was asked for."""
        self._asked = self.body()

    def renew(self, link: LinkPort | None) -> None:
        """Tell the session what has changed since it was asked."""
        if link is not None and (body := self.body()) != self._asked:
            self._asked = body
            link.update(body)

    def use_phrases(self, phrases: Mapping[str, str]) -> None:
        """Use other glossary terms from now on."""
        self._options = replace(self._options, phrases=dict(phrases))

    def drop_imitation(self) -> bool:
        """Ask for a voice of the model from now on; return whether the speaker's own was asked."""
        imitated = self._options.clone is not None
        if imitated:
            self._imitation.possible = False
            self._options = replace(self._options, clone=None)
        return imitated

    def drop_voice(self) -> bool:
        """Ask for text alone from now on; return whether there was a voice to drop."""
        had_voice = self._options.voice is not None
        self._options = replace(self._options, voice=None)
        return had_voice
