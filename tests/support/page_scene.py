"""Serves the page with a call that goes on for ever: `python -m tests.support.page_scene`."""

import asyncio
import itertools

from bot.domain.audience import RoomState
from bot.page.feed import Feed
from tests.support.page import ANA, BEN, caption, stage, tone

PORT = 8765
SAID = {
    "en": "Good morning everyone, let us talk about the plans for the summer.",
    "es": "Buenos días a todos, hablemos de los planes para el verano.",
    "ar": "صباح الخير جميعا، لنتحدث عن خطط الصيف.",
}


async def _say(feed: Feed, utterance: int) -> None:
    speaker = (ANA, BEN)[utterance % 2]
    feed.speaking([speaker])
    words = {language: text.split() for language, text in SAID.items()}
    longest = max(map(len, words.values()))
    for spoken in range(1, longest + 1):
        for number, (language, said) in enumerate(words.items()):
            final = spoken == longest
            feed.show(
                caption(
                    utterance * len(words) + number,
                    " ".join(said[:spoken]),
                    language=language,
                    speaker=speaker,
                    final=final,
                    source=" ".join(words["en"][:spoken]),
                    source_language="en",
                    heard_out=final,
                    utterance=utterance,
                )
            )
            feed.voice(language, tone(0.3, 220.0 + 110.0 * number))
        await asyncio.sleep(0.3)
    for language in words:
        feed.voice_ended(language)
    feed.speaking([])


async def main() -> None:
    """Serve until it is interrupted."""
    async with stage(PORT) as on:
        print(on.link(), on.link(member=78, overlay=True), sep="\n", flush=True)  # noqa: T201
        for utterance in itertools.count(1):
            await _say(on.feed, utterance)
            on.feed.state(RoomState.DEAF if utterance % 7 == 6 else RoomState.LIVE)
            await asyncio.sleep(2.0)


if __name__ == "__main__":
    asyncio.run(main())
