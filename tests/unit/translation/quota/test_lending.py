"""A connect that is waited for, and an idle link that goes on to another speaker."""

import asyncio
import random
from collections import Counter

import pytest

from bot.domain.events import ConversationState, Failed, StateChanged, Usage
from bot.translation import timeouts
from bot.translation.protocol import server_events
from bot.translation.protocol.faults import Fault
from bot.translation.quota.lending import LinkLease
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.quota.tokens import TokenPace
from tests.support.clock import ManualClock
from tests.support.simulated_service import Listener, SimulatedService, word


class Scene:
    """An account of one connect a minute, and who speaks."""

    def __init__(self, per_minute: int = 1) -> None:
        self.clock = ManualClock()
        self.service = SimulatedService(self.clock)
        self.budget = ConnectBudget(per_minute, self.clock, chance=random.Random(1))

    def listener(
        self, speaker: int, guild: int = 1, settings: str | None = "en", *, cumulative: bool = False
    ) -> Listener:
        claim = Claim(guild, speaker, lambda: settings)
        return Listener(self.service, self.budget, claim, cumulative=cumulative)

    async def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            await asyncio.sleep(0)

    async def say(self, listener: Listener, number: int, seconds: float = 1.0) -> None:
        for _ in range(round(seconds * 10)):
            listener.talk.feed(word(number))
            await self.wait(0.1)
        listener.talk.fell_silent()


@pytest.fixture
async def scene() -> Scene:
    return Scene()


def states(listener: Listener) -> list[ConversationState]:
    return [event.state for event in listener.events if isinstance(event, StateChanged)]


def codes(listener: Listener) -> list[str]:
    return [event.code for event in listener.events if isinstance(event, Failed)]


async def test_a_speaker_for_whom_no_connect_is_left_goes_on_with_an_idle_link(
    scene: Scene,
) -> None:
    first, second = scene.listener(1), scene.listener(2)
    await scene.say(first, 1)
    await scene.wait(5)
    await scene.say(second, 2)
    await scene.wait(5)
    assert len(scene.service.connected_at) == 1
    assert (first.read(), second.read()) == (Counter({1: 10}), Counter({2: 10}))
    assert states(first) == ["opening", "open", "idle"]
    assert states(second) == ["open"]
    assert second.talk.session_id == "s1"
    assert (scene.budget.figures().lent, scene.budget.figures().open) == (1, 1)


async def test_who_lent_a_link_asks_anew_and_may_have_it_back(scene: Scene) -> None:
    first, second = scene.listener(1), scene.listener(2)
    for number, listener in enumerate((first, second, first, second), start=1):
        await scene.say(listener, number)
        await scene.wait(5)
    assert len(scene.service.connected_at) == 1
    assert (first.read(), second.read()) == (Counter({1: 10, 3: 10}), Counter({2: 10, 4: 10}))


async def test_the_words_wait_until_the_link_of_another_is_idle(scene: Scene) -> None:
    first, second = scene.listener(1), scene.listener(2)
    await scene.say(first, 1, 2)
    await scene.say(second, 2)
    assert states(second) == ["waiting"]
    await scene.wait(1)
    assert second.read() == Counter()
    await scene.wait(8)
    assert (first.read(), second.read()) == (Counter({1: 20}), Counter({2: 10}))


@pytest.mark.parametrize(
    ("guild", "settings"), [(2, "en"), (1, "de"), (1, None)], ids=["guild", "settings", "own voice"]
)
async def test_a_link_is_never_lent_across_guilds_nor_settings_nor_to_who_has_an_own_voice(
    scene: Scene, guild: int, settings: str | None
) -> None:
    first, second = scene.listener(1), scene.listener(2, guild, settings)
    await scene.say(first, 1)
    await scene.wait(5)
    await scene.say(second, 2)
    await scene.wait(5)
    assert scene.budget.figures().lent == 0
    assert states(second) == ["waiting"]
    await scene.wait(60)
    assert second.read() == Counter({2: 10})
    assert len(scene.service.connected_at) == 2


async def test_a_link_is_not_lent_while_a_connect_is_left() -> None:
    scene = Scene(per_minute=2)
    await scene.say(scene.listener(1), 1)
    await scene.wait(5)
    await scene.say(scene.listener(2), 2)
    assert scene.budget.figures().lent == 0
    assert len(scene.service.connected_at) == 2


