"""Every command there is: tested in three ways, and answered within a second."""

import ast
import asyncio
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LoopbackError
from bot.loopback import Bot, Person
from tests.call.test_run import UNUSED_ENGINE
from tests.integration.commands.test_transcript_command import keep, line
from tests.support.call import ANSWERED_WITHIN_S, ROOT, Place, ask, bot_at, enter, notice_of, place
from tests.support.page import free_port
from tests.words.commands import menus

_REFUSED = re.compile(r"\n-# [0-9a-f]{8}$")
_NESTED = (1, 2)  # Discord's types of subcommands and their groups

Test = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Cases:
    """The tests of a command, as "file::function" below `tests`.

    Attributes:
        success: It does what it is for.
        permission: Who lacks one is refused; where none is needed, one who has none is served.
        bad: Bad input, or of a command without input the wrong moment, is answered in words.
    """

    success: str
    permission: str
    bad: str


_ROOM = "call/test_room_commands.py::"
_CHANGED = Cases(
    f"{_ROOM}test_a_room_is_changed_while_it_runs",
    f"{_ROOM}test_only_those_whom_the_server_lets_start_and_change_a_room",
    f"{_ROOM}test_what_cannot_be_is_said_and_changes_nothing",
)
_PAGE = "call/test_page.py::"
_ALOUD = f"{_ROOM}test_translations_are_read_aloud_as_the_room_wants_it"
_DECIDES = "call/test_who_decides.py::"
_ALL = "call/test_commands_for_everybody.py::"
_FOR_ALL = f"{_ALL}test_a_member_without_any_permission_is_served"
_GLOSSARY = "integration/commands/test_glossary_commands.py::"
_TERMS = f"{_GLOSSARY}test_terms_are_added_changed_listed_and_removed"
_FILES = f"{_GLOSSARY}test_an_exported_file_is_imported_as_it_was"
_MANAGED = f"{_GLOSSARY}test_only_who_manages_the_server_changes_its_glossary"
_UNKNOWN = f"{_GLOSSARY}test_what_can_not_be_is_refused_in_a_sentence"
_SETTINGS = "call/test_settings_commands.py::"
_SET = f"{_SETTINGS}test_each_setting_is_changed_and_shown"
_MANAGERS = f"{_SETTINGS}test_only_who_may_manage_the_server_sees_or_uses_any_of_it"
_SETTING = Cases(
    _SET,
    _MANAGERS,
    f"{_SETTINGS}test_what_can_not_be_is_refused_and_nothing_is_half_changed",
)
_UNREADABLE = f"{_SETTINGS}test_settings_that_can_not_be_read_are_answered_in_words"
_MENUS = f"{_SETTINGS}test_roles_are_chosen_in_a_menu_and_both_outlive_a_restart"
_OWN = Cases(
    "call/test_privacy_commands.py::"
    "test_with_opt_in_who_enters_later_reads_a_word_and_decides_by_command",
    _FOR_ALL,
    f"{_ALL}test_what_is_so_already_is_said",
)
_MESSAGES = "integration/commands/test_message_translation.py::"
_CORRECTIONS = "integration/commands/test_caption_correction.py::"
_HELP = "call/test_welcome.py::"
COVERED: Mapping[str, Cases] = {
    "help": Cases(
        f"{_HELP}test_help_says_the_same_in_the_readers_language_in_servers_and_direct_messages",
        f"{_HELP}test_help_serves_a_member_without_any_permission_and_offers_no_check",
        f"{_HELP}test_help_is_answered_in_words_where_the_settings_can_not_be_read",
    ),
    "Translate": Cases(
        f"{_MESSAGES}test_a_message_is_read_in_ones_own_language_by_oneself_alone",
        f"{_MESSAGES}test_a_member_who_may_only_see_is_served",
        f"{_MESSAGES}test_what_can_not_be_translated_is_answered_in_words",
    ),
    "Correct this": Cases(
        f"{_CORRECTIONS}test_who_manages_the_server_corrects_and_the_next_sentence_has_it",
        f"{_CORRECTIONS}test_others_suggest_and_only_who_may_accepts_also_after_a_restart",
        f"{_CORRECTIONS}test_what_can_not_be_is_answered_and_nothing_is_posted",
    ),
    "say": Cases(
        "call/test_typed_words.py::test_typed_words_stand_under_their_members_name_in_all_languages",
        "call/test_typed_words.py::test_only_who_joined_in_and_is_there_is_shown",
        "call/test_typed_words.py::test_without_words_or_a_room_nothing_is_said",
    ),
    "translate start": _CHANGED,
    "translate stop": Cases(
        f"{_DECIDES}test_a_stop_is_asked_back_while_others_are_heard",
        _CHANGED.permission,
        f"{_DECIDES}test_a_confirmed_stop_ends_the_call_it_was_asked_for_and_no_other",
    ),
    "translate pause": _CHANGED,
    "translate resume": _CHANGED,
    "translate move": _CHANGED,
    **{
        f"translate voice {name}": Cases(_ALOUD, _CHANGED.permission, _CHANGED.bad)
        for name in ("on", "off", "mode", "volume")
    },
    "translate listen": Cases(
        f"{_PAGE}test_a_member_reads_and_hears_the_call_on_their_page",
        f"{_PAGE}test_who_can_not_see_the_captions_gets_no_link",
        f"{_PAGE}test_what_is_not_to_be_read_gives_no_link",
    ),
    "translate voice skip": Cases(
        f"{_ROOM}test_what_is_being_read_aloud_is_skipped_and_its_caption_says_so",
        _CHANGED.permission,
        _CHANGED.bad,
    ),
    "translate language add": _CHANGED,
    "translate language remove": _CHANGED,
    "translate my-languages": Cases(_CHANGED.success, _FOR_ALL, _CHANGED.bad),
    "translate my-voice": Cases(
        "call/test_my_voice.py::"
        "test_each_person_is_spoken_as_they_want_and_imitated_only_by_their_own_yes",
        _FOR_ALL,
        _CHANGED.bad,
    ),
    "translate status": Cases(_CHANGED.success, _FOR_ALL, _CHANGED.bad),
    "translate usage": Cases(
        "call/test_daily_minutes.py::"
        "test_members_read_that_the_minutes_are_used_up_also_after_a_restart",
        _FOR_ALL,
        f"{_ALL}test_what_is_so_already_is_said",
    ),
    "translate transcript": Cases(
        "integration/commands/test_transcript_command.py::"
        "test_whoever_sees_the_channel_gets_its_newest_transcript_in_any_format",
        "integration/commands/test_transcript_command.py::"
        "test_who_does_not_see_the_channel_gets_nothing_of_it",
        "integration/commands/test_transcript_command.py::test_what_there_is_not_is_said",
    ),
    "glossary add": Cases(_TERMS, _MANAGED, _UNKNOWN),
    "glossary remove": Cases(_TERMS, _MANAGED, _UNKNOWN),
    "glossary list": Cases(_TERMS, _FOR_ALL, _UNKNOWN),
    "glossary import": Cases(
        _FILES,
        _MANAGED,
        f"{_GLOSSARY}test_a_file_with_mistakes_is_not_taken_and_they_are_named",
    ),
    "glossary export": Cases(_FILES, _FOR_ALL, _UNKNOWN),
    "settings show": Cases(_SET, _MANAGERS, _UNREADABLE),
    "settings languages": _SETTING,
    "settings voice": _SETTING,
    "settings captions": _SETTING,
    "settings starters": Cases(_MENUS, _MANAGERS, _UNREADABLE),
    "settings privacy": Cases(
        f"{_SETTINGS}test_hearing_everybody_is_confirmed_with_its_duty_and_taken_back_at_once",
        _MANAGERS,
        _SETTING.bad,
    ),
    "settings transcripts": _SETTING,
    "settings limits": _SETTING,
    "settings auto-start": _SETTING,
    "settings language": _SETTING,
    "settings reset": Cases(
        f"{_SETTINGS}test_a_reset_is_asked_back",
        _MANAGERS,
        f"{_SETTINGS}test_a_reset_of_what_was_never_set_says_so",
    ),
    "settings check": Cases(
        "call/test_permissions.py::test_the_check_walks_all_that_a_room_needs",
        _MANAGERS,
        "call/test_permissions.py::"
        "test_the_check_needs_a_voice_channel_and_finds_the_one_its_person_is_in",
    ),
    "privacy join": _OWN,
    "privacy leave": _OWN,
    "privacy status": _OWN,
    "privacy forget-me": _OWN,
}


