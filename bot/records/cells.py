"""CSV cells that a spreadsheet does not take for formulas, and their way back.

A cell that begins with one of the characters that spreadsheets compute from gets an apostrophe
before it, and so does one that would look as if it had got one: `plain(safe(text)) == text` for
any text. Which characters these are: https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

_COMPUTED: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")  # noqa: RUF001 - wide forms count as well


def safe(text: str) -> str:
    """Return the cell for a text, which no spreadsheet computes."""
    return f"'{text}" if _COMPUTED.match(text) else text


def plain(cell: str) -> str:
    """Return the text of a cell."""
    return cell[1:] if cell.startswith("'") and _COMPUTED.match(cell) else cell
