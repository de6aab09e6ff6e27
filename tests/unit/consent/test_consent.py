"""What a person says of being heard: the latest word counts, whatever the store does."""

import asyncio

import pytest

from bot.consent.consent import Answer, Consent, Consents
from bot.domain.stored import ConsentMode, GuildSettings
from bot.errors import StoreError
from bot.tasks import TaskOwner
from tests.support.room import MemoryConsent

ANA, BEN = 1, 2
TASKS = TaskOwner("test")


class SlowConsent(MemoryConsent):
    """Writes when it is let; `failing` refuses."""

    def __init__(self, *agreed: int) -> None:
        super().__init__(*agreed)
        self.free = asyncio.Event()
        self.failing = False

    async def agree(self, guild_id: int, user_id: int) -> None:
        await self.free.wait()
        self._check()
        await super().agree(guild_id, user_id)

    async def withdraw(self, guild_id: int, user_id: int) -> None:
        self._check()
        await super().withdraw(guild_id, user_id)

    async def decline(self, guild_id: int, user_id: int) -> None:
        self._check()
        await super().decline(guild_id, user_id)

    def _check(self) -> None:
        if self.failing:
            raise StoreError("The database can't be used: no space.")


class FixedSettings:
    """Every guild has these."""

    def __init__(self, settings: GuildSettings) -> None:
        self.fixed = settings

    async def settings(self, guild_id: int) -> GuildSettings:
        assert guild_id
        return self.fixed

    async def put_settings(self, guild_id: int, settings: GuildSettings) -> None:
        assert guild_id
        self.fixed = settings


def announced(store: MemoryConsent, *agreed: int) -> Consent:
    return Consent(1, store, frozenset(agreed), mode=ConsentMode.ANNOUNCED)


async def test_a_no_that_comes_while_a_yes_is_being_stored_wins() -> None:
    store = SlowConsent()
    consent = Consent(1, store, frozenset())
    yes = TASKS.start(consent.agree(ANA), "yes")
    await asyncio.sleep(0)
    no = TASKS.start(consent.withdraw(ANA), "no")
    await asyncio.sleep(0)
    store.free.set()
    assert await yes is False
    await no
    assert consent.agreed == frozenset()
    assert store.rows == set()


async def test_a_yes_after_a_no_wins_too() -> None:
    store = SlowConsent(ANA)
    store.free.set()
    consent = Consent(1, store, frozenset({ANA}))
    assert all(await asyncio.gather(consent.withdraw(ANA), consent.agree(ANA)))
    assert (consent.agreed, store.rows) == (frozenset({ANA}), {(1, ANA)})


async def test_opting_in_keeps_nothing_of_those_who_did_not() -> None:
    store = MemoryConsent()
    consent = Consent(1, store, frozenset())
    assert await consent.withdraw(ANA) is False
    await consent.agree(BEN)
    assert await consent.withdraw(BEN) is True
    assert (store.rows, store.declined) == (set(), set())


async def test_a_no_that_could_not_be_stored_is_in_force_and_stored_by_the_next() -> None:
    store = SlowConsent(ANA)
    consent = Consent(1, store, frozenset({ANA}))
    store.failing = True
    with pytest.raises(StoreError):
        await consent.withdraw(ANA)
    assert consent.agreed == frozenset()
    store.failing = False
    await consent.withdraw(ANA)
    assert store.rows == set()


async def test_announced_hears_those_who_were_told_and_did_not_say_no() -> None:
    store = MemoryConsent()
    consent = announced(store)
    assert consent.agreed == frozenset()
    consent.told([ANA, BEN])
    assert consent.agreed == {ANA, BEN}
    assert await consent.withdraw(BEN) is True
    consent.told([BEN])
    assert consent.agreed == {ANA}
    assert (store.rows, store.declined) == (set(), {(1, BEN)})


async def test_with_opt_in_being_told_is_no_consent() -> None:
    consent = Consent(1, MemoryConsent(), frozenset())
    consent.told([ANA])
    assert consent.agreed == frozenset()
    consent.use_mode(ConsentMode.ANNOUNCED)
    assert consent.agreed == frozenset(), "they were told something else"


async def test_another_mode_ends_what_hung_on_the_announcement_at_once() -> None:
    heard: list[frozenset[int]] = []
    consent = announced(MemoryConsent(), BEN)
    consent.told([ANA])
    consent.listen(heard.append)
    consent.use_mode(ConsentMode.OPT_IN)
    assert heard == [frozenset({BEN})]


async def test_a_no_holds_in_both_modes_and_after_a_restart() -> None:
    store = MemoryConsent()
    settings = FixedSettings(GuildSettings(consent=ConsentMode.ANNOUNCED))
    await (await Consents(store, settings).of(1)).withdraw(ANA)
    again = await Consents(store, settings).of(1)
    again.told([ANA])
    again.use_mode(ConsentMode.OPT_IN)
    again.use_mode(ConsentMode.ANNOUNCED)
    again.told([ANA])
    assert again.agreed == frozenset()
    assert again.answer(ANA) is Answer.NO
    assert await again.agree(ANA)
    assert (store.rows, store.declined) == ({(1, ANA)}, set())


async def test_who_is_forgotten_leaves_no_trace_and_is_not_heard_unless_they_agree() -> None:
    store = MemoryConsent()
    consent = announced(store)
    await consent.withdraw(ANA)
    assert await consent.forget(ANA) is True
    assert await consent.forget(ANA) is False
    assert (store.rows, store.declined) == (set(), set())
    consent.told([ANA])
    assert consent.agreed == frozenset()
    await consent.agree(ANA)
    assert consent.agreed == {ANA}


async def test_a_mode_set_while_a_guild_is_loaded_is_not_lost() -> None:
    settings = FixedSettings(GuildSettings(consent=ConsentMode.ANNOUNCED))
    consents = Consents(MemoryConsent(), settings)
    loading = TASKS.start(consents.of(1), "load")
    await asyncio.sleep(0)
    consents.use_mode(1, ConsentMode.OPT_IN)
    assert (await loading).mode is ConsentMode.OPT_IN
    assert await consents.of(1) is await loading
