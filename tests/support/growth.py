"""How much is kept: the length of every container that objects of the bot hold."""

import asyncio
import functools
import types
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

_OURS = ("bot.", "cogs.")
_HOLD = (dict, list, set, frozenset, deque, tuple)


def sizes(*roots: object) -> Counter[str]:
    """Items in containers by "Class.attribute", summed over all such objects that are reached.

    Followed are attributes and what containers, callbacks and tasks hold, but nothing of the tests.
    """
    found: Counter[str] = Counter()
    seen: dict[int, object] = {}
    waiting: list[object] = list(roots)
    while waiting:
        item = waiting.pop()
        known = id(item) in seen or isinstance(item, str | bytes | int | float | type | None)
        if known or type(item).__module__.startswith("tests."):
            continue
        seen[id(item)] = item
        for name, value in _attributes(item):
            if type(item).__module__.startswith(_OURS) and isinstance(value, _HOLD):
                found[f"{type(item).__name__}.{name}"] += _count(value)
            waiting.append(value)
        waiting.extend(_inside(item))
    return +found


def grown(before: Counter[str], after: Counter[str]) -> dict[str, tuple[int, int]]:
    """What holds more than before."""
    return {name: (before[name], size) for name, size in after.items() if size > before[name]}


def _count(value: Any) -> int:
    """Items, those of containers directly inside too."""
    inner = value.values() if isinstance(value, Mapping) else value
    return len(value) + sum(len(one) for one in inner if isinstance(one, _HOLD))


def _attributes(item: object) -> list[tuple[str, object]]:
    if isinstance(item, types.ModuleType | types.FunctionType | types.MethodType):
        return []
    names = list(getattr(item, "__dict__", ()))
    for kind in type(item).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    values = []
    for name in dict.fromkeys(names):
        try:
            values.append((name, object.__getattribute__(item, name)))
        except AttributeError:
            continue
    return values


def _inside(item: object) -> list[object]:
    found: list[object] = []
    match item:
        case dict():
            found = [*item.keys(), *item.values()]
        case list() | set() | frozenset() | deque() | tuple():
            found = list(item)
        case types.MethodType():
            found = [item.__self__, item.__func__]
        case types.FunctionType():
            found = [cell.cell_contents for cell in item.__closure__ or () if _filled(cell)]
        case functools.partial():
            found = [item.func, *item.args, *item.keywords.values()]
        case asyncio.Task():
            found = [item.get_coro()]
        case types.CoroutineType() if item.cr_frame is not None:
            found = list(item.cr_frame.f_locals.values())
    return found


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False
