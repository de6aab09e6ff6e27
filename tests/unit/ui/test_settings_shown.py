"""A server's settings as its people read them."""

from dataclasses import replace

import pytest

from bot.domain.stored import ConsentMode, GuildSettings, Layout
from bot.guild.settings import MOST_AUTO_CHANNELS, MOST_ROLES
from bot.ui import settings_shown
from bot.words import render
from bot.words.catalogue import LOCALES

A_SNOWFLAKE = 10**18
FULL = GuildSettings(
    targets=("yue", "pt", "zh", "fil", "ast"),
    spoken="yue",
    layout=Layout.THREADS,
    originals=False,
    starter_roles=frozenset(range(A_SNOWFLAKE, A_SNOWFLAKE + MOST_ROLES)),
    consent=ConsentMode.ANNOUNCED,
    transcript_days=365,
    caption_minutes=10_080,
    daily_minutes=99_999.5,
    auto_channels={A_SNOWFLAKE + n: A_SNOWFLAKE for n in range(MOST_AUTO_CHANNELS)},
    locale="pt-BR",
    guests=19,
)


@pytest.mark.parametrize("locale", LOCALES)
def test_all_that_can_be_set_fits_a_message_in_every_language(locale: str) -> None:
    changed = settings_shown.changed(GuildSettings(), FULL, running=True)
    shown = f"{render(changed, locale)}\n{render(settings_shown.text(FULL, 0, 19), locale)}"
    assert len(shown) <= 2000


def test_every_setting_has_a_name_and_says_when_it_holds() -> None:
    idle = settings_shown.changed(GuildSettings(), FULL, running=False)
    assert idle.count("\n") == 0
    now, later = settings_shown.changed(GuildSettings(), FULL, running=True).splitlines()
    assert now == (
        "✅ Changed: who can start, who is heard, transcripts, daily limit, "
        "channels that start automatically, guest languages."
    )
    assert later == (
        "✅ Changed, starting with the next translation: languages, language read aloud, "
        "layout, originals, caption deletion, language of my messages."
    )


def test_what_was_so_already_is_said() -> None:
    same = settings_shown.changed(FULL, FULL, running=True)
    assert same == "Nothing changed; it was already set that way."


@pytest.mark.parametrize(
    ("own", "host", "says"),
    [
        (None, 0, "**Daily limit:** none"),
        (None, 60, "**Daily limit:** 60 minutes, set by the host"),
        (10, 60, "**Daily limit:** 10 minutes"),
        (90, 60, "**Daily limit:** 60 minutes, set by the host"),  # the host lowered theirs
        (1500.5, 0, "**Daily limit:** 1,500.5 minutes"),
    ],
)
def test_the_limit_that_holds_is_shown(own: float | None, host: float, says: str) -> None:
    settings = replace(GuildSettings(), daily_minutes=own)
    assert says in settings_shown.text(settings, host, 4).splitlines()


def test_one_minute_and_one_day_are_said_as_people_say_them() -> None:
    shown = settings_shown.text(GuildSettings(transcript_days=1, caption_minutes=1), 0, 4)
    assert "kept for 1 day\n" in shown
    assert "deleted after 1 minute\n" in shown


@pytest.mark.parametrize(
    ("guests", "most", "says"),
    [
        (2, 4, "2 languages they read"),
        (1, 4, "1 language they read"),
        (0, 4, "no languages"),
        (2, 1, "1 language they read"),  # the host allows fewer
        (2, 0, "no languages"),  # none can be made in writing
    ],
)
def test_what_guests_may_add_is_shown_as_far_as_it_can_be(
    guests: int, most: int, says: str
) -> None:
    shown = settings_shown.text(GuildSettings(guests=guests), 0, most)
    assert f"**Guests can add:** {says}" in shown.splitlines()
