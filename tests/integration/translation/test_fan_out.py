"""Further languages in writing: the real SDK for both services, over real sockets."""

import asyncio
import statistics

import pytest

from bot.domain.events import ConversationState
from bot.room.fan_out import FanOut
from tests.integration.translation.fan_out_house import house
from tests.integration.translation.text_service import Asked, Limits, TextRoutes
from tests.integration.translation.translation_room import nothing_left, open_sockets
from tests.integration.translation.translation_service import Service, Session, translate

FIVE = ("en", "fr", "de", "pt", "it")


async def test_eight_speakers_and_five_languages_open_eight_conversations() -> None:
    takes_s = 0.2
    per_minute = 1200
    routes = TextRoutes(takes_s=takes_s)
    sockets = open_sockets()
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, *FIVE, members=8, per_minute=per_minute) as home,
    ):

        async def talks(number: int) -> None:
            member = home.members[number]
            await asyncio.sleep(number * 0.35)
            await home.says(member, number + 1, 50)
            await asyncio.sleep(2.5)
            await home.says(member, number + 1, 60)

        await asyncio.gather(*(talks(number) for number in range(8)))
        await home.until_finals(8 * 2 * len(FIVE))
        assert service.handshakes == 8
        states = [speaker.conversations["en"] for speaker in home.rooms.status(1).speakers]
        assert states == [ConversationState.OPEN] * 8
        delays = []
        for member in home.members:
            for end in (50, 60):
                first = home.finals("en")[member.name, f"{member.id} {end}"]
                for language in FIVE[1:]:
                    text = f"{language}: source {member.id} {end}"
                    caption = home.finals(language)[member.name, text]
                    assert caption.source_text == f"source {member.id} {end}"
                    at = home.board.final_at
                    delays.append(at[caption.key] - at[first.key])
        assert home.board.notices == []
        arrived = [asked.at for asked in routes.asked if "source" in asked.text]
    finals = 8 * 2 * (len(FIVE) - 1)
    assert len(arrived) >= finals
    for window_s, most in ((60.0, per_minute), (1.0, per_minute // 60)):
        assert max(sum(0 <= at - start < window_s for at in arrived) for start in arrived) <= most
    assert statistics.median(delays) <= 0.3 + takes_s
    assert max(delays) <= 3.0  # on a machine that does much else
    assert open_sockets() == sockets


async def test_eight_speakers_and_five_languages_keep_up_at_a_request_a_second() -> None:
    limits = Limits(60)
    routes = TextRoutes(takes_s=0.3, refuse=limits)
    ends = (50, 60, 70)
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, *FIVE, members=8, per_minute=60) as home,
    ):

        async def talks(number: int) -> None:
            await asyncio.sleep(number * 0.35)
            for end in ends:
                await home.says(home.members[number], number + 1, end)
                await asyncio.sleep(2.8)

        await asyncio.gather(*(talks(number) for number in range(8)))
        await home.until_finals(8 * len(ends) * len(FIVE))
        first = home.finals("en")
        delays = [
            home.board.final_at[further[member.name, f"{language}: source {said}"].key]
            - home.board.final_at[first[member.name, said].key]
            for language in FIVE[1:]
            for further in [home.finals(language)]
            for member in home.members
            for said in [f"{member.id} {end}" for end in ends]
        ]
        assert home.board.notices == []
        assert home.queue.given_up == home.queue.asked_again == 0
    assert len(delays) == 8 * len(ends) * (len(FIVE) - 1)
    assert max(delays) <= 8.0
    assert len(routes.asked) < len(delays) / 2
    assert limits.refused <= 2  # where the machine sends one late and the next in time


async def test_a_service_that_merges_lines_leaves_no_trace_but_time() -> None:
    routes = TextRoutes(refuse=Limits(60), merges=True)
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "fr", members=4, mode=FanOut.TEXT, per_minute=60) as home,
    ):
        await asyncio.gather(*(home.says(member, member.id) for member in home.members))
        await home.until_finals(2 * 4)
        texts = {text for _, text in home.finals("fr")}
        notices = list(home.board.notices)
    assert texts == {f"fr: source {member.id}" for member in home.members}
    assert notices == []
    assert any("\n" in asked.text for asked in routes.asked)


@pytest.mark.parametrize("mode", list(FanOut))
async def test_the_setting_decides_who_gets_a_conversation(mode: FanOut) -> None:
    routes = TextRoutes()
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(
            service,
            "en",
            "fr",
            "de",
            mode=mode,
            spoken_back="fr",
            connects_per_minute=600 if mode is FanOut.SPEECH else 2,
        ) as home,
    ):
        await home.says(home.members[0], 1, 2)
        await home.until_finals(3)
        targets = [session.settings["translation"]["language"] for session in service.sessions]
        if mode is FanOut.SPEECH:
            assert sorted(targets) == ["de", "en", "fr"]
            assert routes.asked == []
        else:
            assert targets == ["fr"]  # it is spoken back
            assert {asked.target for asked in routes.asked} == {"en", "de"}


async def test_with_room_for_the_whole_room_auto_opens_conversations() -> None:
    async with (
        nothing_left(),
        Service(translate, texts=TextRoutes()) as service,
        house(service, "en", "fr", connects_per_minute=600) as home,
    ):
        await home.says(home.members[0], 1, 2)
        await home.until_finals(2)
        assert service.handshakes == 2


