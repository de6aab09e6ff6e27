"""docs/settings.md says what the bot reads."""

import re

from bot import settings
from tests.settings_table import TABLE, rows, table


def test_the_table_is_up_to_date() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(), "run make docs"


def test_it_has_each_setting_and_says_what_each_does() -> None:
    named = re.findall(r"^\| `([A-Z_0-9]+)` \|.*\| (\S.*) \|$", table(), re.MULTILINE)
    assert sorted(name for name, _ in named) == sorted(settings.names())
    assert "a whole number from 200 to 6000" in table()


def test_settings_without_a_comment_share_the_one_above_and_no_other() -> None:
    text = "# Not of a setting.\n\n# Where.\n# It is.\n#HOST=::1\n#PORT=1\n\n#LAST=\n"
    assert [(row.name, row.says) for row in rows(text)] == [
        ("HOST", "Where. It is."),
        ("PORT", "Where. It is."),
        ("LAST", ""),
    ]
