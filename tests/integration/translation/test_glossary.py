"""A glossary reaches the service, and an open session of it, without a word being disturbed."""

import asyncio

import pytest

from tests.integration.translation.translation_room import (
    FLAT,
    FLAT_NEWER,
    NESTED,
    Heard,
    conversation,
    nothing_left,
)
from tests.integration.translation.translation_service import CHUNK, Service, spoken, translate

TERMS = {"Parley": "Parley", "canal": "channel"}


@pytest.mark.parametrize("model", [FLAT, FLAT_NEWER, NESTED])
async def test_terms_that_change_in_mid_sentence_are_sent_between_its_audio(model: str) -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard, model) as talk,
    ):
        talk.feed(spoken(1))
        await heard.until(lambda h: "open" in h.states())
        talk.feed(spoken(2))
        talk.use_glossary(TERMS)
        talk.use_glossary(dict(TERMS))
        for word in (3, 4):
            talk.feed(spoken(word))
            await asyncio.sleep(0.01)
        talk.fell_silent()
        await heard.until(lambda h: h.ended() == [1])
        session = service.sessions[0]
        assert "corpus" not in session.settings["translation"]
        ((after, update),) = session.updates
        assert after == 2 * CHUNK
        assert update["translation"]["corpus"] == {"phrases": TERMS}
        changed = {key for key in update if update[key] != session.settings[key]}
        assert changed == {"translation"}
    assert heard.captions() == ["1 2 3 4"]
    assert heard.notices() == []
    assert service.handshakes == 1


async def test_terms_that_change_while_it_opens_are_sent_before_the_first_word() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate, handshake_s=0.3) as service,
        conversation(service, heard) as talk,
    ):
        talk.feed(spoken(1))
        await service.handshake_began.wait()
        talk.use_glossary(TERMS)
        talk.fell_silent()
        await heard.until(lambda h: h.ended() == [1])
        ((after, update),) = service.sessions[0].updates
    assert after == 0
    assert update["translation"]["corpus"] == {"phrases": TERMS}


async def test_terms_that_changed_while_idle_are_those_of_the_next_session() -> None:
    heard = Heard()
    async with (
        nothing_left(),
        Service(translate) as service,
        conversation(service, heard) as talk,
    ):
        talk.use_glossary(TERMS)
        talk.feed(spoken(1))
        talk.fell_silent()
        await heard.until(lambda h: h.ended() == [1])
        session = service.sessions[0]
        assert session.settings["translation"]["corpus"] == {"phrases": TERMS}
        assert session.updates == []
