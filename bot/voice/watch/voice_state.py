"""What moderators did to the bot's own voice, and what its people are told of that. Pure."""

from typing import NamedTuple, Self

import discord

from bot.words import t


class VoiceNotice(NamedTuple):
    """For the text channel: `code` names the matter, `text` how it stands now."""

    code: str
    text: str


class Standing(NamedTuple):
    """The bot's own voice state, as far as others set it."""

    deafened: bool = False
    muted: bool = False
    listener: bool = False  # among the audience of a stage
    unpermitted: bool = False  # in another channel, without the permission to speak
    stage: bool = False  # in a stage channel

    @classmethod
    def of(cls, state: discord.VoiceState) -> Self:
        """Read the standing from the bot's voice state."""
        stage = isinstance(state.channel, discord.StageChannel)
        quiet = state.suppress
        return cls(state.deaf, state.mute, stage and quiet, not stage and quiet, stage)

    @property
    def silenced(self) -> bool:
        """Whether people were told, or see, that the bot does not speak."""
        return self.muted or self.listener or self.unpermitted

    def figures(self) -> dict[str, float]:
        """Return the gauges of the link, by name."""
        return {
            "deafened": float(self.deafened),
            "muted": float(self.muted or self.unpermitted),
            "audience": float(self.listener),
        }


class OwnVoice:
    """Follows the bot's own voice state.

    Args:
        speaks: Translations are spoken, so that being mute matters.
    """

    def __init__(self, *, speaks: bool) -> None:
        self._speaks = speaks
        self._waits = False  # people read that the bot may not speak on the stage yet
        self.standing = Standing()

    def waits(self) -> None:
        """Record that people were told a moderator has to let the bot speak on the stage."""
        self._waits = True

    def changed(self, now: Standing) -> list[VoiceNotice]:
        """Take the newer state; what people should know of the change."""
        before, self.standing = self.standing, now
        notices = []
        if now.deafened != before.deafened:
            notices.append(VoiceNotice("deafened", _DEAFENED if now.deafened else _UNDEAFENED))
        if self._speaks and now.muted != before.muted:
            notices.append(VoiceNotice("muted", _MUTED if now.muted else _UNMUTED))
        if self._speaks and now.unpermitted != before.unpermitted:
            notices.append(VoiceNotice("speak", _UNPERMITTED if now.unpermitted else _PERMITTED))
        if self._waits and before.listener and not now.listener:
            self._waits = False
            if now.stage:  # else it is in another channel
                notices.append(VoiceNotice("stage", t("I can speak on the stage now.")))
        return notices


_DEAFENED = t("I've been server deafened. I can't hear anyone until that is undone.")
_UNDEAFENED = t("I'm no longer deafened and can hear you again.")
_MUTED = t("I've been server muted. Translations aren't read aloud until that is undone.")
_UNMUTED = t("I'm no longer muted. Translations are read aloud again.")
_UNPERMITTED = t(
    "I don't have the Speak permission here, so translations aren't read aloud until I do."
)
_PERMITTED = t("I have the Speak permission again. Translations are read aloud again.")

DEAF = VoiceNotice("hearing", t("I can't hear anyone right now and am reconnecting."))
HEARS_AGAIN = VoiceNotice("hearing", t("I've reconnected and can hear you again."))


def moved(channel_name: str) -> VoiceNotice:
    """Say that the bot was moved to another channel."""
    return VoiceNotice(
        "moved", t("I was moved to {channel} and continue there.", channel=channel_name)
    )


DELETED = t("The voice channel was deleted, so I can't continue.")


def disconnected(channel_name: str) -> str:
    """Say that the bot was disconnected from its channel."""
    return t("I was disconnected from {channel}.", channel=channel_name)
