"""The languages of LiveTranslate by their codes."""

from typing import Final

NAMES: Final = {
    "af": "Afrikaans",
    "ar": "Arabic",
    "ast": "Asturian",
    "az": "Azerbaijani",
    "be": "Belarusian",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "bs": "Bosnian",
    "ca": "Catalan",
    "ceb": "Cebuano",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fil": "Filipino",
    "fr": "French",
    "gl": "Galician",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "is": "Icelandic",
    "it": "Italian",
    "ja": "Japanese",
    "jv": "Javanese",
    "kk": "Kazakh",
    "kn": "Kannada",
    "ko": "Korean",
    "ky": "Kyrgyz",
    "lv": "Latvian",
    "mk": "Macedonian",
    "ml": "Malayalam",
    "mr": "Marathi",
    "ms": "Malay",
    "nb": "Norwegian Bokmål",
    "nl": "Dutch",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sv": "Swedish",
    "sw": "Swahili",
    "tg": "Tajik",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}
"""Code of the service -> English name, of every language any model knows."""

# fmt: off
SPOKEN: Final = frozenset({
    "zh", "en", "ar", "de", "fr", "es", "pt", "id", "it", "ko", "ru", "th", "vi", "ja", "tr",
    "hi", "ms", "nl", "ur", "nb", "sv", "da", "he", "fi", "pl", "is", "cs", "fil", "fa",
})
"""Text and voice with qwen3.5 and qwen3.8."""

TEXT_ONLY: Final = frozenset({
    "yue", "el", "af", "ast", "be", "bg", "bn", "bs", "ca", "ceb", "et", "gl", "gu", "hr", "hu",
    "jv", "kk", "kn", "ky", "lv", "mk", "ml", "mr", "pa", "ro", "sk", "sl", "sw", "tg", "az",
    "uk",
})
"""Text without voice with qwen3.5 and qwen3.8."""

QWEN3_SPOKEN: Final = frozenset({
    "en", "zh", "ru", "fr", "de", "pt", "es", "it", "ko", "ja", "yue",
})
"""Text and voice with qwen3."""

QWEN3_TEXT_ONLY: Final = frozenset({
    "id", "vi", "th", "ar", "hi", "el", "tr",
})
"""Text without voice with qwen3."""
# fmt: on
CUT: Final = " …"
"""Stands behind a text of which something is missing."""

UNSPACED: Final = frozenset({"zh", "yue", "ja", "th"})
"""Written without a space between sentences."""


def name(code: str) -> str:
    """Return the English name of a language, or its code when it is unknown."""
    return NAMES.get(code, code)
