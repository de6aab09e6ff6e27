"""A room's state in words: what `/translate status` answers, and what the panel shows. Pure."""

from typing import Final

import discord

from bot.domain.events import ConversationState
from bot.domain.plan import RoomStatus, SpeakerStatus
from bot.domain.trouble import ServiceTrouble
from bot.domain.voice_mode import VoiceMode, VoiceStyle
from bot.room import outages
from bot.ui import usage
from bot.words import Text, command, language_name, listing, number, render, t, tn

_LIMIT: Final = 2000  # characters of a message
_JUST_NOW_S: Final = 8.0
MODES: Final = {
    VoiceMode.CONSECUTIVE: (t("One after the other"), t("Each translation is read as it comes.")),
    VoiceMode.POLITE: (t("In pauses"), t("It waits while somebody speaks, up to 10 seconds.")),
    VoiceMode.OVER: (t("While people talk"), t("It gets quieter while somebody speaks.")),
    VoiceMode.SIMULTANEOUS: (t("All at once"), t("Several people are read at the same time.")),
}
"""What each mode is called, and what it means."""

_CONVERSATION = {
    ConversationState.IDLE: t("ready"),
    ConversationState.WAITING: t("waiting for the service"),
    ConversationState.OPENING: t("connecting"),
    ConversationState.OPEN: t("ready"),
    ConversationState.CLOSED: t("not translated"),
}
_READY = frozenset({ConversationState.IDLE, ConversationState.OPEN})


def text(
    status: RoomStatus, locale: str | None, now: float, *, waiting: int = 0, names: bool = True
) -> str:
    """Describe the room as it is now, in at most one message.

    Args:
        status: The room.
        locale: The reader's locale.
        now: Seconds since 1970. Times are shown by Discord itself and count on by themselves.
        waiting: Translations, of all rooms, that wait for the service.
        names: Say who is there; not to those who may not see the voice channel.
    """
    obstacle = _obstacle(status)
    if names:
        people = [_speaker(speaker, obstacle) for speaker in status.speakers]
    else:
        people = [_unnamed(status, obstacle)]
    lines = [*_head(status, now), *people]
    return _fitting(lines, _foot(status, waiting), locale)


def summary(status: RoomStatus, locale: str | None, now: float) -> str:
    """Describe a room that is over or interrupted, in at most one message."""
    if status.restarting:
        return _fitting([_title(status), _interrupted(now)], _foot(status, 0), locale)
    head = t(
        "### {channel} was translated into {languages}",
        channel=f"<#{status.plan.voice_channel_id}>",
        languages=listing(language_name(target) for target in status.plan.targets),
    )
    times = t(
        "From {began} to {ended}.",
        began=f"<t:{int(now - status.running_s)}:t>",
        ended=f"<t:{int(now)}:t>",
    )
    return _fitting([head, times], _foot(status, 0), locale)


def _fitting(lines: list[str], foot: list[str], locale: str | None) -> str:
    shown = [render(line, locale) for line in lines]
    last = [render(line, locale) for line in foot]
    while len(whole := "\n".join([*shown, *last])) > _LIMIT:
        del shown[-1]
    return whole


def _head(status: RoomStatus, now: float) -> list[str]:
    plan = status.plan
    lines: list[str] = [
        _title(status),
        t(
            "Started {time}. Captions appear in {channel}.",
            time=f"<t:{round(now - status.running_s)}:t>",
            channel=f"<#{plan.text_channel_id}>",
        ),
    ]
    chosen = status.chosen or plan.targets
    if read := [target for target in plan.targets if target not in chosen]:
        lines.append(
            t(
                "Added for readers: {languages}.",
                languages=listing(language_name(target) for target in read),
            )
        )
    lines.append(_hearing(status, now))
    lines.extend(_troubles(status))
    if (voice := _voice(status)) is not None:
        lines.append(voice)
    if repairs := int(status.figures.get("rejoins", 0)):
        lines.append(
            tn(
                "The voice connection was repaired once.",
                "The voice connection was repaired {count} times.",
                repairs,
            )
        )
    return lines


def _title(status: RoomStatus) -> Text:
    return t(
        "### Translating {channel} into {languages}",
        channel=f"<#{status.plan.voice_channel_id}>",
        languages=listing(language_name(target) for target in status.plan.targets),
    )


def _interrupted(now: float) -> Text:
    return t(
        "**Interrupted at {time}: I'm restarting. Nobody is heard until I'm back.**",
        time=f"<t:{int(now)}:t>",
    )


def _hearing(status: RoomStatus, now: float) -> Text:
    if status.paused:
        return t("**Paused: nobody is heard.**")
    if (obstacle := _obstacle(status)) is not None:
        return t("**Nobody is being heard right now: {reason}.**", reason=obstacle)
    if status.heard_ago_s is None:
        return t("Nobody has been heard yet.")
    if status.heard_ago_s < _JUST_NOW_S:
        return t("Last heard just now.")
    return t("Last heard {time}.", time=f"<t:{round(now - status.heard_ago_s)}:R>")


