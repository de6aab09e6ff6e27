"""What was said and its translations, put together of the lines that were taken down."""

from bot.domain.stored import TranscriptLine
from bot.records.documents import Format, document
from bot.records.utterances import Utterance, utterances


def line(language: str, text: str, source: str, source_language: str | None) -> TranscriptLine:
    return TranscriptLine(
        session="s",
        utterance=1,
        at=0.0,
        until=2.0,
        user_id=1,
        name="Ana",
        language=language,
        text=text,
        source_language=source_language,
        source_text=source,
    )


def together(*lines: TranscriptLine) -> Utterance:
    (one,) = utterances(lines)
    return one


def test_a_language_has_one_line_whatever_each_conversation_heard() -> None:
    one = together(
        line("en", "Hello there.", "Hello there.", "en"),
        line("es", "Hola.", "Hello there you", "en-US"),
    )
    assert one.everything() == [("en", "Hello there."), ("es", "Hola.")]
    assert (one.in_language("en"), one.in_language("es")) == ("Hello there.", "Hola.")


def test_what_only_a_translation_carries_is_that_languages_words_too() -> None:
    one = together(line("es", "Hola.", "Hello.", "en"))
    assert one.everything() == [("en", "Hello."), ("es", "Hola.")]
    assert one.in_language("en") == "Hello."


def test_a_language_that_was_named_wrongly_is_not_claimed() -> None:
    one = together(line("en", "Yes.", "", None), line("fr", "Oui.", "S\u00ed.", "en"))
    assert one.everything() == [(None, "S\u00ed."), ("en", "Yes."), ("fr", "Oui.")]


def test_subtitles_in_all_languages_show_it_once() -> None:
    one = together(
        line("en", "Hello there.", "Hello there.", "en"),
        line("es", "Hola.", "Hello there you", "en"),
    )
    assert document(Format.SRT, [one]).decode().splitlines()[2:] == ["Ana: Hello there.", "Hola."]
