"""Who says what in the demo."""

from pathlib import Path

import pytest

from bot.audio import files
from bot.demo.script import Script, SpokenLine, parse_lines, parse_targets
from bot.errors import AudioError, UsageError


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "a@b.wav"
    files.write_wav(path, bytes(32_000 * 2), 16_000)
    return path


def test_a_line_names_who_what_and_when(clip: Path) -> None:
    (line,) = parse_lines([f"Ana={clip}@2.5"])
    assert (line.name, line.file, line.at_s, line.seconds) == ("Ana", clip, 2.5, 2.0)


def test_a_line_without_a_time_follows_the_one_before(clip: Path) -> None:
    assert [line.at_s for line in parse_lines([f"Ana={clip}", f"Ben={clip}"])] == [0.0, 3.5]


@pytest.mark.parametrize("word", ["Ana", "=x.wav", "Ana=", "x" * 40 + "=y.wav", "Ana=x.wav@-1"])
def test_a_malformed_line_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--speak"):
        parse_lines([word])


def test_nobody_says_two_things_at_once(clip: Path) -> None:
    with pytest.raises(UsageError, match="Ana would say"):
        parse_lines([f"Ana={clip}@0", f"Ana={clip}@1"])
    assert len(parse_lines([f"Ana={clip}@0", f"Ben={clip}@1"])) == 2


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"no file .*none\.wav"):
        parse_lines([f"Ana={tmp_path / 'none.wav'}"])


def test_a_file_that_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(AudioError, match=r"text\.wav"):
        parse_lines([f"Ana={tmp_path / 'text.wav'}"])


def test_what_is_damaged_and_how_long_it_lasts_is_said_before() -> None:
    def script(*lines: SpokenLine) -> Script:
        return Script(lines, ("en",), None)

    hour, whole = bytes(2 * 16_000 * 3700), bytes(32_000)
    assert script(SpokenLine("Ana", Path("a.wav"), whole, 0)).remarks == ()
    assert script(
        SpokenLine("Ana", Path("a.mp3"), whole, 0, damaged=2),
        SpokenLine("Ben", Path("b.mp3"), hour, 5),
    ).remarks == (
        "a.mp3 is damaged: 2 of its packets are left out.",
        "The call lasts 1 h 1 min.",
    )
    assert script(SpokenLine("Ana", Path("a.wav"), whole, 89.4)).remarks == (
        "The call lasts 1 min 30 s.",
    )


def test_languages_are_codes_there_are() -> None:
    names = {"en": "English", "es": "Spanish"}
    assert parse_targets("en, ES,en", names, "--to") == ("en", "es")
    assert parse_targets("español, en-US", names, "--to") == ("es", "en")
    with pytest.raises(UsageError, match="--to: there is no language 'xx'"):
        parse_targets("xx", names, "--to")
