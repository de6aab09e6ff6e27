"""A speaker's own voice, as the service is asked for it."""

from typing import Any

import pytest

from bot.domain.events import ConversationRequest
from tests.integration.translation.translation_room import (
    FLAT,
    FLAT_NEWER,
    KEY,
    NESTED,
    Heard,
    QuickClock,
    nothing_left,
    say,
)
from tests.integration.translation.translation_service import Service, Session, translate
from tests.support.live_translate import live_translate


def voices(settings: dict[str, Any]) -> set[str]:
    """Every voice that a session names."""
    nested = settings.get("audio", {}).get("output", {}).get("voice")
    return {voice for voice in (settings.get("voice"), nested) if voice is not None}


async def refuse(session: Session) -> None:
    """Take any settings but the speaker's own voice."""
    await session.say("session.created", session={"id": "sess_1"})
    settings = (await anext(session.events()))["session"]
    assert settings["enable_voice_clone"]
    param = "session.enable_voice_clone"
    await session.say("error", error={"code": "invalid_value", "message": "No.", "param": param})
    await session.rest()


@pytest.mark.parametrize("model", [FLAT_NEWER, NESTED])
async def test_where_it_is_refused_a_voice_of_the_model_speaks_and_it_is_not_tried_again(
    model: str,
) -> None:
    heard, later = Heard(), Heard()
    request = ConversationRequest(1, "en", spoken=True, voice="Ryan", imitated=True)
    async with nothing_left(), Service(refuse, translate) as service:
        interpreter = live_translate(
            url=service.url, api_key=KEY, model=model, clock=QuickClock(), connects_per_minute=100
        )
        assert interpreter.voices().imitates
        for listener in (heard, later):
            talk = interpreter.converse(request, listener)
            await say(talk, 1, 2)
            await listener.until(lambda h: h.ended() == [1])
            await talk.close()
        assert not interpreter.voices().imitates
        await interpreter.close()
    for session in service.sessions[1:]:
        assert voices(session.settings) == {"Ryan"}
        assert "enable_voice_clone" not in session.settings
    assert len(service.sessions) == 3
    assert (heard.captions(), later.captions()) == (["1 2"], ["1 2"])
    can_not = "The translation service can't imitate voices here, so another voice is used."
    assert (heard.notices(), later.notices()) == ([can_not], [])


@pytest.mark.parametrize(("model", "imitates"), [(FLAT_NEWER, True), (NESTED, True), (FLAT, False)])
async def test_only_a_model_that_can_is_asked_and_only_for_who_agreed(
    model: str, *, imitates: bool
) -> None:
    async with nothing_left(), Service(translate) as service:
        interpreter = live_translate(
            url=service.url, api_key=KEY, model=model, clock=QuickClock(), connects_per_minute=100
        )
        assert interpreter.voices().imitates is imitates
        for speaker, agreed in ((1, True), (2, False)):
            request = ConversationRequest(
                speaker, "en", spoken=True, voice="Cherry", imitated=agreed
            )
            heard = Heard()
            talk = interpreter.converse(request, heard)
            await say(talk, 1)
            await heard.until(lambda h: h.ended() == [1])
            await talk.close()
        await interpreter.close()
    theirs, others = (session.settings for session in service.sessions)
    assert voices(theirs) == ({"default"} if imitates else {"Cherry"})
    assert theirs.get("voice_clone_options") == ({"frequency": "once"} if imitates else None)
    assert voices(others) == {"Cherry"}
    assert "enable_voice_clone" not in others


async def unspoken(session: Session) -> None:
    """Say that the language has no voice at all."""
    await session.say("session.created", session={"id": "sess_1"})
    message = "Language 'en' does not support audio output; use the modality ['text']."
    await session.say("error", error={"code": "invalid_value", "message": message})
    await session.rest()


async def test_a_language_without_any_voice_says_nothing_of_the_imitation() -> None:
    heard = Heard()
    async with nothing_left(), Service(unspoken, translate) as service:
        interpreter = live_translate(
            url=service.url, api_key=KEY, model=NESTED, clock=QuickClock(), connects_per_minute=100
        )
        request = ConversationRequest(1, "en", spoken=True, voice="Ryan", imitated=True)
        talk = interpreter.converse(request, heard)
        await say(talk, 1)
        await heard.until(lambda h: h.ended() == [1])
        assert interpreter.voices().imitates
        await talk.close()
        await interpreter.close()
