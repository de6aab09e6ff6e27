"""Several speakers' finals in one message, when requests are scarcer than words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.chat.detail import Step
from bot.chat.message import Entry, Key
from bot.chat.rendering.render import Style
from bot.chat.transport import DIGEST
from bot.domain.events import Caption
from bot.words.codes import same_language


def together(waiting: list[Entry], step: Step) -> tuple[Entry, ...]:
    """Return the first of these, and what goes into one message with it at this step."""
    if step is Step.MERGED:
        return tuple(runs(waiting)[0])
    if step is Step.DIGEST and not waiting[0].sent:
        return tuple(fusible(waiting)) or (waiting[0],)
    return (waiting[0],)


def runs(waiting: Iterable[Entry]) -> list[list[Entry]]:
    """Group entries not yet posted, in order of speech, cut where the speaker changes.

    What stands already, and notices, are runs of their own.
    """
    found: list[list[Entry]] = []
    for entry in waiting:
        last = found[-1][-1] if found else None
        if last is not None and _fusible(last) and _fusible(entry) and _same(last, entry):
            found[-1].append(entry)
        else:
            found.append([entry])
    return found


def fusible(waiting: Iterable[Entry]) -> list[Entry]:
    """Return the first, and what may join it in a digest; empty where it must go alone."""
    found: list[Entry] = []
    for entry in waiting:
        if not _fusible(entry):
            if not found:
                break
            # What stands already is edited where it stands; a notice keeps its place.
            if entry.said:
                continue
            break
        found.append(entry)
    return found


def fused(key: Key, entries: list[Entry], style: Style) -> tuple[Entry, list[Caption]]:
    """Make one entry of what is final in these, as far as it fits into one message.

    The captions moved are taken out of the others, and returned.
    """
    first = entries[0]
    whole = Entry(
        key,
        first.order,
        first.began_at,
        first.speaker,
        urgent_at=min((e.urgent_at for e in entries if e.urgent_at is not None), default=None),
        fused=True,
    )
    moved: list[Caption] = []
    for entry in entries:
        added = {
            number: final
            for number, known in entry.said.items()
            if (final := _lacking(entry, known))
        }
        before = dict(whole.said), whole.speaker
        whole.said |= added
        if entry.speaker != first.speaker:
            whole.speaker = DIGEST
        whole.write(style)
        if len(whole.wanted) > 1 and before[0]:
            whole.said, whole.speaker = before
            whole.write(style)
            break
        for number, final in added.items():
            for caption in final.values():
                moved.append(caption)
                del entry.said[number][caption.key]
        entry.urgent_at = None
    return whole, moved


def _lacking(entry: Entry, known: Mapping[int, Caption]) -> dict[int, Caption]:
    """Return what is final and stands nowhere, each original without its own line to come.

    What was said would stand twice, once as the original and once as that line.
    """
    later = [one.language for one in known.values() if not one.final]
    return {
        key: replace(one, source_text="")
        if any(same_language(one.source_language, language) for language in later)
        else one
        for key, one in known.items()
        if entry.lacks(one)
    }


def _fusible(entry: Entry) -> bool:
    return bool(entry.said) and not entry.sent and not entry.doubtful


def _same(one: Entry, other: Entry) -> bool:
    return one.speaker is not None and one.speaker == other.speaker
