"""The answer, as it is read by people and by programs."""

import json

from bot.doctor.checks import Check, Examined, Found, Mark, fault, ok, skipped
from bot.doctor.report import JsonReport, Report, TextReport, status


async def nothing() -> Found:
    return []


DISK = Check("Machine", "disk", nothing)
TOKEN = Check("Discord", "token", nothing)
FOUND = [
    Examined(DISK, ok("Enough.")),
    Examined(TOKEN, fault("It is refused.", "Copy it again.")),
    Examined(TOKEN, skipped("Not known.")),
]


def text(report: Report) -> str:
    return "".join([*(report.tell(one) for one in FOUND), report.end()])


def test_text_is_in_columns_with_the_cure_below() -> None:
    assert text(TextReport([DISK, TOKEN], signs=False)) == (
        "Machine\n"
        "  ok       disk   Enough.\n"
        "\n"
        "Discord\n"
        "  fault    token  It is refused.\n"
        "                  Cure: Copy it again.\n"
        "  skipped         Not known.\n"
        "\n"
        "1 fault, 1 ok, 1 skipped\n"
    )


def test_a_terminal_gets_signs() -> None:
    shown = text(TextReport([DISK, TOKEN], signs=True)).splitlines()
    assert shown[1] == "  \x1b[32m✓\x1b[0m  disk   Enough."
    assert shown[4:6] == [
        "  \x1b[31m✗\x1b[0m  token  It is refused.",
        "            → Copy it again.",
    ]


def test_a_name_can_do_nothing_to_the_terminal() -> None:
    report = TextReport([DISK], signs=True)
    assert "Evil\n" not in report.tell(Examined(DISK, ok("Evil\n\x1b[2J\u202e")))


def test_json_is_a_list_of_objects() -> None:
    read = json.loads(text(JsonReport()))
    assert read[0] == {
        "group": "Machine",
        "check": "disk",
        "status": "ok",
        "line": "Enough.",
        "cure": None,
    }
    assert read[1]["cure"] == "Copy it again."
    assert len(read) == 3


def test_only_a_fault_is_a_failure() -> None:
    assert status([Mark.OK, Mark.WARNING, Mark.SKIPPED]) == 0
    assert status([Mark.OK, Mark.FAULT]) == 1
