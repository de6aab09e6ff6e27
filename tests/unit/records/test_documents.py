"""A transcript in every format."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records import cells
from bot.records.documents import Format, document, encoded, writer
from bot.records.utterances import Utterance, languages
from tests.support.subtitles import Cue, read_srt, read_vtt

AT = 1_795_374_000.0  # 2026-11-22 19:00:00 UTC
HELLO = Utterance(AT, AT + 2.5, 1, "Ana", "es", "Hola.", {"en": "Hello.", "fr": "Bonjour."})
AYE = Utterance(AT + 1.25, AT + 3, 2, "Ben", "en", "Aye.", {"fr": "Oui."})
NIGHT = Utterance(AT + 18_000, AT + 18_001, 1, "Ana", None, "", {"en": "Late."})
CALL = [HELLO, AYE, NIGHT]


def text(form: Format, language: str | None = None, said: list[Utterance] = CALL) -> str:
    return document(form, said, language).decode("utf-8-sig")


def test_plain_text_has_every_language_of_an_utterance_beneath_its_speaker() -> None:
    assert text(Format.TXT) == (
        "2026-11-22 (UTC)\n"
        "[19:00:00] Ana\n    es: Hola.\n    en: Hello.\n    fr: Bonjour.\n"
        "[19:00:01] Ben\n    en: Aye.\n    fr: Oui.\n"
        "\n"
        "2026-11-23 (UTC)\n"
        "[00:00:00] Ana\n    en: Late.\n"
    )


def test_one_language_shows_the_original_of_what_was_said_in_it() -> None:
    assert text(Format.TXT, "en").splitlines()[1:3] == [
        "[19:00:00] Ana: Hello.",
        "[19:00:01] Ben: Aye.",
    ]


def test_web_subtitles_mark_voice_and_language_and_count_from_the_first_word() -> None:
    shown = text(Format.VTT, "en")
    assert shown.startswith("WEBVTT\n\nNOTE 00:00:00.000 is 2026-11-22T19:00:00.000+00:00\n\n")
    assert "\n00:00:01.250 --> 00:00:03.000\n<v Ben><lang en>Aye.</lang></v>\n" in shown
    assert read_vtt(shown) == [
        Cue(0, 2500, (("Ana", "en", "Hello."),)),
        Cue(1250, 3000, (("Ben", "en", "Aye."),)),
        Cue(18_000_000, 18_001_000, (("Ana", "en", "Late."),)),
    ]


def test_subtitles_hold_all_languages_in_one_cue() -> None:
    first, second, _ = read_srt(text(Format.SRT))
    assert [words for *_, words in first.lines] == ["Hola.", "Hello.", "Bonjour."]
    assert second == Cue(1250, 3000, (("Ben", None, "Aye."), ("Ben", None, "Oui.")))


def saying(*times: tuple[float, float]) -> list[Utterance]:
    return [
        Utterance(AT + at, AT + until, 1, "Ana", None, "", {"en": "So."}) for at, until in times
    ]


def test_a_cue_ends_where_the_same_speaker_goes_on_and_can_be_read_where_they_do_not() -> None:
    same = saying((0, 9), (4, 4.2), (4.5, 4.7), (20, 20.1))
    times = [(cue.start_ms, cue.end_ms) for cue in read_vtt(text(Format.VTT, "en", same))]
    assert times == [(0, 4000), (4000, 4500), (4500, 5500), (20_000, 21_000)]


@pytest.mark.parametrize("form", [Format.VTT, Format.SRT])
def test_what_a_speaker_said_at_the_same_moment_is_one_cue(form: Format) -> None:
    shown = text(form, "en", saying((0, 1), (5, 7), (5.0001, 6), (5.2, 7)))
    cues = read_vtt(shown) if form is Format.VTT else read_srt(shown)
    assert [(cue.start_ms, cue.end_ms, len(cue.lines)) for cue in cues] == [
        (0, 1000, 1),
        (5000, 5200, 2),
        (5200, 7000, 1),
    ]


def test_json_has_everything_and_ids_that_javascript_reads() -> None:
    rows = json.loads(text(Format.JSON))["utterances"]
    assert rows[0] == {
        "at": AT,
        "until": AT + 2.5,
        "user_id": "1",
        "name": "Ana",
        "source_language": "es",
        "source_text": "Hola.",
        "texts": {"en": "Hello.", "fr": "Bonjour."},
    }
    only = json.loads(text(Format.JSON, "en"))["utterances"][1]
    assert (only["language"], only["text"]) == ("en", "Aye.")


def test_a_table_has_a_column_for_each_language() -> None:
    rows = list(csv.DictReader(io.StringIO(text(Format.CSV), newline="")))
    assert rows[0]["at"] == "2026-11-22T19:00:00.000+00:00"
    assert [row["fr"] for row in rows] == ["Bonjour.", "Oui.", ""]
    assert document(Format.CSV, CALL).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("language", [None, "en"])
def test_a_transcript_without_words_is_a_file_too(form: Format, language: str | None) -> None:
    assert isinstance(document(form, [], language), bytes)


NASTY = st.sampled_from(
    [
        "-->",
        "<v Eve>",
        "</v>",
        "&lt;",
        "\n\n",
        "\r\n",
        "=1+1",
        "<b>",
        "{\\an8}",
        "00:00",
        '"',
        "\x1c",
    ]
)
WORDS = st.lists(st.text(max_size=8) | NASTY, min_size=1, max_size=4).map("".join)
SAID = st.builds(
    Utterance,
    at=st.floats(0, 1e5).map(lambda more: AT + more),
    until=st.floats(0, 2e5).map(lambda more: AT + more),
    user_id=st.integers(1, 3),
    name=WORDS,
    source_language=st.sampled_from([None, "es", "x>y"]),
    source_text=WORDS,
    texts=st.dictionaries(st.sampled_from(["en", "zh-Hant"]), WORDS, max_size=2),
)
CALLS = st.lists(SAID, max_size=6).map(lambda said: sorted(said, key=lambda one: one.at))


@given(CALLS, st.sampled_from([None, "en"]))
def test_subtitles_of_any_words_are_valid_and_keep_them(
    said: list[Utterance], language: str | None
) -> None:
    said = [replace(one, at=said[0].at + index) for index, one in enumerate(said)]
    vtt, srt = (text(form, language, said) for form in (Format.VTT, Format.SRT))
    shown = [_shown(one, language) for one in said]
    assert [[w for *_, w in cue.lines] for cue in read_vtt(vtt)] == [w for w in shown if w]
    assert len(read_srt(srt)) == len([w for w in shown if w])


@given(CALLS)
def test_no_two_cues_of_a_speaker_overlap(said: list[Utterance]) -> None:
    said = [replace(one, name=f"Speaker {one.user_id}") for one in said]
    for cues in (read_vtt(text(Format.VTT, None, said)), read_srt(text(Format.SRT, None, said))):
        ends: dict[str, int] = {}
        for cue in cues:
            name = cue.lines[0][0]
            assert cue.start_ms >= ends.get(name, 0)
            ends[name] = cue.end_ms


def _shown(one: Utterance, language: str | None) -> list[str]:
    texts = [t for _, t in one.everything()] if language is None else [one.in_language(language)]
    printable = ("".join(c for c in t if c.isspace() or c >= " ") for t in texts)
    return [line for t in printable if (line := " ".join(t.split()))]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"user_id": int(row["user_id"])}


@given(CALLS)
def test_any_words_come_back_from_json_and_tables(said: list[Utterance]) -> None:
    rows = json.loads(text(Format.JSON, None, said))["utterances"]
    read = [Utterance(**_row(row)) for row in rows]
    assert read == said
    table = list(csv.DictReader(io.StringIO(text(Format.CSV, None, said), newline="")))
    for row, one in zip(table, said, strict=True):
        assert cells.plain(row["name"]) == one.name
        assert cells.plain(row["source_text"]) == one.source_text
        for language, words in one.texts.items():
            assert cells.plain(row[language]) == words


@given(CALLS, st.sampled_from(list(Format)), st.sampled_from([None, "en"]), st.integers(1, 4))
def test_a_file_written_in_parts_is_the_file_written_at_once(
    said: list[Utterance], form: Format, language: str | None, size: int
) -> None:
    file = writer(form, language, languages(said))
    parts = [file.add(said[start : start + size]) for start in range(0, len(said), size)]
    assert encoded(form, [*parts, file.end()]) == document(form, said, language)
