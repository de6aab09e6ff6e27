"""Commands in sentences are Discord's mentions once their ids are known."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.rendering.render import notice
from bot.consent.consent import Answer
from bot.domain.notices import Notice, Occasion
from bot.domain.plan import RoomPlan
from bot.domain.stored import ConsentMode, GuildSettings, MemberLanguages
from bot.domain.voices import MemberVoice
from bot.loopback.mentions import shown
from bot.records.forgetting import Kept
from bot.ui.consent_notice import text as notice_text
from bot.words import command, commands, lines, listing, render, t
from bot.words.catalogue import LANGUAGES, LOCALES, catalogue
from cogs.privacy import standing
from cogs.welcome import steps
from tests.words.commands import paths
from tests.words.sentences import sentences

IDS = {name: 10**18 + number for number, name in enumerate(sorted({p.split()[0] for p in paths()}))}


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    commands.use_ids(IDS)
    yield
    commands.use_ids({})


def test_every_command_is_mentioned_by_its_english_name_and_its_id_for_every_reader() -> None:
    for path in paths():
        for locale in LOCALES:
            wanted = f"</{path}:{IDS[path.split()[0]]}>"
            assert render(command(path), locale) == wanted
            sentence = lines(
                [t("Start again with {command}.", command=command(path)), listing("a")]
            )
            assert wanted in render(sentence, locale)


def test_where_no_locale_is_known_and_in_logs_the_name_is_plain() -> None:
    assert str(command("translate stop")) == "/translate stop"
    assert render(command("translate stop"), None) == "/translate stop"
    assert f"{command('translate stop')}" == "/translate stop"


def test_a_command_whose_id_is_not_known_is_spelled_as_its_reader_types_it() -> None:
    commands.use_ids({"privacy": 5})
    assert render(command("privacy leave"), "de") == "</privacy leave:5>"
    spelled = render(command("translate stop"), "de")
    assert spelled == "/" + " ".join(commands.name(part, "de") for part in ("translate", "stop"))


def test_no_catalogue_spells_out_a_command() -> None:
    """Neither in the sentences of the code nor in their translations."""
    found = []
    for language in LANGUAGES:
        known = catalogue(language)
        roots = {commands.name(name, language) for name in IDS} | set(IDS)
        command = re.compile(rf"/({'|'.join(map(re.escape, roots))})\b")
        for sentence in sentences():
            for text in {
                known.gettext(sentence.message),
                *(
                    known.ngettext(sentence.message, sentence.plural, n)
                    for n in (1, 5)
                    if sentence.plural is not None
                ),
            }:
                found += [(language, text)] * bool(command.search(text))
    assert found == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_longest_messages_with_mentions_fit_a_message_of_discords(locale: str) -> None:
    """Limits count a mention as it is written, with an id of twenty digits at most."""
    commands.use_ids(dict.fromkeys(IDS, 2**64 - 1))
    settings = GuildSettings(
        consent=ConsentMode.ANNOUNCED, transcript_days=30, caption_minutes=10_000
    )
    service = t("Qwen-LiveTranslate of Alibaba Cloud ({host})", host="x" * 60)
    people = tuple(2**64 - 1 - number for number in range(100))
    plan = RoomPlan(1, 2**64 - 1, 2**64 - 1, ("en", "es", "fr", "de", "pt", "ja"), "en")
    said = notice_text(
        Notice(plan, Occasion.STARTED, people[0], heard=people),
        service,
        "x" * 100,
        settings=settings,
        locale=locale,
    )
    kept = Kept(
        mode=ConsentMode.ANNOUNCED,
        heard=False,
        answer=Answer.NO,
        answer_stored=True,
        wishes=MemberLanguages("de", "ja"),
        voice=MemberVoice(imitated_since=1_795_000_000.5),
        minutes=999.5,
        sessions=99,
    )
    for text in (
        said,
        render(steps(service, settings), locale),
        render(lines(standing(kept)), locale),
    ):
        assert len(text) <= 2000


def test_a_notice_among_captions_keeps_its_mention_and_nobody_elses() -> None:
    (text,) = notice(
        render(t("Start again with {command}.", command=command("translate start")), "en-US")
        + " </translate start:7> </other:1> *x*"
    )
    mention = f"</translate start:{IDS['translate']}>"
    assert text == rf"Start again with {mention}. \</translate start:7> \</other:1> \*x\*"


@given(st.text(alphabet="</ :>12ax_*\n", max_size=60))
def test_foreign_text_in_a_notice_never_becomes_a_mention(text: str) -> None:
    for message in notice(text):
        assert re.search(r"(?<!\\)</\w", message) is None


def test_a_reader_sees_a_mention_in_their_own_language_and_a_false_one_as_it_was_written() -> None:
    there = [
        {
            "id": str(IDS["translate"]),
            "name": "translate",
            "name_localizations": {"de": "übersetzen"},
            "options": [{"type": 1, "name": "stop", "name_localizations": {"de": "beenden"}}],
        }
    ]
    mention = f"</translate stop:{IDS['translate']}>"
    assert shown(f"Ja: {mention}!", there, "de") == "Ja: /übersetzen beenden!"
    assert shown(mention, there) == "/translate stop"
    for false in ("</translate stop:7>", f"</translate:{IDS['translate']}>", rf"\{mention}"):
        assert shown(false, there, "de") == false
