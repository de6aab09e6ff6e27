"""Every error Parley raises on purpose.

ParleyError
├── SettingsError            a setting is missing or malformed
├── LoginError               Discord can't be reached, or does not let the bot in
├── UsageError               a command line or a request asks for what can't be
│   └── GlossaryFileError    a file of terms has mistakes; all of them are named
├── CooldownError            something is asked for too often
├── AudioError               a sound can't be read, or an amount of it is wrong
│   └── OpusError            libopus is missing or refused a packet
├── VoiceError               the link to a voice channel
│   ├── PacketError          a datagram that is not what it should be
│   └── VoiceLinkError       joining, moving or keeping the link failed
├── TranslationError         the link to the translation service
│   ├── LanguageError        a language the model does not take, or not that way
│   ├── ConversationError    a conversation failed; retryable says if a new one may work
│   └── ProtocolError        the service sent what its protocol does not allow
├── ChatError                a text channel can't be written to
│   ├── RateLimitError       Discord wants to be asked again later
│   └── MessageGoneError     a message can't be edited any more
├── RoomError                a room can't do what was asked
│   ├── RoomBusyError        this server already has one running
│   ├── NoRoomError          none is running
│   ├── RestartingError      the process ends; rooms that run are back afterwards
│   ├── AllowanceError       what may be translated today, or this month, is used up
│   ├── NotServedError       the bot's host did not allow this server
│   ├── PermissionMissing    the bot or the person lacks a permission in a channel
│   │   └── PermissionsMissing  they lack some in several channels, or both lack some
│   └── StarterError         the person may not start, stop or change what they asked to
├── StoreError               the database
│   └── GlossaryFullError    there would be more terms than a server may have
├── EngineError              the local translation engine
│   └── ModelError           a model's weights are missing or not the ones pinned
│       (bot.engine adds its own: RefusedError, VoiceRefusedError, OverloadedError)
└── LoopbackError            the loopback Discord was asked for what it can't do
    ├── MalformedError       a client sent it bytes that the protocol does not allow
    └── RefusedError         it closes a client's websocket, with a code

Each carries a stable `code` for logs and messages, and says whether trying again can help.
"""

from collections.abc import Sequence
from typing import ClassVar, Final

from bot.words import lines, listing, number, t, tn

_MOST_SAID: Final = 20  # mistakes of a file; more do not fit a message


