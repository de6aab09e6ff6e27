"""A term of the product has one translation in a catalogue, wherever it stands."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pytest

from bot.words.catalogue import OVER
from tests.words.catalogues import TRANSLATED, Key, entries, forms, read


class Term(NamedTuple):
    """How a term is found in English, and what each language has for it; both are patterns."""

    english: str
    de: str
    es: str
    fr: str
    ja: str
    ko: str
    pt: str
    zh: str
    zh_Hant: str  # noqa: N815 - a catalogue's name


TERMS: Mapping[str, Term] = {
    "caption": Term(
        *(r"captions?", "untertitel", "subtítulo", "sous-titre", "字幕", "자막"),
        *("legenda", "字幕", "字幕"),
    ),
    "transcript": Term(
        *(r"transcripts?", "transkript", "transcripci", "transcription", "文字起こし", "대화록"),
        *("transcriç", "文字记录", "逐字稿"),
    ),
    "glossary": Term(
        *(r"glossary", "glossar", "glosario", "glossaire", "用語", "용어집"),
        *("glossário", "术语表", "詞彙表"),
    ),
    "glossary's word": Term(
        *(
            r"(?:a|the) word|(?<!last )(?<!your )words(?! may)",
            "begriff",
            "término",
            "terme",
            "用語",
            "용어",
        ),
        *("termo", "术语", "詞彙"),
    ),
    "text channel": Term(
        *(r"text channel", "textkanal", "canal de texto", "salon textuel", "テキストチャンネル"),
        *("텍스트 채널", "canal de texto", "文字频道", "文字頻道"),
    ),
    "voice channel": Term(
        *(r"voice channels?", "sprachkan[aä]l", "canal(es)? de voz", "salons? voca(l|ux)"),
        *("ボイスチャンネル", "음성 채널", "cana(l|is) de voz", "语音频道", "語音頻道"),
    ),
    "read aloud": Term(
        *(r"(?:read|also read|reads?\b.*) aloud", "vorgelesen|vorlesen", "en voz alta"),
        *("à voix haute", "読み上げ", "읽어", "em voz alta", "朗读", "朗讀"),
    ),
    "settings": Term(
        *(r"settings?", "einstellung", "ajuste|configura", "paramètre", "設定", "설정"),
        *("configuraç", "设置", "設定"),
    ),
    "join in": Term(
        *(r"join(?:ed|ing)? in(?!to)", r"teiln|\bnimms?t?\b.* teil\b"),
        *("particip", "particip", "参加", "참여", "particip", "参与", "參與"),
    ),
    "stay out": Term(
        *(
            r"stay(?:ing|s)? out",
            "draußen",
            "fuera",
            "à l'écart",
            "参加しない",
            "참여(?:하지 않| 안 함)",
        ),
        *("de fora", "不参与", "不參與"),
    ),
    # Who is listened to; what was heard, and when, is hearing.
    "heard": Term(
        *(r"(?<!last )heard(?! yet| as)", "gehört", r"\boy|\bo[ií]", "entend", "聞き取", "듣|들"),
        *("ouvi", "收听", "聆聽"),
    ),
    "notice": Term(
        *(r"the notice", "hinweis", "aviso", "annonce", "お知らせ", "알림"),
        *("aviso", "通知", "通知"),
    ),
    "who was told": Term(
        *(r"(?:was|were|been) told", "informiert", "avis", "prévenu", "お知らせ", "알리|알림"),
        *("avisa", "通知", "通知"),
    ),
    "thread": Term(
        *(r"threads?", "thread", "hilo", r"\bfils?\b", "スレッド", "스레드"),
        *("tópico", "子区", "討論串"),
    ),
    "webhook": Term(
        *(r"webhooks?", "webhook", "webhook", "webhook", "ウェブフック", "웹후크"),
        *("webhook", "webhook", "webhook"),
    ),
    "role": Term(
        *(r"roles?", "rolle", r"\brol", "rôle", "ロール", "역할", "cargo", "身份组", "身分組"),
    ),
    "permission": Term(
        *(r"permissions?", "berechtigung", "permiso", "permission", "権限", "권한"),
        *("permiss", "权限", "權限"),
    ),
    "stage": Term(
        *(r"stage", "stage", "escenario", "conférence", "ステージ", "스테이지"),
        *("palco", "讲堂", "舞台"),
    ),
    "call": Term(
        *(r"call", "gespräch", "llamada", "appel", "通話", "통화", "chamada", "通话", "通話"),
    ),
    "guest": Term(
        *(r"guests?", "gast|gäste", "invitado", "invité", "ゲスト", "게스트"),
        *("convidado", "访客", "訪客"),
    ),
    "host": Term(
        *(r"host", "betreiber", r"\baloja", "héberge", "運営者", "운영자"),
        *("hospeda", "运营者", "架設者"),
    ),
    "daily limit": Term(
        *(r"daily limit", "tageslimit", "límite diario", "limite quotidienne", "1 日の上限"),
        *("하루 한도", "limite diário", "每日上限", "每日上限"),
    ),
    "translation service": Term(
        *(r"translation service", "übersetzungsdienst", "servicio de traducción"),
        *("service de traduction", "翻訳サービス", "번역 서비스", "serviço de tradução"),
        *("翻译服务", "翻譯服務"),
    ),
}


def all_of(name: str) -> dict[Key, tuple[str, ...]]:
    """What readers of a catalogue see: its own words, over those of the one beneath."""
    found = all_of(OVER[name]) if name in OVER else {}
    return {**found, **{key: forms(entry) for key, entry in entries(read(name)).items()}}


def otherwise(
    name: str, translations: Mapping[Key, Iterable[str]], terms: Mapping[str, Term] = TERMS
) -> set[tuple[str, str, str]]:
    """Where a catalogue says a term in other words: (catalogue, term, msgid)."""
    found = set()
    for (_, message, plural), texts in translations.items():
        english = re.sub(r"\{\w+\}", "{}", f"{message} {plural or ''}")
        for term, words in terms.items():
            stems = getattr(words, OVER.get(name, name))
            if re.search(rf"\b(?:{words.english})\b", english, re.IGNORECASE) and not all(
                re.search(stems, text, re.IGNORECASE) for text in texts
            ):
                found.add((name, term, message))
    return found


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_term_has_one_translation_in_a_catalogue(name: str) -> None:
    assert sorted(otherwise(name, all_of(name))) == []


def test_every_term_is_said_somewhere() -> None:
    english = [f"{message} {plural or ''}" for _, message, plural in all_of("de")]
    for term in TERMS.values():
        assert any(re.search(rf"\b(?:{term.english})\b", text, re.IGNORECASE) for text in english)


def test_another_word_for_a_term_is_found() -> None:
    key = (None, "The glossary is empty.", None)
    assert otherwise("de", {key: ("Das Wörterbuch ist leer.",)}) == {
        ("de", "glossary", "The glossary is empty.")
    }
    assert otherwise("de", {key: ("Das Glossar ist leer.",)}) == set()


# Another form of address than the catalogue's, or marks that it does not use.
OUT_OF_TONE: Mapping[str, str] = {
    "de": r"\bIhnen\b|\bIhre[mnr]?\b",
    "es": r"\b[Uu]sted(?:es)?\b",
    "fr": r"\b(?:[Vv]ous|[Vv]otre|[Vv]os)\b|\u2019",
    "ja": r"\d(?=[秒分日個])",
    "ko": r"니다",
    "pt": r"\b(?:[Tt]u|[Tt]eus?|[Tt]uas?)\b",
    "zh": "您",
    "zh_Hant": "您",
}


@pytest.mark.parametrize("name", sorted(OUT_OF_TONE))
def test_a_catalogue_speaks_to_its_reader_in_one_tone(name: str) -> None:
    """Several people who are named at once may have a form of their own."""
    found = [
        text
        for (_, message, _), texts in all_of(name).items()
        for text in texts
        if "{people}:" not in message and re.search(OUT_OF_TONE[name], text)
    ]
    assert found == []
