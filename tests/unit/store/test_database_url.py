from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.database import Database


@pytest.mark.parametrize("url", ["", "nonsense", "bogus://x", "sqlite+unknown:///x.db"])
async def test_a_url_that_names_no_database_is_one_line(url: str) -> None:
    with pytest.raises(
        StoreError, match=r"^The database's URL is not one that SQLAlchemy knows\.$"
    ):
        await Database.open(url)


async def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(StoreError, match="driver psycopg is not installed") as caught:
        await Database.open("postgresql+psycopg://parley:secret@127.0.0.1/parley")
    assert "secret" not in str(caught.value)


async def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreError, match=f"folder {file} can't be made"):
        await Database.open(f"sqlite+aiosqlite:///{file}/parley.db")
