import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.page import assets
from bot.page.packets import VoiceKind
from bot.page.requests import ReadRequest, parse
from bot.page.words import WORDS, preferred
from bot.words.catalogue import LOCALES


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_has_all_its_sentences_in_each_language(locale: str) -> None:
    text = assets.page(locale).body.decode()
    data = re.search(r'id="words">(.*?)</script>', text)
    assert data is not None
    assert set(json.loads(data[1])) == set(WORDS)
    assert "{{" not in text
    assert f'<html lang="{locale}">' in text


def test_no_sentence_stands_in_the_code_and_each_that_it_names_is_there() -> None:
    files = assets.files()
    named = set()
    for name, asset in files.items():
        if name.endswith(".js"):
            named |= set(re.findall(r"WORDS\.(\w+)", asset.body.decode()))
    assert named <= set(WORDS)
    live = files["live.js"].body.decode()
    told = re.findall(r'\[44\d\d, "(\w+)"\]', live) + re.findall(r'"(re\w+ing)"', live)
    over = {"invalid", "denied", "elsewhere", "ended", "left"}
    assert set(told) == over | {"restarting", "reconnecting"}


def test_nothing_is_asked_of_anybody_else_and_no_script_stands_in_the_page() -> None:
    page = assets.page("en-US").body.decode()
    whole = page + "".join(
        asset.body.decode()
        for name, asset in assets.files().items()
        if name.endswith((".js", ".css"))
    )
    assert re.findall(r"https?://|//[a-z]+\.", whole) == []
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", page) == []
    assert re.findall(r"\son\w+=|style=|innerHTML|eval\(", whole) == []


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [
        ("", "en-US"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("tlh, fr;q=0.3", "fr"),
        ("en;q=0.2, ja;q=0.8", "ja"),
        ("pt-PT", "pt-BR"),
        ("es-ES;q=x, ko", "ko"),
        ("*", "en-US"),
        ("es", "es-ES"),
        ("es-MX,es;q=0.9", "es-419"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-SG", "zh-CN"),
        ("en-GB", "en-GB"),
    ],
)
def test_the_page_is_in_a_language_that_the_browser_likes(accepted: str, locale: str) -> None:
    assert preferred(accepted) == locale


@given(st.text(max_size=300))
def test_any_header_gives_a_locale(accepted: str) -> None:
    assets.page(preferred(accepted))


def test_a_request_is_what_it_says() -> None:
    asked = {"language": "es", "voice": "opus", "epoch": "x", "after": 3, "number": 4}
    assert parse(json.dumps(asked)) == ReadRequest("es", VoiceKind.OPUS, "x", 3, 4)
    assert parse(json.dumps(asked | {"language": None, "voice": None})) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "{}",
        "[" * 1000,
        '{"language": 1, "voice": null, "epoch": "", "after": 0, "number": 0}',
        '{"language": "es", "voice": "mp3", "epoch": "", "after": 0, "number": 0}',
        '{"language": "es", "voice": null, "epoch": "", "after": true, "number": 0}',
        '{"language": "es", "voice": null, "epoch": "", "after": 1.5, "number": 0}',
        '{"language": "es", "voice": null, "after": 0, "number": 0}',
        '{"language": "es", "voice": null, "epoch": "", "after": 0, "number": -1}',
    ],
)
def test_what_is_no_request_is_none(wrong: str) -> None:
    assert parse(wrong) is None
