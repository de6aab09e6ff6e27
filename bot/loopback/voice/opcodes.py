"""The numbers of the voice gateway, version 8.

Source: Discord's developer documentation, "Opcodes and Status Codes", and the DAVE whitepaper
(daveprotocol.com), "Voice Gateway Opcodes".
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, TypeAlias

Body: TypeAlias = bytes | Mapping[str, Any] | None
"""What follows an opcode: bytes in a binary message, else the value under `d`."""


class Op(IntEnum):
    """The kinds of messages of the voice gateway."""

    IDENTIFY = 0
    SELECT_PROTOCOL = 1
    READY = 2
    HEARTBEAT = 3
    SESSION_DESCRIPTION = 4
    SPEAKING = 5
    HEARTBEAT_ACK = 6
    RESUME = 7
    HELLO = 8
    RESUMED = 9
    CLIENTS_CONNECT = 11
    CLIENT_DISCONNECT = 13
    PREPARE_TRANSITION = 21
    EXECUTE_TRANSITION = 22
    TRANSITION_READY = 23
    PREPARE_EPOCH = 24
    EXTERNAL_SENDER = 25
    KEY_PACKAGE = 26
    PROPOSALS = 27
    COMMIT_WELCOME = 28
    ANNOUNCE_COMMIT = 29
    WELCOME = 30
    INVALID_COMMIT_WELCOME = 31


class Close(IntEnum):
    """Why the gateway closed a websocket."""

    UNKNOWN_OPCODE = 4001
    DECODE_FAILED = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    SESSION_INVALID = 4006
    SESSION_TIMEOUT = 4009
    UNKNOWN_PROTOCOL = 4012
    DISCONNECTED = 4014
    SERVER_CRASHED = 4015
    UNKNOWN_MODE = 4016
    DAVE_REQUIRED = 4017
    BAD_REQUEST = 4020


RESUMABLE = frozenset({1006, 1011, 1012, 4000, Close.SERVER_CRASHED})
"""Close codes after which the gateway keeps the session for a while."""