MENUS = menus()
"""Commands that are chosen in the menu of a message; their own tests hold their second."""


def registered(account: Bot) -> set[str]:
    """Every command that Discord has of this bot, groups and subcommands before it."""

    def leaves(part: Mapping[str, Any], path: str) -> Iterator[str]:
        below = [option for option in part["options"] if option["type"] in _NESTED]
        for option in below:
            yield from leaves({"options": [], **option}, f"{path} {option['name']}")
        if not below:
            yield path

    return {path for part in account.commands.values() for path in leaves(part, part["name"])}


def uses(test: str, command: str) -> bool:
    """Whether a test is there and has the command's name in it, or in what its file shares."""
    file, _, name = test.partition("::")
    module = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    tests = [node for node in module.body if isinstance(node, Test) and "test_" in node.name]
    shared = [node for node in module.body if node not in tests]
    wanted = (command, command.partition(" ")[2])  # helpers for one cog put its name before
    return any(node.name == name for node in tests) and any(
        isinstance(word, ast.Constant) and word.value in wanted
        for part in (*shared, *(node for node in tests if node.name == name))
        for word in ast.walk(part)
    )


async def test_every_command_has_tests_of_success_permission_and_bad_input(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        assert registered(where.account) == set(COVERED)
    missing = [
        (command, test)
        for command, cases in COVERED.items()
        for test in astuple(cases)
        if not uses(test, command)
    ]
    assert missing == []


def spelled_out(text: str, account: Bot) -> list[str]:
    """Commands that stand in a text as plain words, in any language; mentions are none."""
    roots = [
        name
        for command in account.commands.values()
        for name in (command["name"], *(command["name_localizations"] or {}).values())
    ]
    return re.findall(rf"(?<!<)/(?:{'|'.join(map(re.escape, roots))})\b", text)


def in_order(where: Place, host: Person) -> list[tuple[str, dict[str, Any]]]:
    """Every command that is typed, used so that it can be done."""
    lounge = {"channel": where.lounge}
    den = {"channel": where.guild.add_voice_channel("Den")}
    file = host.upload("words.csv", b"hello,hola,es", where.captions)
    return [
        ("help", {}),
        ("settings show", {}),
        ("settings check", lounge),
        ("settings languages", {"to": "en, fr"}),
        ("settings voice", {"language": "fr"}),
        ("settings captions", {"originals": False}),
        ("settings starters", {}),
        ("settings privacy", {"mode": "only those who joined in"}),
        ("settings transcripts", {"days": 3}),
        ("settings limits", {"minutes": 9}),
        ("settings auto-start", den),
        ("settings language", {"language": "de"}),
        ("settings reset", {}),
        ("translate transcript", {"format": "txt"}),
        ("translate start", {"to": "en", **lounge}),
        ("translate status", {}),
        ("translate usage", {}),
        ("translate language add", {"language": "es"}),
        ("translate language remove", {"language": "en"}),
        ("translate my-languages", {"speaks": "de", "reads": "ja"}),
        ("translate my-voice", {"voice": "none"}),
        ("translate voice on", {}),
        ("translate voice mode", {"mode": "over"}),
        ("translate voice volume", {"percent": 80}),
        ("translate listen", {}),
        ("translate voice skip", {}),
        ("translate voice off", {}),
        ("translate pause", {}),
        ("translate resume", {}),
        ("say", {"text": "hello"}),
        ("translate move", den),
        ("translate stop", {}),
        ("glossary add", {"language": "es", "source": "hello", "translation": "hola"}),
        ("glossary list", {}),
        ("glossary export", {}),
        ("glossary remove", {"source": "hello"}),
        ("glossary import", {"file": file}),
        ("privacy join", {}),
        ("privacy status", {}),
        ("privacy leave", {}),
        ("privacy forget-me", {}),
    ]


async def test_every_command_does_its_work_and_answers_within_a_second(tmp_path: Path) -> None:
    async with place() as where:
        said_at = datetime.now(UTC).timestamp() - 60
        said = line(f"{where.captions.id}.one", 1, said_at, "en", "Hello.")
        await keep(tmp_path, where.guild.id, 2, said)
        port = free_port()
        page = {"PUBLIC_URL": f"http://localhost:{port}", "WEB_PORT": str(port)}
        async with bot_at(where, tmp_path, UNUSED_ENGINE, **page):
            host = await enter(where.guild.add_person("Host", admin=True), where)
            todo = in_order(where, host)
            assert {command for command, _ in todo} == registered(where.account) - MENUS
            for command, options in todo:
                answer = await ask(host, where, command, **options)
                assert not _REFUSED.search(answer.content), f"{command}: {answer.content}"
        assert where.discord.complaints == []
        posted = [m for channel in where.guild.state.channels.values() for m in channel.messages]
        assert posted
        assert [m.content for m in posted if spelled_out(m.content, where.account)] == []


@pytest.mark.parametrize("locale", ["en-US", "de", "ja"])
async def test_commands_in_answers_and_refusals_can_be_clicked(locale: str, tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = where.guild.add_person("Host", admin=True, locale=locale)
        for person in (host, where.guild.add_person("Ana", locale=locale)):
            for command, options in in_order(where, host):
                try:
                    answer = await person.command(command, options, channel=where.captions)
                except LoopbackError:  # not offered to a member
                    continue
                assert not spelled_out(answer.content, where.account), answer.content
        assert where.discord.complaints == []


async def test_commands_and_buttons_answer_while_the_database_is_held_by_another(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana, ben = (where.guild.add_person(name) for name in ("Ana", "Ben"))
        await ask(host, where, "translate start", to="en")
        notice = await notice_of(where)
        file = tmp_path / "parley.db"
        with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "begin immediate")  # after what the room writes
            work = asyncio.gather(
                ask(host, where, "translate my-languages", speaks="de"),
                ask(host, where, "glossary add", language="es", source="a", translation="b"),
                ask(host, where, "settings transcripts", days=3),
                ask(ana, where, "privacy leave"),
                ana.press(notice, "Join in"),
                ben.press(notice, "Stay out"),
            )
            await asyncio.sleep(1.5)
            assert not work.done()
            other.execute("rollback")
            answers = await work
        assert all(answer.answered_after_s < ANSWERED_WITHIN_S for answer in answers)
        assert answers[0].content == "You speak German."
        assert answers[2].content.startswith("✅ Changed: transcripts.")
