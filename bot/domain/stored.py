"""What is kept between rooms: a server's settings, glossary and transcripts, its members' wishes.

Values only; `stores` has the ports that keep them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.voice_mode import VoiceStyle


class Layout(StrEnum):
    """Where the captions of several languages stand."""

    TOGETHER = "together"  # one message per utterance, a line per language
    THREADS = "threads"  # a thread per language under the text channel


class ConsentMode(StrEnum):
    """How consent is given: who is heard."""

    OPT_IN = "opt-in"  # those who said yes
    ANNOUNCED = "announced"  # everybody in the channel who did not say no


@dataclass(frozen=True, slots=True)
class GuildSettings:
    """What a server set for all its rooms.

    Attributes:
        targets: Languages that a room begins with.
        spoken: The one of them that is spoken back, or None.
        layout: Where the captions stand.
        originals: Whether captions carry what was really said.
        starter_roles: Roles that may start rooms, and stop and change those of others; none:
            everybody who may use the commands may start.
        consent: Who is heard.
        transcript_days: Days for which transcripts are kept; 0: none are made.
        caption_minutes: Minutes after which captions are removed; 0: they stay.
        daily_minutes: Minutes of speech a day; None: as the host set.
        guests: How many languages those who read may add to a room.
        auto_channels: Voice channel to text channel: a room starts by itself when somebody enters.
        locale: Discord's locale for the bot's words in the text channel; None: the server's own.
    """

    targets: tuple[str, ...] = ("en",)
    spoken: str | None = None
    layout: Layout = Layout.TOGETHER
    originals: bool = True
    starter_roles: frozenset[int] = frozenset()
    consent: ConsentMode = ConsentMode.OPT_IN
    transcript_days: int = 0
    caption_minutes: int = 0
    daily_minutes: float | None = None
    auto_channels: Mapping[int, int] = field(default_factory=dict)
    locale: str | None = None
    guests: int = 2


@dataclass(frozen=True, slots=True)
class MemberLanguages:
    """What a member said of themselves in one server.

    Attributes:
        speaks: The language they speak, where they said it.
        reads: The language they want to read.
    """

    speaks: str | None = None
    reads: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A word and how it is to be translated into one language."""

    target: str
    source: str
    translation: str


@dataclass(frozen=True, slots=True)
class TranscriptLine:
    """One utterance in one language, as its caption ended.

    Attributes:
        session: The run of the room that it belongs to; unique in the guild.
        utterance: The same for all languages of one utterance, in order of speech.
        at: When it began, in seconds since 1970.
        until: When it ended, likewise.
        user_id: The member who said it.
        name: The speaker's name at that time.
        language: The language of `text`.
        source_text: The original; empty when unknown.
    """

    session: str
    utterance: int
    at: float
    until: float
    user_id: int
    name: str
    language: str
    text: str
    source_language: str | None
    source_text: str


@dataclass(frozen=True, slots=True)
class SavedRoom:
    """A running room, so that it is back after a restart.

    Attributes:
        starter_id: The member who started it.
        session: The session of its transcript.
        panel_id: The message that shows how it stands; 0: there is none.
        saved_at: When it was last known to run, in seconds since 1970.
        guests: How many languages those who read may add; None: as many as the server lets them.
        voice: How translations are read aloud.
    """

    guild_id: int
    voice_channel_id: int
    text_channel_id: int
    targets: tuple[str, ...]
    spoken: str | None
    starter_id: int
    session: str
    paused: bool = False
    panel_id: int = 0
    saved_at: float = field(default=0.0, compare=False)
    guests: int | None = None
    voice: VoiceStyle = field(default_factory=VoiceStyle)
