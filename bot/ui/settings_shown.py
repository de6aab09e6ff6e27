"""A server's settings in words."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final

from bot.domain.stored import ConsentMode, GuildSettings, Layout
from bot.words import Renderable, language_name, lines, listing, number, t, tn
from bot.words.catalogue import LOCALES
from bot.words.languages import words_name

_NAMES: Final[Mapping[str, str]] = {
    "targets": t("languages"),
    "spoken": t("language read aloud"),
    "layout": t("layout"),
    "originals": t("originals"),
    "starter_roles": t("who can start"),
    "consent": t("who is heard"),
    "transcript_days": t("transcripts"),
    "caption_minutes": t("caption deletion"),
    "daily_minutes": t("daily limit"),
    "guests": t("guest languages"),
    "auto_channels": t("channels that start automatically"),
    "locale": t("language of my messages"),
}
AT_ONCE: Final = frozenset(
    {"starter_roles", "consent", "transcript_days", "daily_minutes", "auto_channels", "guests"}
)


def text(settings: GuildSettings, host_minutes: float, most_guests: int) -> Renderable:
    """Describe all settings of a server, in at most one message.

    Args:
        settings: The server's settings.
        host_minutes: Minutes a day that the host allows; 0 means no limit.
        most_guests: How many languages guests may ever add.
    """
    return lines(
        (
            t(
                "**Languages:** {languages}",
                languages=listing(language_name(code) for code in settings.targets),
            ),
            _spoken(settings),
            t("**Captions:** {how}", how=_captions(settings)),
            _starters(settings),
            _consent(settings),
            _transcripts(settings),
            _limit(settings, host_minutes),
            _guests(settings, most_guests),
            _auto(settings),
            _words(settings),
        )
    )


def changed(before: GuildSettings, after: GuildSettings, *, running: bool) -> Renderable:
    """Say what a change did, and from when on.

    Args:
        before: The settings that held.
        after: The settings that hold now.
        running: Whether a room runs, which keeps what can't change under it.
    """
    different = [
        field.name
        for field in fields(GuildSettings)
        if getattr(before, field.name) != getattr(after, field.name)
    ]
    if not different:
        return t("Nothing changed; it was already set that way.")
    later = [name for name in different if name not in AT_ONCE] if running else []
    now = [name for name in different if name not in later]
    said = []
    if now:
        said.append(t("✅ Changed: {settings}.", settings=_listed(now)))
    if later:
        said.append(
            t(
                "✅ Changed, starting with the next translation: {settings}.",
                settings=_listed(later),
            )
        )
    return lines(said)


def _listed(names: Iterable[str]) -> Renderable:
    return listing(_NAMES[name] for name in names)


def _spoken(settings: GuildSettings) -> str:
    if settings.spoken is None:
        return t("**Read aloud:** nothing")
    return t("**Read aloud:** {language}", language=language_name(settings.spoken))


def _captions(settings: GuildSettings) -> Renderable:
    return listing(
        (
            (
                t("a thread for each language")
                if settings.layout is Layout.THREADS
                else t("all languages together")
            ),
            t("with the original") if settings.originals else t("without the original"),
            (
                tn(
                    "deleted after {minutes} minute",
                    "deleted after {minutes} minutes",
                    settings.caption_minutes,
                    minutes=number(settings.caption_minutes, 0),
                )
                if settings.caption_minutes
                else t("they stay")
            ),
        )
    )


def _starters(settings: GuildSettings) -> str:
    if not settings.starter_roles:
        return t("**Who can start:** everyone who can use the commands")
    return t(
        "**Who can start:** {roles}, and members with Manage Server",
        roles=listing(f"<@&{role_id}>" for role_id in sorted(settings.starter_roles)),
    )


def _consent(settings: GuildSettings) -> str:
    if settings.consent is ConsentMode.ANNOUNCED:
        return t("**Who is heard:** everyone who was told and didn't say no")
    return t("**Who is heard:** only those who joined in")


def _transcripts(settings: GuildSettings) -> str:
    if not settings.transcript_days:
        return t("**Transcripts:** none")
    return tn(
        "**Transcripts:** kept for {days} day",
        "**Transcripts:** kept for {days} days",
        settings.transcript_days,
        days=number(settings.transcript_days, 0),
    )


def _limit(settings: GuildSettings, host: float) -> str:
    own = settings.daily_minutes
    if own is not None and (not host or own <= host):
        return tn(
            "**Daily limit:** {minutes} minute",
            "**Daily limit:** {minutes} minutes",
            own,
            minutes=number(own),
        )
    if host:
        return tn(
            "**Daily limit:** {minutes} minute, set by the host",
            "**Daily limit:** {minutes} minutes, set by the host",
            host,
            minutes=number(host),
        )
    return t("**Daily limit:** none")


def _guests(settings: GuildSettings, most: int) -> str:
    if not (count := min(settings.guests, most)):
        return t("**Guests can add:** no languages")
    return tn(
        "**Guests can add:** {count} language they read",
        "**Guests can add:** {count} languages they read",
        count,
    )


def _auto(settings: GuildSettings) -> str:
    if not settings.auto_channels:
        return t("**Starts automatically:** nowhere")
    return t(
        "**Starts automatically:** {channels}",
        channels=listing(
            f"<#{voice}> → <#{text}>" for voice, text in sorted(settings.auto_channels.items())
        ),
    )


def _words(settings: GuildSettings) -> str:
    if settings.locale not in LOCALES:
        return t("**Language of my messages:** the server's")
    return t("**Language of my messages:** {language}", language=words_name(settings.locale))