class ParleyError(Exception):
    """An error with a stable code, a sentence for a person, and whether a retry can help."""

    code: ClassVar[str] = "parley"
    retryable: bool = False

    def __init__(self, message: str, *, retryable: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return self.message


class SettingsError(ParleyError):
    """A setting is missing or malformed; the message names it."""

    code = "settings"


class LoginError(ParleyError):
    """Discord can't be reached, or does not let the bot in; a later start may work."""

    code = "login"
    retryable = True


class UsageError(ParleyError):
    """A command line or a request asks for something that can't be."""

    code = "usage"


class GlossaryFileError(UsageError):
    """A file of terms has mistakes; nothing of it is taken.

    Args:
        mistakes: Each with its line; 0 is the file as a whole.
    """

    code = "glossary-file"

    def __init__(self, mistakes: Sequence[tuple[int, str]]) -> None:
        said: list[str] = [
            t("Line {line}: {mistake}", line=number(line), mistake=what) if line else what
            for line, what in mistakes[:_MOST_SAID]
        ]
        if (more := len(mistakes) - _MOST_SAID) > 0:
            said.append(tn("… and {count} more.", "… and {count} more.", more))
        super().__init__(t("Nothing was imported.\n{mistakes}", mistakes=lines(said)))
        self.mistakes = tuple(mistakes)


class CooldownError(ParleyError):
    """Something is asked for too often.

    Args:
        retry_after: Whole seconds after which it may be asked for again.
        together: It was not the person alone, but all of their server.
    """

    code = "cooldown"
    retryable = True

    def __init__(self, retry_after: int, *, together: bool = False) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(
            tn(
                "Too many people here are doing this at once. Try again in {count} second.",
                "Too many people here are doing this at once. Try again in {count} seconds.",
                self.retry_after,
            )
            if together
            else tn(
                "You're doing this too often. Try again in {count} second.",
                "You're doing this too often. Try again in {count} seconds.",
                self.retry_after,
            )
        )


class AudioError(ParleyError):
    """A sound can't be read, or an amount of it is wrong."""

    code = "audio"


class OpusError(AudioError):
    """Libopus is missing or refused a packet."""

    code = "opus"


class VoiceError(ParleyError):
    """The link to a voice channel failed."""

    code = "voice"


class PacketError(VoiceError):
    """A datagram is not what it should be; it is counted and dropped."""

    code = "packet"


class VoiceLinkError(VoiceError):
    """Joining, moving or keeping the link to a voice channel failed."""

    code = "voice_link"
    retryable = True


class TranslationError(ParleyError):
    """The link to the translation service failed."""

    code = "translation"


class LanguageError(TranslationError):
    """A language that the model does not take, or not in that way."""

    code = "language"


class ConversationError(TranslationError):
    """A conversation failed; `retryable` says whether a new one may work."""

    code = "conversation"


class ProtocolError(TranslationError):
    """The service sent something that its protocol does not allow."""

    code = "protocol"


class ChatError(ParleyError):
    """A text channel can't be written to."""

    code = "chat"


class RateLimitError(ChatError):
    """Discord wants to be asked again in `retry_after` seconds."""

    code = "rate_limit"
    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(t("Discord asks me to wait {seconds} s.", seconds=number(retry_after, 1)))
        self.retry_after = retry_after


class MessageGoneError(ChatError):
    """A message can't be edited any more.

    Args:
        removed: Somebody deleted it; otherwise it still stands, but out of reach.
    """

    code = "message_gone"

    def __init__(self, *, removed: bool) -> None:
        super().__init__(
            t("The message was deleted.") if removed else t("The message can't be reached.")
        )
        self.removed = removed


class RoomError(ParleyError):
    """A room can't do what was asked."""

    code = "room"


class RoomBusyError(RoomError):
    """This server already has a room running."""

    code = "room_busy"


class NoRoomError(RoomError):
    """No room is running."""

    code = "no_room"


class RestartingError(RoomError):
    """The process ends: nothing begins any more, and what runs is back after the restart."""

    code = "restarting"
    retryable = True


class AllowanceError(RoomError):
    """What the guild may have translated today, or all guilds this month, is used up."""

    code = "allowance"


class NotServedError(RoomError):
    """The bot's host did not allow this server."""

    code = "not_served"


class PermissionMissing(RoomError):  # noqa: N818 - says what is missing, reads so where it is raised
    """The bot or the person lacks a permission in a channel.

    Args:
        who: "I" for the bot, "You" for who asked, else a name.
        permissions: The names as Discord shows them, each made by `t`.
        channel: The name of the channel.
    """

    code = "permission"

    def __init__(self, who: str, permissions: tuple[str, ...], channel: str) -> None:
        super().__init__(_missing(who, permissions, channel))
        self.who = who
        self.permissions = permissions
        self.channel = channel


def _missing(who: str, permissions: tuple[str, ...], channel: str) -> str:
    names = listing(permissions)
    if who == "I":
        return tn(
            "I need the {permissions} permission in #{channel}.",
            "I need the {permissions} permissions in #{channel}.",
            len(permissions),
            permissions=names,
            channel=channel,
        )
    if who == "You":
        return tn(
            "You need the {permissions} permission in #{channel}.",
            "You need the {permissions} permissions in #{channel}.",
            len(permissions),
            permissions=names,
            channel=channel,
        )
    return tn(
        "{who} needs the {permissions} permission in #{channel}.",
        "{who} needs the {permissions} permissions in #{channel}.",
        len(permissions),
        who=who,
        permissions=names,
        channel=channel,
    )


class PermissionsMissing(PermissionMissing):
    """The bot and the person, or one of them in several channels, lack permissions.

    Args:
        missing: One for each of them and each channel; at least one.
    """

    def __init__(self, missing: Sequence[PermissionMissing]) -> None:
        first = missing[0]
        super().__init__(first.who, first.permissions, first.channel)
        self.message = lines(each.message for each in missing)
        self.missing = tuple(missing)


class StarterError(RoomError):
    """The person may not start, stop or change what they asked to."""

    code = "starter"


class StoreError(ParleyError):
    """The database can't be opened or written."""

    code = "store"


class GlossaryFullError(StoreError):
    """A glossary has as many terms as it may; nothing was added."""

    code = "glossary-full"


class EngineError(ParleyError):
    """The local translation engine can't do what was asked."""

    code = "engine"


class ModelError(EngineError):
    """A model's weights are missing or not the ones that were pinned."""

    code = "model"


class LoopbackError(ParleyError):
    """The loopback Discord was asked for what it can't do."""

    code = "loopback"


class MalformedError(LoopbackError):
    """A client sent the loopback Discord bytes that the protocol does not allow."""

    code = "malformed"


class RefusedError(LoopbackError):
    """The loopback Discord closes a client's websocket.

    Args:
        message: What the client did.
        close_code: The websocket's close code.
    """

    code = "refused"

    def __init__(self, message: str, close_code: int) -> None:
        super().__init__(message)
        self.close_code = close_code
