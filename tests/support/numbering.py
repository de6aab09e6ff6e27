"""A speaker whose events the test gives, and a board that keeps what it is shown."""

from collections.abc import Sequence

from bot.domain.events import Caption, ConversationRequest, Member
from bot.room.speaker import Speaker
from tests.support.room import MemoryInterpreter
from tests.support.texts import MemoryTexts


class KeptCaptions:
    """A caption board that keeps everything, with the second at which it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, Caption]] = []
        self.now = 0.0

    def show(self, caption: Caption) -> None:
        self.shown.append((self.now, caption))

    def say(self, text: str) -> None:
        raise AssertionError(text)

    def languages_changed(self, languages: Sequence[str]) -> None:
        raise AssertionError(languages)

    async def close(self) -> None:
        """Nothing is open."""


def one_speaker(member: Member) -> Speaker:
    """Two conversations, into English and Spanish."""
    requests = [ConversationRequest(member.id, target) for target in ("en", "es")]
    return Speaker(1, member, requests, MemoryInterpreter(), lambda *_: None, texts=MemoryTexts())
