"""Speakers of one room at the account's limits: their further languages and one queue."""

from bot.domain.events import (
    ConversationEvent,
    Failed,
    Final,
    Source,
    TextRequest,
    TurnEnded,
    Usage,
)
from bot.room.written.text_language import TextLanguage
from tests.support.texts import SimulatedService


class Speaker:
    """One speaker's captions in a further language."""

    def __init__(self, service: SimulatedService, target: str = "fr") -> None:
        self.said: list[ConversationEvent] = []
        self.line = TextLanguage(
            target, "en", service.queue, self.said.append, glossary={}, guild_id=1
        )

    def says(self, turn: int, text: str, language: str | None) -> None:
        self.line.take(Source(turn, text, language, final=True))
        self.line.take(TurnEnded(turn))

    @property
    def finals(self) -> list[str]:
        return [event.text for event in self.said if isinstance(event, Final)]


async def test_each_speaker_gets_their_own_of_a_shared_request() -> None:
    service = SimulatedService()
    speakers = [Speaker(service) for _ in range(6)]
    for turn in (1, 2):
        for number, speaker in enumerate(speakers):
            speaker.says(turn, f"{number} says {turn}", "es")
    await service.run(3.0)
    assert [len(lines) for lines in service.texts] == [12]
    for number, speaker in enumerate(speakers):
        assert speaker.finals == [f"fr: {number} says 1", f"fr: {number} says 2"]
        assert not any(isinstance(event, Failed) for event in speaker.said)
    told = [event for speaker in speakers for event in speaker.said if isinstance(event, Usage)]
    assert sum(told, start=Usage()) == service.used
    await service.queue.close()


async def test_who_spoke_the_language_already_is_found_in_a_shared_request() -> None:
    def translates(request: TextRequest) -> str:
        lines = request.text.split("\n")
        return "\n".join(line if "bonjour" in line else f"fr: {line}" for line in lines)

    service = SimulatedService(translates=translates)
    speakers = [Speaker(service) for _ in range(4)]
    for speaker, text in zip(speakers, ("hello", "bonjour", "hey", "good day"), strict=True):
        speaker.says(1, text, None)
    await service.run(5.0)
    assert service.texts == [["hello", "bonjour", "hey", "good day"], ["bonjour"]]
    assert [speaker.finals for speaker in speakers] == [
        ["fr: hello"],
        [],
        ["fr: hey"],
        ["fr: good day"],
    ]
    assert all(TurnEnded(1) in speaker.said for speaker in speakers)
    await service.queue.close()


async def test_what_who_withdrew_had_said_goes_out_with_nobodys() -> None:
    service = SimulatedService()
    first, withdraws, other = (Speaker(service) for _ in range(3))
    first.says(1, "first", "es")
    await service.run(0.1)
    withdraws.says(1, "not this", "es")
    other.says(1, "but this", "es")
    await service.run(0.5)
    withdraws.line.discard()
    await service.run(5.0)
    assert service.texts == [["first"], ["but this"]]
    assert withdraws.said == []
    assert other.finals == ["fr: but this"]
    await service.queue.close()