async def slowly(session: Session) -> None:
    """A sentence whose source text grows while it is spoken."""
    await session.begin()
    await anext(session.chunks())
    await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
    await session.say("response.created", response={"id": "resp"})
    source = "conversation.item.input_audio_transcription"
    for stash in ("uno", "uno dos"):
        await session.say(f"{source}.text", item_id="asr", text="", stash=stash, language="es")
        await asyncio.sleep(0.3)
    ids = {"response_id": "resp", "item_id": "item"}
    await session.say("response.text.done", text="one two three", **ids)
    await session.say("input_audio_buffer.speech_stopped", audio_end_ms=900)
    await session.say(
        f"{source}.completed", item_id="asr", transcript="uno dos tres", language="es"
    )
    await session.say("response.done", response={"id": "resp", "status": "completed"})
    async for _ in session.events():
        if session.finished:
            await session.say("session.finished")


async def test_a_further_language_changes_while_somebody_speaks() -> None:
    routes = TextRoutes()
    async with (
        nothing_left(),
        Service(slowly, texts=routes) as service,
        house(service, "en", "fr", mode=FanOut.TEXT) as home,
    ):
        await home.says(home.members[0], 1, 2, 3)
        await home.until_finals(2)
    french = [c.text for c in home.board.shown if c.language == "fr" and c.text]
    assert list(dict.fromkeys(french)) == ["fr: uno", "fr: uno dos", "fr: uno dos tres"]
    assert len({c.key for c in home.board.shown if c.language == "fr"}) == 1


async def test_a_refused_language_pair_is_said_once_and_shows_the_original() -> None:
    def refuse(asked: Asked) -> tuple[int, str, str] | None:
        return (400, "InvalidParameter", "No such pair.") if asked.target == "de" else None

    routes = TextRoutes(refuse=refuse)
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "fr", "de", mode=FanOut.TEXT) as home,
    ):
        for word in (1, 2):
            await home.says(home.members[0], word)
            await home.until_finals(3 * word)
        notices = list(home.board.notices)
        german = [c for c in home.board.standing() if c.language == "de"]
    assert notices == ["A text couldn't be translated."]
    assert [(c.text, c.source_text) for c in german] == [("", "source 1"), ("", "source 2")]


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (401, "InvalidApiKey", "refused the API key"),
        (403, "AccessDenied", "denied access"),
        (404, "ModelNotFound", "TEXT_MODEL"),
        (429, "Arrearage", "no credit"),
    ],
)
async def test_a_refused_account_is_said_once_and_the_first_language_goes_on(
    status: int, code: str, says: str
) -> None:
    routes = TextRoutes(refuse=lambda _: (status, code, ""))
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "fr", "de", mode=FanOut.TEXT) as home,
    ):
        for word in (1, 2):
            await home.says(home.members[0], word)
            await home.until_finals(word)
        states = home.rooms.status(1).speakers[0].conversations
        notices = list(home.board.notices)
    assert len(notices) == 1
    assert says in notices[0]
    assert states["en"] is ConversationState.OPEN
    assert states["fr"] is states["de"] is ConversationState.CLOSED
    assert len(routes.asked) <= 2


async def test_passing_failures_leave_no_trace() -> None:
    answers = [(429, "Throttling.RateQuota", "Requests rate limit exceeded"), (503, "X", "busy")]
    routes = TextRoutes(refuse=lambda _: answers.pop() if answers else None, drop=1)
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "fr", mode=FanOut.TEXT) as home,
    ):
        await home.says(home.members[0], 1, 2)
        await home.until_finals(2)
        notices = list(home.board.notices)
        texts = [c.text for c in home.board.standing() if c.language == "fr"]
    assert texts == ["fr: source 1 2"]
    assert notices == []
    assert len(routes.asked) == 4


async def test_what_is_said_in_a_further_language_is_not_translated_into_it() -> None:
    routes = TextRoutes()
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "es", "fr", mode=FanOut.TEXT) as home,
    ):
        await home.says(home.members[0], 1, 2)  # the service hears Spanish
        await home.until_finals(2)
    assert {asked.target for asked in routes.asked} == {"fr"}
    own = [c for c in home.board.standing() if c.language == "es"]
    assert {c.language for c in home.board.standing()} == {"en", "es", "fr"}
    assert own
    assert all(c.text == c.source_text for c in own)


async def test_the_last_sentence_of_who_leaves_is_translated_and_of_who_withdraws_is_not() -> None:
    routes = TextRoutes(takes_s=0.2)
    async with (
        nothing_left(),
        Service(translate, texts=routes) as service,
        house(service, "en", "fr", members=2, mode=FanOut.TEXT) as home,
    ):
        leaves, withdraws = home.members
        await home.says(leaves, 1)
        await home.says(withdraws, 2)
        assert home.world.listener is not None
        home.world.listener.left(leaves.id)
        await (await home.rooms.consent(1)).withdraw(withdraws.id)
        await home.until_finals(2)
    assert {c.text for c in home.board.standing()} == {"1", "fr: source 1"}
    assert all(asked.text != "source 2" for asked in routes.asked)
