"""The readers of the whole calls object to each thing that must not be."""

import pytest

from tests.support.listening_service import Said
from tests.support.readers import Readers, Seen, View

FINALS = {
    f"{language}0n{number}": Said(f"{language}0n{number} {language}0n{number}.", at=1.0)
    for language in ("en", "es")
    for number in (0, 1)
}
FIRST = "`EN` en0n0 en0n0.\n`ES` es0n0 es0n0.\n-# fr · fr0n0 fr0n0."
SECOND = FIRST.replace("0n0", "0n1")
NAME = "speaker0"


def objections(*changes: tuple[int, str, str], at: float = 2.0) -> list[str]:
    """To messages by number, author and content, in the order in which they were seen."""
    readers = Readers()
    readers.seen = [
        Seen(at + place, number, "captions", author, content)
        for place, (number, author, content) in enumerate(changes)
    ]
    right = View(FINALS, [NAME, "speaker1"], ("en", "es"), labelled=True)
    return [*readers.objections(right), *readers.faults_of_standing(FINALS)]


def test_all_in_order_is_right() -> None:
    growing = (1, NAME, "`EN` en0n0 …")
    assert objections(growing, (1, NAME, FIRST), (2, NAME, SECOND)) == []
    assert objections((1, "Parley", f"**speaker0** {FIRST}\n{SECOND}")) == []


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ([(1, "speaker1", FIRST)], "en0n0 stood under the name speaker1"),
        ([(1, NAME, FIRST.replace("`ES`", "`EN`"))], "es0n0 stood under the label EN"),
        ([(1, NAME, FIRST.replace("fr0n0", "fr0n1"))], "fr0n1 stood beneath es0n0"),
        ([(1, NAME, FIRST.replace("es0n0", "es0n1"))], "es0n1 stood beneath en0n0"),
        ([(1, NAME, "`EN` en0n0.")], "no final reads en0n0."),
        (
            [(1, NAME, FIRST), (1, NAME, FIRST.replace("es0n0.", "es0n0 …"))],
            "es0n0 was final and an interim of it came",
        ),
        ([(1, NAME, FIRST), (1, NAME, "")], "es0n0 was final and was taken away"),
        ([(1, NAME, FIRST)], "missing: es0n1 es0n1."),
        ([(1, NAME, "`EN` en0n0 …")], "too often or not final: en0n0 …"),
        ([(1, NAME, FIRST), (2, NAME, FIRST)], "too often or not final: en0n0 en0n0."),
        ([(1, NAME, SECOND), (2, NAME, FIRST)], "en0n0 stands too late"),
    ],
)
def test_each_fault_is_objected_to(changes: list[tuple[int, str, str]], objection: str) -> None:
    assert objection in objections(*changes)


def test_a_final_can_not_stand_before_it_was_said() -> None:
    assert "en0n0 stood before it was said" in objections((1, NAME, FIRST), at=0.5)
