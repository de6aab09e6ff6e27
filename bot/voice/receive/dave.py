"""DAVE, the end-to-end encryption of Discord's calls: whose a frame is, and if it may be plain.

The group's keys change with each join and leave, so everything here is read from the live session
for each frame; a kept key goes deaf without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import davey

from bot.audio.opus import SILENCE

_AUDIO = davey.MediaType.audio
_MARKER = b"\xfa\xfa"  # the last bytes of every encrypted frame


class DaveSession(Protocol):
    """What is used of `davey.DaveSession`; safe from any thread."""

    @property
    def voice_privacy_code(self) -> str | None:
        """Another one with each change of the group's keys; None without a group."""

    def decrypt(self, user_id: int, media_type: davey.MediaType, packet: bytes) -> bytes:
        """Return the frame if this user encrypted it; raise ValueError if not."""


class Keys(Protocol):
    """The keys of a voice connection as they are at this moment. Read from the worker thread.

    Attributes:
        mode: Mode of the transport encryption; None before the handshake.
        secret_key: Key of the transport encryption; a new key is a new object.
        session: The DAVE session; None in a call without.
        dave_version: 0 in a call without DAVE.
        plain_allowed: Whether the call is changing between plain and encrypted.
    """

    @property
    def mode(self) -> str | None: ...  # noqa: D102 - described above

    @property
    def secret_key(self) -> Sequence[int] | None: ...  # noqa: D102

    @property
    def session(self) -> DaveSession | None: ...  # noqa: D102

    @property
    def dave_version(self) -> int: ...  # noqa: D102

    @property
    def plain_allowed(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class NoKeys:
    """The keys before there is a connection."""

    mode: None = None
    secret_key: None = None
    session: None = None
    dave_version: int = 0
    plain_allowed: bool = False


class FrameRefusal(Enum):
    """Why a frame was not opened."""

    PLAIN = "plain"  # not encrypted in a call that is; nothing will help
    NO_KEY = "no key"  # not with the keys there are; the group may be about to change


def is_sealed(frame: bytes) -> bool:
    """Return whether a frame is encrypted, so that its decryption proves whose it is."""
    return frame[-2:] == _MARKER


def state(keys: Keys) -> object:
    """Return all that decides what can be decrypted; equal while nothing changes."""
    session = keys.session
    if session is None:
        return keys.dave_version, keys.plain_allowed
    return id(session), session.voice_privacy_code, keys.dave_version, keys.plain_allowed


def open_frame(keys: Keys, user_id: int, frame: bytes) -> bytes | FrameRefusal:
    """Return the Opus packet in a frame of this user, or why there is none.

    A frame is opened once: the session refuses it the second time.
    """
    if frame == SILENCE:
        return SILENCE  # Discord's clients and servers send it plain, always
    session = keys.session
    if session is not None and frame[-2:] == _MARKER:
        try:
            return session.decrypt(user_id, _AUDIO, frame)
        except ValueError:
            if keys.dave_version:
                return FrameRefusal.NO_KEY
            # After a downgrade, a plain packet that happens to end like an encrypted one.
            return frame
    return FrameRefusal.PLAIN if is_plain(keys, frame) else frame


def is_plain(keys: Keys, frame: bytes) -> bool:
    """Return whether a frame is plain in a call that is encrypted, so that no key helps."""
    if keys.session is None or keys.dave_version == 0 or keys.plain_allowed:
        return False
    return frame != SILENCE and frame[-2:] != _MARKER
