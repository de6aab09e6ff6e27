"""A server's settings: checked, kept, told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.stored import ConsentMode, GuildSettings
from bot.errors import StoreError, UsageError
from bot.guild.settings import SettingsService

LANGUAGES = {"en": True, "es": True, "fr": True, "ca": False}


class Shelf:
    """A SettingsStore that a test can make fail or wait."""

    def __init__(self) -> None:
        self.rows: dict[int, GuildSettings] = {}
        self.reads = 0
        self.broken = False

    async def settings(self, guild_id: int) -> GuildSettings:
        self.reads += 1
        await asyncio.sleep(0)
        return self.rows.get(guild_id, GuildSettings())

    async def put_settings(self, guild_id: int, settings: GuildSettings) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError("The disk is full.")
        self.rows[guild_id] = settings


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def service(shelf: Shelf) -> SettingsService:
    return SettingsService(shelf, languages=LANGUAGES, most_languages=3, host_minutes=lambda _: 60)


async def test_a_change_is_kept_and_told_and_read_from_memory(
    service: SettingsService, shelf: Shelf
) -> None:
    told: list[tuple[int, GuildSettings]] = []
    stop = service.listen(lambda guild, settings: told.append((guild, settings)))
    after = await service.change(1, lambda now: replace(now, transcript_days=30))
    assert shelf.rows == {1: after}
    assert told == [(1, after)]
    assert await service.settings(1) is after
    assert shelf.reads == 1
    stop()
    await service.change(1, lambda now: replace(now, originals=False))
    assert len(told) == 1


async def test_what_changes_nothing_is_neither_kept_nor_told(
    service: SettingsService, shelf: Shelf
) -> None:
    told: list[int] = []
    service.listen(lambda guild, _: told.append(guild))
    await service.change(1, lambda now: replace(now, originals=True))
    assert (shelf.rows, told) == ({}, [])


async def test_changes_at_once_come_one_after_the_other_and_none_is_lost(
    service: SettingsService, shelf: Shelf
) -> None:
    await asyncio.gather(
        service.settings(1),
        service.change(1, lambda now: replace(now, transcript_days=30)),
        service.change(1, lambda now: replace(now, caption_minutes=5)),
        service.settings(1),
        service.change(1, lambda now: replace(now, consent=ConsentMode.ANNOUNCED)),
    )
    wanted = GuildSettings(transcript_days=30, caption_minutes=5, consent=ConsentMode.ANNOUNCED)
    assert shelf.rows == {1: wanted}
    assert await service.settings(1) == wanted


REFUSED: list[tuple[Callable[[GuildSettings], GuildSettings], str]] = [
    (lambda s: replace(s, targets=()), "at least one language"),
    (lambda s: replace(s, targets=("en", "en")), "Each language can be given only once"),
    (lambda s: replace(s, targets=("en", "es", "fr", "ca")), "up to 3 languages"),
    (lambda s: replace(s, targets=("en", "tlh")), "can't translate into Klingon"),
    (lambda s: replace(s, spoken="es"), "Spanish isn't one of"),
    (lambda s: replace(s, targets=("ca",), spoken="ca"), "Catalan is available as text only"),
    (lambda s: replace(s, transcript_days=366), "0 to 365 days"),
    (lambda s: replace(s, transcript_days=-1), "0 to 365 days"),
    (lambda s: replace(s, caption_minutes=-1), "1 to 10,080 minutes"),
    (lambda s: replace(s, daily_minutes=61), "allows 60 minutes per day"),
    (lambda s: replace(s, daily_minutes=0), "1 to 100,000 minutes"),
    (lambda s: replace(s, daily_minutes=float("nan")), "1 to 100,000 minutes"),
    (lambda s: replace(s, starter_roles=frozenset(range(26))), "up to 25 roles"),
    (lambda s: replace(s, auto_channels=dict.fromkeys(range(11), 1)), "Up to 10 voice channels"),
    (lambda s: replace(s, locale="tlh"), "Choose one from the list"),
]


@pytest.mark.parametrize(("edit", "says"), REFUSED)
async def test_what_can_not_be_is_refused_in_one_sentence_and_nothing_changes(
    service: SettingsService,
    shelf: Shelf,
    edit: Callable[[GuildSettings], GuildSettings],
    says: str,
) -> None:
    await service.change(1, lambda now: replace(now, caption_minutes=7))
    with pytest.raises(UsageError, match=says) as caught:
        await service.change(1, lambda now: edit(replace(now, originals=False)))
    assert str(caught.value).count("\n") == 0
    assert shelf.rows == {1: GuildSettings(caption_minutes=7)}
    assert await service.settings(1) == GuildSettings(caption_minutes=7)


async def test_what_can_not_be_kept_does_not_hold_and_is_told_to_nobody(
    service: SettingsService, shelf: Shelf
) -> None:
    told: list[int] = []
    service.listen(lambda guild, _: told.append(guild))
    shelf.broken = True
    with pytest.raises(StoreError):
        await service.change(1, lambda now: replace(now, transcript_days=30))
    assert await service.settings(1) == GuildSettings()
    assert told == []


async def test_a_language_that_the_service_dropped_is_in_nobodys_way(
    service: SettingsService, shelf: Shelf
) -> None:
    shelf.rows[1] = GuildSettings(targets=("tlh",), spoken="tlh")
    after = await service.change(1, lambda now: replace(now, transcript_days=1))
    assert after == GuildSettings(targets=("tlh",), spoken="tlh", transcript_days=1)


async def test_what_was_forgotten_is_read_afresh(service: SettingsService, shelf: Shelf) -> None:
    await service.change(1, lambda now: replace(now, transcript_days=30))
    shelf.rows.clear()
    service.forget(1)
    assert await service.settings(1) == GuildSettings()


async def test_it_is_a_store_itself(service: SettingsService, shelf: Shelf) -> None:
    wanted = GuildSettings(targets=("es",))
    await service.put_settings(1, wanted)
    assert shelf.rows == {1: wanted}
