import os
from pathlib import Path

import pytest

from bot.engine import parts
from bot.engine.config import EngineConfig
from bot.engine.models import weights
from bot.engine.models.apertium import ApertiumTranslator
from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.ports import HeardSpeech
from bot.engine.scripted import (
    ScriptedLine,
    ScriptedRecogniser,
    ScriptedTranslator,
    ToneSynthesiser,
    tone,
)
from bot.errors import EngineError, ModelError
from tests.support.another_user import as_another_user

HOLA = ScriptedLine(400, "hola", english="hello")
HELLO = ScriptedLine(1600, "hello", language="en")


def interpreter(*known: tuple[str, str, str, str], pivot: bool = False) -> SpeechInterpreter:
    translator = ScriptedTranslator({(text, src, dst): out for text, src, dst, out in known})
    recogniser = ScriptedRecogniser((HOLA, HELLO))
    return SpeechInterpreter(recogniser, (translator,), ToneSynthesiser(), pivot=pivot)


def hearing(line: ScriptedLine, target: str) -> HeardSpeech:
    return HeardSpeech(tone(line.pitch, 1.0), None, None, target, thorough=True)


def test_text_engines_serve_what_the_recogniser_does_not() -> None:
    found = interpreter(("hola", "es", "fr", "salut")).interpret(hearing(HOLA, "fr"), None)
    assert (found.source, found.language, found.translation) == ("hola", "es", "salut")


@pytest.mark.parametrize(("line", "source"), [(HOLA, "hola"), (HELLO, "hello")])
def test_english_is_a_stop_on_the_way_only_where_that_is_allowed(
    line: ScriptedLine, source: str
) -> None:
    known = ("hello", "en", "fr", "bonjour")
    with_stop = interpreter(known, pivot=True).interpret(hearing(line, "fr"), None)
    assert (with_stop.source, with_stop.translation) == (source, "bonjour")
    without = interpreter(known).interpret(hearing(HOLA, "fr"), None)
    assert without.translation == ""
    assert without.problem is not None
    assert without.problem.code == "unsupported_language_pair"


def test_a_translation_without_a_voice_is_still_a_translation() -> None:
    found = interpreter(("hola", "es", "de", "hallo")).interpret(hearing(HOLA, "de"), "Tina")
    assert (found.translation, found.voice) == ("hallo", b"")
    assert found.problem is not None
    assert found.problem.code == "synthesis_error"


def test_a_language_nobody_understands_is_said_to_be_so() -> None:
    asked = HeardSpeech(tone(400, 1.0), "xx", None, "en", thorough=True)
    found = interpreter().interpret(asked, None)
    assert found.problem is not None
    assert found.problem.code == "unsupported_language"


def test_an_unknown_part_is_named_with_those_there_are() -> None:
    with pytest.raises(EngineError, match=r"nonsense.*silero"):
        parts.build(EngineConfig(translators=(), detector="nonsense"))


def test_a_library_of_a_part_is_told_beforehand_not_to_report_to_its_maker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    seen = []

    def loaded(_config: EngineConfig) -> object:
        seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))  # noqa: TID251 - as the library does
        return object()

    for name in ("silero", "whisper"):
        monkeypatch.setitem(parts._FACTORIES, name, loaded)
    parts.build(EngineConfig(translators=(), synthesiser=None))
    assert seen == ["1", "1"]


def test_a_model_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin"):
        weights.find(tmp_path, tmp_path, download=False)


def test_a_model_folder_of_another_user_is_an_error_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"x")
    folder.chmod(0)
    with as_another_user(), pytest.raises(ModelError) as caught:
        weights.find(folder, tmp_path, download=False)
    folder.chmod(0o700)
    assert str(caught.value) == f"The model in {folder} can't be read: Permission denied."


def test_weights_that_are_not_the_pinned_ones_are_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / f"model.bin.part{number}").write_bytes(b"not it")
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (folder / name).write_text("{}")
        folders.append(folder)
    monkeypatch.setattr(weights, "_wheel_folders", lambda: folders)
    cache = tmp_path / "cache"
    with pytest.raises(ModelError, match="pinned"):
        weights.find(None, cache, download=False)
    assert list(cache.iterdir()) == []


def test_apertium_is_asked_as_a_process_in_its_own_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "apertium"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = -l ]; then printf "spa-eng\\neng-spa_INT\\nfr-es\\n"; exit; fi\n'
        '[ "$2" = fr-es ] && exit 3\n'
        'printf "%s: " "$*"; cat\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    apertium = ApertiumTranslator()
    assert apertium.pairs == {("es", "en"), ("fr", "es")}
    assert apertium.translate("¿qué tal?", "es", "en") == "-u spa-eng: ¿qué tal?"
    with pytest.raises(EngineError, match="Apertium failed"):
        apertium.translate("salut", "fr", "es")
