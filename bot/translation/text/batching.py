"""Several sentences in one request, a line each, and its answer back to each of them.

Qwen-MT takes one message with one source and one target language. It translates line by line as a
rule, which is nowhere promised: an answer with another number of lines is not trusted at all, and
`Trust` remembers for which servers and languages that happened. Pure: time is passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Final

from bot.domain.events import TextAnswer, TextRequest, Usage
from bot.translation.speech.echo import EchoRule

MOST_SENTENCES: Final = 16  # eight people into five languages fill ten, at a request a second
MOST_BYTES: Final = 3_000  # in UTF-8 about 1,000 tokens in any script, and its answer as many
PARTS: Final = 4  # a batch that failed goes out again in so many, and these sentence by sentence
MOST_FAILURES: Final = 3  # in a row, before batching rests
FIRST_REST_S: Final = 10.0
LONGEST_REST_S: Final = 300.0
MOST_DOUBTS: Final = 1024  # of more, the oldest is forgotten

Pair = tuple[int, str | None, str]


def pair(request: TextRequest) -> Pair:
    """Return server, source and target: what sentences of one request have in common."""
    return request.guild_id, request.source, request.target


def line(text: str) -> str:
    """Return a sentence without line breaks."""
    return " ".join(text.split())


def fits(batch: Sequence[TextRequest], another: TextRequest) -> bool:
    """Return whether another sentence of the same room and languages may share their request.

    Those of an unknown language do so among themselves, with the language left to the service. Most
    often they are all of one: of the language that a model assumes, and so does not name.
    """
    texts = [line(request.text) for request in (*batch, another)]
    size = sum(len(text.encode()) + 1 for text in texts)
    if not all(texts) or len(texts) > MOST_SENTENCES or size > MOST_BYTES:
        return False
    # A glossary that was changed meanwhile must not change what was asked before.
    return all(
        request.terms.get(term, wanted) == wanted
        for request in batch
        for term, wanted in another.terms.items()
    )


def joined(batch: Sequence[TextRequest]) -> TextRequest:
    """Join them into one request; a single one stays as it is."""
    first, *others = batch
    if not others:
        return first
    terms = {term: wanted for request in batch for term, wanted in request.terms.items()}
    return replace(first, text="\n".join(line(request.text) for request in batch), terms=terms)


def parted(answer: TextAnswer, batch: Sequence[TextRequest]) -> list[TextAnswer | Usage]:
    """Return each sentence's translation, or only what it used: then it has to be asked again.

    That is all of them where the lines do not match. Where they do, it is one of an unknown
    language that came back as it was while most did not: maybe it was said in the target language,
    maybe the service took its neighbours' language for its own, and asked alone it shows.
    """
    sentences = [line(request.text) for request in batch]
    lines = [text for text in map(str.strip, answer.text.splitlines()) if text]
    if len(lines) != len(sentences):
        return [*_shares(answer.usage, sentences, sentences)]
    parts = [
        TextAnswer(text, share)
        for text, share in zip(lines, _shares(answer.usage, sentences, lines), strict=True)
    ]
    same = [
        request.source is None and EchoRule.of_texts(sentence, text)
        for request, sentence, text in zip(batch, sentences, lines, strict=True)
    ]
    if 2 * sum(same) > len(batch):
        return [*parts]
    return [part.usage if alike else part for part, alike in zip(parts, same, strict=True)]


def _shares(usage: Usage, read: Sequence[str], written: Sequence[str]) -> list[Usage]:
    """Divide a batch's tokens by the length of each line; they add up to what was used."""
    tokens_in = _divided(usage.text_tokens_in, [len(text.encode()) for text in read])
    tokens_out = _divided(usage.text_tokens_out, [len(text.encode()) for text in written])
    return [
        Usage(text_tokens_in=count_in, text_tokens_out=count_out)
        for count_in, count_out in zip(tokens_in, tokens_out, strict=True)
    ]


def _divided(total: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    ends = [total * weight // whole for weight in accumulate(weights)]
    return [end - begin for begin, end in pairwise((0, *ends))]


@dataclass(slots=True)
class _Doubt:
    most: int = MOST_SENTENCES
    failures: int = 0  # in a row
    rests: int = 0
    rests_until: float = 0.0


class Trust:
    """How many sentences of a server and pair of languages may share a request, by how it went.

    Each server is judged by its own, as what is said there may be why it fails.

    One failure may be a single sentence's doing. After a few in a row each goes alone for a while,
    which grows until all is well again; then a batch of two tries, and after each success one
    twice as large.
    """

    def __init__(self) -> None:
        self._doubts: dict[Pair, _Doubt] = {}  # of pairs that failed lately

    def most(self, pair: Pair, now: float) -> int:
        """Return how many sentences of a pair may share a request."""
        doubt = self._doubts.get(pair)
        if doubt is None:
            return MOST_SENTENCES
        return 1 if now < doubt.rests_until else doubt.most

    def kept(self, pair: Pair, now: float) -> None:
        """Record that a batch's answer had a line for each sentence."""
        doubt = self._doubts.get(pair)
        if doubt is None or now < doubt.rests_until:
            return  # sent before the rest began
        doubt.most *= 2
        doubt.failures = 0
        if doubt.most >= MOST_SENTENCES:
            del self._doubts[pair]

    def lost(self, pair: Pair, now: float) -> None:
        """Record that a batch's answer could not be used."""
        doubt = self._doubts.setdefault(pair, _Doubt())
        if len(self._doubts) > MOST_DOUBTS:
            del self._doubts[next(iter(self._doubts))]
        if now < doubt.rests_until:
            return
        doubt.failures += 1
        if doubt.failures >= MOST_FAILURES:
            doubt.rests_until = now + min(LONGEST_REST_S, FIRST_REST_S * 2.0**doubt.rests)
            doubt.rests += 1
            doubt.most = 2
