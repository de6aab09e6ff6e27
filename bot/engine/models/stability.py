"""Which part of a text that is still being heard will stay.

Each hypothesis is the whole text anew. What two successive ones begin with in common, in whole
words, is taken as stable (the rule of local agreement), but for the last word, which more sound
may still change.
"""

import re

_WORDS = re.compile(r"\s*\S+")
# Written without spaces between words, so that each sign is one.
_SIGNS = re.compile(
    r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\s\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+\s*|\s+"
)
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


def _pieces(text: str) -> list[str]:
    return (_SIGNS if _DENSE.search(text) else _WORDS).findall(text)


class Stability:
    """The stable part along one turn's hypotheses. It only ever grows."""

    def __init__(self) -> None:
        self.stable = ""
        self._last: list[str] = []

    def hear(self, hypothesis: str) -> str:
        """Return what this hypothesis adds to the stable part."""
        pieces = _pieces(hypothesis)
        common = 0
        for new, old in zip(pieces, self._last, strict=False):
            if new != old:
                break
            common += 1
        self._last = pieces
        agreed = "".join(pieces[: min(common, len(pieces) - 1)])
        if not agreed.startswith(self.stable):
            return ""
        fresh = agreed[len(self.stable) :]
        self.stable = agreed
        return fresh

    def settle(self, text: str) -> str:
        """Return what the final text adds; nothing where it departs from the stable part."""
        if not text.startswith(self.stable):
            return ""
        fresh = text[len(self.stable) :]
        self.stable = text
        return fresh

    def split(self, hypothesis: str) -> tuple[str, str]:
        """Split the hypothesis into (stable, may change)."""
        if hypothesis.startswith(self.stable):
            return self.stable, hypothesis[len(self.stable) :]
        return "", hypothesis
