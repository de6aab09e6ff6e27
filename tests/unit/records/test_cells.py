"""Cells that no spreadsheet computes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records import cells

SHARP = st.text(alphabet="'=+-@\t\r\nab＝", max_size=6)  # noqa: RUF001 - a wide form


@given(st.text() | SHARP)
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert cells.plain(cells.safe(text)) == text


@given(st.text() | SHARP)
def test_no_cell_begins_a_formula(text: str) -> None:
    assert not cells.safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("cell", ["hola", "'til", "''", "", "a=b"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert cells.safe(cell) == cells.plain(cell) == cell
