"""What the log says when the bot starts."""

from bot import __version__
from bot.doctor import summary
from bot.settings import load

GIVEN = {
    "DISCORD_TOKEN": "a.b.c",
    "DASHSCOPE_API_KEY": "sk-1",
    "DATABASE_URL": "postgresql+asyncpg://ana:secret@example.org/parley",
    "PUBLIC_URL": "https://parley.example.org",
}


def test_it_names_what_runs_and_no_secret() -> None:
    assert summary.versions().startswith(f"Parley {__version__}, Python 3.")
    assert summary.parts(load(None, given=GIVEN)) == (
        "database PostgreSQL; service dashscope-intl.aliyuncs.com; "
        "page https://parley.example.org on 127.0.0.1:8081"
    )