async def test_a_link_that_owes_a_text_is_not_lent(scene: Scene) -> None:
    first, second = scene.listener(1), scene.listener(2)
    await scene.say(first, 1)
    await scene.wait(5)
    scene.service.links[0].says(
        server_events.SpeechStarted(0, None), server_events.ResponseCreated("r")
    )
    await scene.wait(timeouts.SILENCE_S + 20)
    await scene.say(second, 2)
    await scene.wait(5)
    assert scene.budget.figures().lent == 0


async def test_a_link_near_its_longest_session_is_not_lent(scene: Scene) -> None:
    first, second = scene.listener(1), scene.listener(2)
    await scene.say(first, 1)
    while scene.clock.now() < scene.service.connected_at[0] + timeouts.ROTATE_S - 3:
        await scene.wait(25)
        await scene.say(first, 1)
    assert len(scene.service.connected_at) == 1
    await scene.wait(5)
    await scene.say(second, 2)
    await scene.wait(5)
    assert scene.budget.figures().lent == 0


async def test_a_session_s_tokens_are_counted_once_over_its_speakers(scene: Scene) -> None:
    scene.service.cumulative = True
    first = scene.listener(1, cumulative=True)
    second = scene.listener(2, cumulative=True)
    for number, listener in enumerate((first, second, first), start=1):
        await scene.say(listener, number)
        await scene.wait(5)
    assert len(scene.service.connected_at) == 1
    used = [
        sum((event for event in listener.events if isinstance(event, Usage)), Usage())
        for listener in (first, second)
    ]
    assert sum(usage.connects for usage in used) == 1
    assert [usage.tokens_in for usage in used] == [20, 10]


async def test_words_that_wait_too_long_are_said_to_be_dropped_once_and_counted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "UNSENT_S", 15.0)
    await scene.say(scene.listener(1, settings=None), 1)
    waiting = scene.listener(2)
    await scene.say(waiting, 2, timeouts.UNSENT_S + 2)
    assert codes(waiting) == ["words_waited_connects"]
    assert states(waiting) == ["waiting"]
    assert round(waiting.talk.dropped_s, 1) == 2.0
    assert round(scene.budget.figures().dropped_s, 1) == 2.0
    await scene.wait(60)
    assert waiting.read() == Counter({2: 150})


OF_THE_FIRST = (
    server_events.SourceText("i1", "one", append=False, language="en"),
    server_events.SourceDone("i1", "one", "en"),
    server_events.SourceFailed("i1", ""),
    server_events.ItemCreated("i1", None),
    server_events.ResponseCreated("r1"),
    server_events.OutputItemAdded("r1", "i1"),
    server_events.TranslationText("r1", "i1", "eins", append=False),
    server_events.TranslationDone("r1", "i1", "eins"),
    server_events.VoiceDelta("r1", bytes(2)),
    server_events.VoiceDone("r1"),
    server_events.ResponseDone("r1", "eins", None),
)


@pytest.mark.parametrize("late", OF_THE_FIRST, ids=lambda event: type(event).__name__)
async def test_whatever_a_link_says_of_its_first_speaker_never_reaches_the_second(
    scene: Scene, late: server_events.ServerEvent
) -> None:
    first: list[server_events.ServerEvent] = []
    second: list[server_events.ServerEvent] = []
    lost: list[Fault] = []
    lease = LinkLease(
        scene.service.connect, scene.budget, TokenPace(), scene.clock, first.append, lost.append
    )
    link = scene.service.links[0]
    link.says(
        server_events.SpeechStarted(0, None), *OF_THE_FIRST, server_events.SpeechStopped(900, None)
    )
    lease.pass_on(second.append, lost.append)
    unheard = server_events.ResponseCreated("r1b")  # of the first one's speech too
    link.says(late, unheard, server_events.SpeechStopped(950, None))
    assert second == []
    began, answer = server_events.SpeechStarted(2000, None), server_events.ResponseCreated("r2")
    link.says(began, late, server_events.VoiceDone("r1b"), answer)
    assert second == [began, answer]
    assert late in first
    assert lost == []


async def test_closing_who_waits_gives_the_place_up(scene: Scene) -> None:
    await scene.say(scene.listener(1), 1)
    waiting = scene.listener(2, settings=None)
    await scene.say(waiting, 2)
    await waiting.talk.close()
    assert scene.budget.waiting == 0
    await scene.wait(70)
    assert len(scene.service.connected_at) == 1
    assert scene.clock.pending == 0
