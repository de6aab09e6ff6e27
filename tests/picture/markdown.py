"""The Markdown that the bot writes, as Discord reads it, in HTML."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s])"
    r"|`(?P<code>[^`]+)`"
    r"|\*\*(?P<strong>.+?)\*\*"
    r"|__(?P<u>.+?)__"
    r"|~~(?P<s>.+?)~~"
    r"|\*(?P<em>[^\s*](?:.*?[^\s*])?)\*"
    r"|\b_(?P<em_>.+?)_\b"
    r"|\[(?P<label>[^\]]+)\]\(<?(?P<target>https?://[^\s>)]+)>?\)"
    r"|<?(?P<url>https?://[^\s>)]+)>?"
    r"|<(?:#|@[!&]?)(?P<mention>\d+)>"
    r"|<(?P<command>/[^:<>]+):\d+>"
    r"|<t:(?P<time>\d+)(?::(?P<style>[tTdDfFR]))?>"
)
_NESTED = {"strong": "strong", "u": "u", "s": "s", "em": "em", "em_": "em"}
_STARTS = (
    (re.compile(r"(#{1,3}) +"), "heading"),
    (re.compile(r"-# +"), "small"),
    (re.compile(r" *[-*] +"), "bullet"),
    (re.compile(r"> +"), "quote"),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """What a message needs to be read.

    Attributes:
        names: Of what may be mentioned, by id, with the sign before it.
        moment: A time in words, from Discord's letter for its form.
    """

    names: Mapping[int, str]
    moment: Callable[[str], str]

    def html(self, content: str) -> str:
        """A message's lines."""
        return "\n".join(map(self._line, content.split("\n")))

    def _line(self, line: str) -> str:
        kind = "line"
        for start, its_kind in _STARTS:
            if (found := start.match(line)) is not None:
                line, kind = line[found.end() :], its_kind
                break
        return f'<div class="{kind}">{self._inline(line) or "<br>"}</div>'

    def _inline(self, text: str) -> str:
        written, at = "", 0
        for found in _INLINE.finditer(text):
            written += escape(text[at : found.start()], quote=False) + self._piece(found)
            at = found.end()
        return written + escape(text[at:], quote=False)

    def _piece(self, found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        words = found[kind]
        if kind in _NESTED:
            tag = _NESTED[kind]
            return f"<{tag}>{self._inline(words)}</{tag}>"
        if kind == "escaped":
            return escape(words, quote=False)
        if kind == "code":
            return f"<code>{escape(words, quote=False)}</code>"
        if kind in {"target", "url"}:
            label = words if kind == "url" else found["label"]
            return f'<span class="link">{escape(label, quote=False)}</span>'
        if kind in {"mention", "command"}:
            shown = self.names[int(words)] if kind == "mention" else words
            return f'<span class="mention">{escape(shown, quote=False)}</span>'
        return f'<span class="moment">{self.moment(found["style"] or "f")}</span>'
