"""Bytes and JSON that are nearly right."""

import random
from typing import Any

_BYTES = (0, 1, 2, 3, 0x1F, 0x20, 0x7F, 0x80, 0xFA, 0xFE, 0xFF)
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 5, 2**31, 2**32 - 1, 2**32, 2**64, -(2**63), 10**40, 0.5, 1e308,
    float("inf"), float("nan"), "", "0", "-1", "1e9", "١٢", "x" * 300, "\0", [], {}, [[]], [None],
    {"op": 5}, list(range(300)),
)  # fmt: skip
_NAMES = ("op", "d", "seq", "ssrc", "user_id", "user_ids", "x", "")


def mutated(data: bytes, dice: random.Random) -> bytes:
    """These bytes after one to four accidents."""
    body = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at = dice.randrange(len(body) + 1)
        kind = dice.randrange(6)
        if kind == 0 and body:
            body[at % len(body)] ^= 1 << dice.randrange(8)
        elif kind == 1 and body:
            body[at % len(body)] = dice.choice(_BYTES)
        elif kind == 2:
            del body[at:]
        elif kind == 3:
            del body[at : at + dice.randrange(1, 8)]
        elif kind == 4:
            body[at:at] = dice.randbytes(dice.randrange(1, 16))
        else:
            body += dice.choice((b"\xfa\xfa", b"\0", b"\xff" * 4, bytes(body[:20])))
    return bytes(body)


def mutated_json(value: Any, dice: random.Random) -> Any:
    """This value with one place in it changed, removed, added or of another type."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        name = dice.choice(list(value))
        changed = dict(value)
        kind = dice.randrange(8)
        if kind == 0:
            del changed[name]
        elif kind == 1:
            changed[dice.choice(_NAMES)] = dice.choice(_VALUES)
        else:
            changed[name] = mutated_json(value[name], dice)
        return changed
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        return [*value[:at], mutated_json(value[at], dice), *value[at + 1 :]]
    if isinstance(value, int) and not isinstance(value, bool) and dice.random() < 0.5:
        return value + dice.choice((-1, 1, 255, 2**16, 2**32))
    if isinstance(value, str) and value and dice.random() < 0.3:
        return mutated(value.encode(), dice).decode("utf-8", "replace")
    return dice.choice(_VALUES)
