"""What `parley demo` may be asked for is found out before anything begins."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.audio import files
from bot.demo.options import Options, script_of
from bot.errors import AudioError, ParleyError, SettingsError, UsageError
from bot.settings import names

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def options(tmp_path: Path) -> Options:
    files.write_wav(tmp_path / "a.wav", bytes(64_000), 16_000)
    return Options(("Ana=a.wav",), "en", None, None, live=False, out=Path("out"), plain=True)


def test_what_was_asked_for_becomes_a_script(options: Options) -> None:
    script = script_of(replace(options, to="en-US, español", speak=("Ana=a.wav", "B=a.wav@1.5")))
    assert (script.targets, script.spoken) == (("en", "es"), "en")
    assert [(line.name, line.file_name, line.at_s) for line in script.lines] == [
        ("Ana", "a.wav", 0.0),
        ("B", "a.wav", 1.5),
    ]


def test_three_people_speak_unless_others_are_named(options: Options) -> None:
    assert len(script_of(replace(options, speak=())).people) == 3


@pytest.mark.parametrize(
    ("to", "voice", "spoken"),
    [
        ("en", None, "en"),
        ("el,en", None, "en"),  # the first that can be spoken
        ("el", None, None),
        ("en,es", "Spanish", "es"),
        ("en", " OFF ", None),
        ("en", "none", None),
    ],
)
def test_the_first_language_that_has_a_voice_is_spoken(
    to: str, voice: str | None, spoken: str | None, options: Options
) -> None:
    assert script_of(replace(options, to=to, voice=voice)).spoken == spoken


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        ({"to": "tlh"}, UsageError, "--to: there is no language 'tlh'"),
        ({"to": " , "}, UsageError, "--to names no language."),
        ({"to": "en,es,fr,de,it,pt"}, UsageError, "--to: 6 languages are more than the 5"),
        (
            {"to": "pl"},
            UsageError,
            "does not translate into Polish; --model qwen3.5-livetranslate-flash-realtime does.",
        ),
        ({"to": "el", "voice": "el"}, UsageError, "can write Greek, but not speak it."),
        ({"voice": "es"}, UsageError, "--voice: es is not one of the languages of --to."),
        ({"voice": "x"}, UsageError, "--voice: there is no language 'x'"),
        ({"model": "gpt-5"}, SettingsError, "LIVETRANSLATE_MODEL must be a realtime model"),
        (
            {"model": "qwen4-livetranslate-flash-realtime"},
            UsageError,
            "--model: the engine on this machine does not know it",
        ),
        ({"live": True}, SettingsError, "DASHSCOPE_API_KEY is missing"),
        ({"out": Path("/dev/null/x")}, UsageError, "--out: /dev/null/x can't be written"),
        ({"out": Path("a.wav")}, UsageError, "--out: a.wav can't be written: File exists."),
        ({"speak": ("Ana",)}, UsageError, "--speak: 'Ana' should be NAME=FILE"),
        ({"speak": ("\u200b=a.wav",)}, UsageError, "should be NAME=FILE"),
        ({"speak": ("Ana=none.wav",)}, AudioError, "There is no file none.wav."),
        ({"speak": ("Ana=.",)}, AudioError, ". is a folder."),
        ({"speak": ("Ana=a.wav", "Ana=a.wav@1")}, UsageError, "Ana would say a.wav at 1.0 s"),
        ({"speak": ("Ana=a.wav",) * 201}, UsageError, "201 lines are more than the 200"),
    ],
)
def test_what_can_not_be_is_refused(
    wrong: dict[str, object], kind: type[ParleyError], says: str, options: Options
) -> None:
    with pytest.raises(kind) as caught:
        script_of(replace(options, **wrong))  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_settings_that_the_call_would_need_are_looked_at(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_LANGUAGES", "1")
    with pytest.raises(UsageError, match="--to: 2 languages are more than the 1"):
        script_of(replace(options, to="en,es"))
    monkeypatch.setenv("MAX_LANGUAGES", "many")
    with pytest.raises(SettingsError, match="MAX_LANGUAGES must be"):
        script_of(options)


def test_the_results_of_an_earlier_call_go_when_all_is_well(
    options: Options, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    old = tmp_path / "out/captions.json"
    old.write_text("[]")
    with pytest.raises(UsageError):
        script_of(replace(options, to="tlh"))
    assert old.exists()
    script_of(options)
    assert not old.exists()


def test_a_name_is_as_discord_shows_it(options: Options, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.wav")).write_bytes((tmp_path / "a.wav").read_bytes())
    word = os.fsdecode(b"  discord \xe9=\xff.wav")
    (line,) = script_of(replace(options, speak=(word,))).lines
    assert line.name == "disc\u043erd \N{REPLACEMENT CHARACTER}"
    assert line.file_name == "\N{REPLACEMENT CHARACTER}.wav"


@pytest.mark.parametrize("words", [["--to", "tlh"], ["--speak", "Ana=none.wav"], ["--to", "pl"]])
def test_nothing_of_the_bot_is_loaded_for_what_can_not_be(words: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from bot.cli import main; status = main(sys.argv[1:]); "
        "sys.exit(0 if status == 2 and not {'discord', 'dashscope', 'bot.app'} & set(sys.modules) "
        "else 1)"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code, "demo", *words],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1
