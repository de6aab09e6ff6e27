"""The page's player, block by block, without waiting for any sound."""

from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page

STATIC = Path(__file__).parents[3] / "bot" / "page" / "static"
RATE = 48_000
BLOCK = 128

# What an AudioWorklet has around it, and a call: [time in ms, what came], played block by block.
STAGE = """
globalThis.sampleRate = 48000;
globalThis.AudioWorkletProcessor = class { port = { postMessage() {} }; };
globalThis.registerProcessor = (_, it) => { globalThis.Player = it; };
globalThis.playAll = (came, milliseconds) => {
  const player = new Player();
  const out = [];
  for (let block = 0; block * 128 < milliseconds * 48; block += 1) {
    const now = block * 128 / 48;
    while (came.length && came[0][0] <= now) {
      const what = came.shift()[1];
      player.port.onmessage({ data: typeof what === 'number'
        ? new Float32Array(what * 48).fill(0.5) : what });
    }
    const samples = new Float32Array(128);
    player.process([], [[samples]]);
    out.push(samples.every(it => it === 0.5) ? 1 : samples.some(it => it === 0.5) ? 0.5 : 0);
  }
  const { gaps, played, dropped } = player;
  return { blocks: out, gaps, played: played / 48, dropped: dropped / 48 };
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser) -> Page:
    page = await chromium.new_page()
    await page.add_script_tag(content=STAGE)
    await page.add_script_tag(content=(STATIC / "player.js").read_text("utf-8"))
    return page


async def played(page: Page, came: list[tuple[int, int | str]], ms: int) -> dict[str, Any]:
    """What is heard of pieces of so many milliseconds that came at these times."""
    heard: dict[str, Any] = await page.evaluate(
        "([came, ms]) => playAll(came, ms)", [[list(it) for it in came], ms]
    )
    full = [at for at, block in enumerate(heard["blocks"]) if block == 1]
    heard["first_ms"] = full[0] * BLOCK * 1000 / RATE if full else None
    heard["silent_blocks"] = (
        sum(heard["blocks"][at] == 0 for at in range(full[0], full[-1])) if full else 0
    )
    return heard


async def test_even_voice_begins_when_200_ms_are_there(page: Page) -> None:
    heard = await played(page, [(100 * n, 100) for n in range(10)], 2000)
    assert 95 < heard["first_ms"] < 110
    assert (heard["gaps"], heard["silent_blocks"], heard["played"]) == (1, 0, 1000)  # no end came


async def test_voice_that_comes_up_to_100_ms_late_has_no_gap(page: Page) -> None:
    came: list[tuple[int, int | str]] = [
        (100 * n + (95 if n % 3 == 2 else 0), 100) for n in range(20)
    ]
    heard = await played(page, [*came, (2100, "end")], 3000)
    assert (heard["gaps"], heard["silent_blocks"], heard["played"]) == (0, 0, 2000)


async def test_a_short_word_is_not_waited_for_longer_than_its_end(page: Page) -> None:
    heard = await played(page, [(0, 60), (10, "end")], 500)
    assert heard["first_ms"] < 20
    assert (heard["gaps"], heard["played"]) == (0, 60)
    heard = await played(page, [(0, 60)], 1000)  # whose end is not told
    assert 390 < heard["first_ms"] < 410


async def test_after_each_gap_more_is_gathered(page: Page) -> None:
    came: list[tuple[int, int | str]] = [(0, 200), (1000, 100), (1100, 100), (1200, 100)]
    heard = await played(page, came, 3000)
    restart = heard["blocks"].index(1, heard["blocks"].index(0, 10))
    assert 1190 < restart * BLOCK * 1000 / RATE < 1210  # 250 ms, not 200


async def test_what_is_cut_is_not_heard(page: Page) -> None:
    heard = await played(page, [(0, 5000), (500, "cut"), (1000, 300), (1010, "end")], 3000)
    assert 790 < heard["played"] < 810
    assert heard["gaps"] == 0


async def test_too_much_voice_is_not_kept(page: Page) -> None:
    heard = await played(page, [(0, 1000)] * 40, 100)
    assert heard["dropped"] == 10_000
