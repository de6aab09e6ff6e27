"""Settings, wishes and running rooms, on both databases."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bot.domain.stored import ConsentMode, GuildSettings, Layout, MemberLanguages, SavedRoom
from bot.domain.stores import RoomStore, SettingsStore, VoiceStore, WishStore
from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.errors import StoreError
from bot.store import tables
from bot.store.database import Database
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.voices import VoiceTable
from bot.store.wishes import WishTable

GUILD, USER = 2**62 + 1, 2**63 - 1  # as large as an id of Discord can get in the database

ids = st.integers(1, 2**63 - 1)
codes = st.sampled_from(["en", "ja", "zh-CN", "pt-BR"])
whole_settings = st.builds(
    GuildSettings,
    targets=st.lists(codes, unique=True).map(tuple),
    spoken=st.none() | codes,
    layout=st.sampled_from(Layout),
    originals=st.booleans(),
    starter_roles=st.frozensets(ids, max_size=4),
    consent=st.sampled_from(ConsentMode),
    transcript_days=st.integers(0, 365),
    caption_minutes=st.integers(0, 10_000),
    daily_minutes=st.none() | st.floats(0, 1e6),
    auto_channels=st.dictionaries(ids, ids, max_size=4),
    locale=st.none() | codes,
)
saved_rooms = st.builds(
    SavedRoom,
    guild_id=ids,
    voice_channel_id=ids,
    text_channel_id=ids,
    targets=st.lists(codes, unique=True).map(tuple),
    spoken=st.none() | codes,
    starter_id=ids,
    session=st.text(max_size=20),
    paused=st.booleans(),
)
ON_BOTH = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ON_BOTH
@given(wanted=whole_settings)
async def test_settings_come_back_as_they_were_put(
    database_url: str, wanted: GuildSettings
) -> None:
    async with await Database.open(database_url) as database:
        store: SettingsStore = SettingsTable(database)
        await store.put_settings(GUILD, GuildSettings(targets=("fr",)))
        await store.put_settings(GUILD, wanted)
        assert await store.settings(GUILD) == wanted


async def test_a_server_that_set_nothing_has_the_defaults(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = SettingsTable(database)
        await store.put_settings(7, GuildSettings(originals=False))
        assert await store.settings(GUILD) == GuildSettings()


async def test_settings_of_another_version_are_read_as_far_as_they_go(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = SettingsTable(database)
        await store.put_settings(GUILD, GuildSettings())
        async with database.transaction() as connection:
            document = {"originals": False, "a_field_of_tomorrow": 1}
            await connection.execute(update(tables.settings).values(document=document))
        assert await store.settings(GUILD) == GuildSettings(originals=False)


async def test_settings_that_something_else_wrote_are_one_line(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = SettingsTable(database)
        await store.put_settings(GUILD, GuildSettings())
        async with database.transaction() as connection:
            document = {"transcript_days": "secret words"}
            await connection.execute(update(tables.settings).values(document=document))
        with pytest.raises(StoreError, match=r"settings .* can't be read: transcript_days\.$"):
            await store.settings(GUILD)


async def test_wishes_are_kept_per_member_and_empty_ones_forgotten(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store: WishStore = WishTable(database)
        await store.put_wishes(GUILD, USER, MemberLanguages(speaks="de"))
        await store.put_wishes(GUILD, USER, MemberLanguages(speaks="de", reads="ja"))
        await store.put_wishes(GUILD, 2, MemberLanguages(reads="fr"))
        await store.put_wishes(7, USER, MemberLanguages(reads="ko"))
        assert await store.wishes(GUILD) == {
            USER: MemberLanguages("de", "ja"),
            2: MemberLanguages(reads="fr"),
        }
        await store.put_wishes(GUILD, 2, MemberLanguages())
        assert await store.wishes(GUILD) == {USER: MemberLanguages("de", "ja")}
        await store.forget_wishes(GUILD, USER)
        await store.forget_wishes(GUILD, USER)
        assert await store.wishes(GUILD) == {}
        assert await store.wishes(7) == {USER: MemberLanguages(reads="ko")}


async def test_voices_are_kept_per_member_with_the_time_of_their_yes(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store: VoiceStore = VoiceTable(database)
        await store.put_voice(GUILD, USER, MemberVoice(imitated_since=1_795_000_000.25))
        await store.put_voice(GUILD, 2, MemberVoice("Ono Anna"))
        await store.put_voice(7, USER, MemberVoice("Ryan"))
        assert await store.voices(GUILD) == {
            USER: MemberVoice(imitated_since=1_795_000_000.25),
            2: MemberVoice("Ono Anna"),
        }
        await store.put_voice(GUILD, USER, MemberVoice(silent=True))
        for _ in range(2):
            await store.put_voice(GUILD, 2, AUTOMATIC)
        assert await store.voices(GUILD) == {USER: MemberVoice(silent=True)}
        assert await store.voices(7) == {USER: MemberVoice("Ryan")}


@ON_BOTH
@given(room=saved_rooms)
async def test_a_running_room_comes_back_as_it_was(database_url: str, room: SavedRoom) -> None:
    async with await Database.open(database_url) as database:
        store: RoomStore = RoomTable(database)
        await store.save_room(room)
        assert await store.rooms() == [room]
        await store.drop_room(room.guild_id)
        assert await store.rooms() == []


async def test_a_guild_has_one_room_and_one_that_ended_does_not_come_back(
    database_url: str,
) -> None:
    one = SavedRoom(GUILD, 10, 20, ("en", "ja"), "en", USER, "morning")
    moved = SavedRoom(GUILD, 11, 20, ("en",), None, USER, "morning", paused=True)
    other = SavedRoom(7, 12, 22, ("fr",), None, 3, "noon")
    async with await Database.open(database_url) as database:
        for room in (one, other, moved):
            await RoomTable(database).save_room(room)
    async with await Database.open(database_url) as database:
        store = RoomTable(database)
        assert await store.rooms() == [other, moved]
        await store.drop_room(7)
        await store.drop_room(7)
        assert await store.rooms() == [moved]
