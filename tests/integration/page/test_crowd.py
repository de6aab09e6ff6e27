"""A hundred listeners in five languages: what they cost the bot, and how late they read."""

import asyncio
import json
import sys
import time

from bot.domain.events import Member
from bot.page.feed import Feed
from tests.support.page import caption, stage, tone

LANGUAGES = ("en", "es", "ar", "ja", "de")
LISTENERS = 100
SPEAKERS = 4
SECONDS = 10
STEP_S = 0.2  # an interim of each speaker, and a piece of each language's voice


async def call(feed: Feed) -> None:
    """Four people who talk all the time, translated and spoken in five languages."""
    voice = tone(STEP_S)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for step in range(round(SECONDS / STEP_S)):
        for speaker in range(SPEAKERS):
            for number, language in enumerate(LANGUAGES):
                utterance = 1 + speaker + SPEAKERS * (step // 10)
                words = " ".join(["word"] * (step % 10 + 1))
                feed.show(
                    caption(
                        utterance * len(LANGUAGES) + number,
                        f"{words} {time.time()}",  # noqa: TID251 - one machine, two processes
                        language=language,
                        speaker=Member(speaker, f"Speaker {speaker}"),
                        final=step % 10 == 9,
                        utterance=utterance,
                    )
                )
            await asyncio.sleep(
                max(0, began + STEP_S * (step + (speaker + 1) / SPEAKERS) - loop.time())
            )
        for language in LANGUAGES:
            feed.voice(language, voice)


async def test_a_hundred_listeners_cost_little_and_read_in_time() -> None:
    async with stage() as on:
        on.feed.use_languages(LANGUAGES)
        before = time.process_time()
        await call(on.feed)
        alone = time.process_time() - before
        links = [
            on.server.link(on.audience.run, 100 + n, LANGUAGES[n % len(LANGUAGES)])
            for n in range(LISTENERS)
        ]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.page_listeners",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps({"url": on.url, "links": links}).encode() + b"\n")
        async with asyncio.timeout(30):
            assert await child.stdout.readline() == b"ready\n"
        assert len(on.feed.readers) == LISTENERS
        before = time.process_time()
        await call(on.feed)
        cost = time.process_time() - before
        on.feed.end()
        async with asyncio.timeout(30):
            got = json.loads(await child.stdout.readline())
            await child.wait()
        share = (cost - alone) / SECONDS
        print(  # noqa: T201
            f"\n{LISTENERS} listeners: {share:.1%} of a core, "
            f"captions median {got['median']:.0f} ms, p95 {got['p95']:.0f} ms late"
        )
        finals = SPEAKERS * SECONDS / STEP_S / 10
        assert min(got["lines"]) >= finals
        assert min(got["voice"]) > 20_000  # a second of Opus is some 4 kB
        assert share < 0.3
        assert got["p95"] < 3_000  # beside other tests; the figure above is what counts
        # One conversation for each language, however many listen.
        assert set().union(*on.audience.listened) == set(LANGUAGES)
        assert len(on.audience.listened) <= len(LANGUAGES) + 1