def _troubles(status: RoomStatus) -> list[Text]:
    """Say what can't be translated, and why."""
    found = []
    if (trouble := status.trouble) is not None:
        found.append(service_trouble(trouble))
    if (trouble := status.text_trouble) is not None and status.missing:
        found.append(outages.missing_since(status.missing, trouble))
    return found


def service_trouble(trouble: ServiceTrouble) -> Text:
    """Say that the translation service can't be used, since when and why."""
    return t(
        "**Nothing new can be translated since {time}.** {reason}",
        time=outages.when(trouble),
        reason=trouble.reason,
    )


def _voice(status: RoomStatus) -> Text | None:
    if status.plan.spoken is None:
        return None
    language = language_name(status.plan.spoken)
    if status.figures.get("muted"):
        return t("{language} can't be read aloud: I'm server muted.", language=language)
    if status.figures.get("audience"):
        return t("{language} can't be read aloud: I'm in the stage's audience.", language=language)
    style = status.plan.voice
    if style == VoiceStyle():
        return t("{language} is read aloud in the channel.", language=language)
    return t(
        "{language} is read aloud in the channel. {mode}, volume {volume}%.",
        language=language,
        mode=MODES[style.mode][0],
        volume=number(style.volume, 0),
    )


def _obstacle(status: RoomStatus) -> Text | None:
    """Say why nobody can be heard; None when nothing is in the way."""
    if status.figures.get("deafened"):
        return t("I'm server deafened")
    if status.figures.get("deaf"):
        return t("I'm reconnecting")
    return None


def _speaker(speaker: SpeakerStatus, obstacle: Text | None) -> Text:
    name = discord.utils.escape_markdown(speaker.member.name)
    if speaker.unread is not None and speaker.unreadable:
        return t(
            "- {name}: {state}; reads {language}, which can't be added here",
            name=name,
            state=_state(speaker, obstacle),
            language=language_name(speaker.unread),
        )
    if speaker.unread is not None:
        return t(
            "- {name}: {state}; reads {language}, but there is no room for another language",
            name=name,
            state=_state(speaker, obstacle),
            language=language_name(speaker.unread),
        )
    return t("- {name}: {state}", name=name, state=_state(speaker, obstacle))


def _unnamed(status: RoomStatus, obstacle: Text | None) -> Text:
    heard = 0
    if obstacle is None and not status.paused:
        heard = sum(speaker.consenting and speaker.reads for speaker in status.speakers)
    return t(
        "Heard: {heard} of {count}. {command} shows who, to members who can see the voice channel.",
        heard=number(heard),
        count=number(len(status.speakers)),
        command=command("translate status"),
    )


def _state(speaker: SpeakerStatus, obstacle: Text | None) -> Text:
    if not speaker.consenting:
        return t("not heard, has not joined in")
    if not speaker.reads:
        return (
            t("not heard, has not been told yet")
            if speaker.sees
            else t("not heard, can't see the captions")
        )
    if obstacle is not None:
        return t("not heard, {reason}", reason=obstacle)
    return _translated(speaker)


def _translated(speaker: SpeakerStatus) -> Text:
    """Return what becomes of a heard member's words, by language where these differ."""
    states = speaker.conversations
    if not states:
        return t("heard, has not spoken yet")
    if _READY.issuperset(states.values()):
        if not speaker.speaking:
            return t("heard")
        return t(
            "speaking, translated into {languages}",
            languages=listing(language_name(language) for language in states),
        )
    if len(set(states.values())) > 1:
        return t(
            "heard ({translations})",
            translations=listing(
                t("{language}: {state}", language=language_name(language), state=_CONVERSATION[now])
                for language, now in states.items()
            ),
        )
    if ConversationState.CLOSED in states.values():
        return t("heard, but not translated")
    return t("heard, {state}", state=_CONVERSATION[next(iter(states.values()))])


def _foot(status: RoomStatus, waiting: int) -> list[str]:
    foot: list[str] = [
        t(
            "-# This call: {minutes} minutes translated",
            minutes=number(status.usage.audio_in_s / 60, 1),
        )
    ]
    if waiting:
        foot.append(
            tn(
                "-# Waiting for the translation service: {count} translation",
                "-# Waiting for the translation service: {count} translations",
                waiting,
            )
        )
    spent = usage.today(status.today)
    if (by := status.today.cost.by) is None:
        foot.append(t("-# Today in this server: {spent} (an estimate)", spent=spent))
    else:
        foot.append(
            t(
                "-# Today in this server: {spent} (an estimate; prices: {prices})",
                spent=spent,
                prices=by,
            )
        )
    return foot
