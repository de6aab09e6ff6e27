"""`make bench`: all variants in turn, round by round, so that a busy machine slows all alike."""

import argparse
import importlib.util
import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench import floor, parley, playback, voice_recv
from tests.bench.conversations import CONVERSATIONS, conversed
from tests.bench.floor import MissingError
from tests.bench.latency import latencies_ms
from tests.bench.measure import Child, Cost, alone, listening_socket, send_paced
from tests.bench.scene import Scene, scene

_SATURATED_S = 5.0
_PACED_S = {1: 9.0, 10: 4.0, 20: 3.0, 80: 3.0}  # by members
_CONVERSED_S = 4.0
_CONVERSED_ROUNDS = 2  # to each other one, as half of what is measured is the kernel's sending
_PLAYED_S = 60.0
_UTTERANCES = 10
_MEMBERS = tuple(_PACED_S)
_COMPARED = 20  # members, where variants are compared
_SATURATED_ROUNDS = 3  # to each other one: they are short, and single ones differ by a third


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _saturated(program: Path, rounds: int) -> dict[str, float]:
    call = scene(_COMPARED, _SATURATED_S)
    variants: dict[str, Callable[[], Cost]] = {
        "floor": partial(floor.saturated, program, call.floor_datagrams, _COMPARED),
        "parley": partial(alone, partial(parley.saturated, call)),
        "voice-recv + audioop": partial(alone, partial(voice_recv.saturated, call)),
    }
    costs: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, run in variants.items():
            costs[name].append(run().us)
    base, ours = costs["floor"], costs["parley"]
    _say(f"\nSaturated, {_COMPARED} speakers{'us per packet':>22}{'x floor':>10}")
    for name, values in costs.items():
        _say(f"  {name:<26}{statistics.median(values):>16.1f}{_ratio(values, base):>10.2f}")
    _say("  py-cord is not among them: its package has the name of discord.py, and replaces it.")
    return {
        "receive_ratio_to_floor": _ratio(ours, base),
        "receive_ratio_to_voice_recv": _ratio(costs["voice-recv + audioop"], ours),
    }


def _ratio(values: list[float], base: list[float]) -> float:
    """The median of the rounds' own ratios: what slowed one of a pair slowed the other."""
    return statistics.median(value / other for value, other in zip(values, base, strict=True))


def _paced_floor(program: Path, call: Scene) -> Cost:
    with listening_socket() as sock:
        process = floor.Paced(program, sock, len(call.users))
        send_paced(call.floor_datagrams, len(call.users), sock.getsockname())
        return process.result()


def _paced_parley(call: Scene) -> tuple[Cost, float]:
    with listening_socket() as sock:
        child = Child(partial(parley.paced, call, sock))
        try:
            child.result()
            send_paced(call.datagrams, len(call.users), sock.getsockname())
            result = child.result()
        finally:
            child.end()
    assert isinstance(result, tuple)
    return result


def _paced(program: Path, rounds: int) -> dict[str, float]:
    calls = {members: scene(members, seconds) for members, seconds in _PACED_S.items()}
    ours: dict[int, list[float]] = {members: [] for members in _MEMBERS}
    base: dict[int, list[float]] = {members: [] for members in _MEMBERS}
    memory: dict[int, list[float]] = {members: [] for members in _MEMBERS}
    for _ in range(rounds):
        for members, call in calls.items():
            base[members].append(_paced_floor(program, call).us)
            cost, used_kb = _paced_parley(call)
            ours[members].append(cost.us)
            memory[members].append(used_kb)
    _say(f"\n{'Paced, speakers':<18}{'floor us':>10}{'parley us':>11}{'x floor':>10}{'kB':>8}")
    for members in _MEMBERS:
        _say(
            f"{members:>15}   {statistics.median(base[members]):>10.1f}"
            f"{statistics.median(ours[members]):>11.1f}"
            f"{_ratio(ours[members], base[members]):>10.2f}"
            f"{statistics.median(memory[members]):>8.0f}"
        )
    added = statistics.median(memory[80]) - statistics.median(memory[20])
    return {
        "paced1_ratio_to_floor": _ratio(ours[1], base[1]),
        "paced10_ratio_to_floor": _ratio(ours[10], base[10]),
        "paced20_ratio_to_floor": _ratio(ours[20], base[20]),
        "growth_80_to_20": _ratio(ours[80], ours[20]),
        "kb_per_speaker": added / 60,
    }


def _latency(rounds: int) -> dict[str, float]:
    call = scene(_COMPARED, _SATURATED_S)
    p50, p99 = [], []
    for _ in range(rounds):
        cuts = statistics.quantiles(latencies_ms(call), n=100)
        p50.append(cuts[49])
        p99.append(cuts[98])
    found = {"latency_ms_p50": statistics.median(p50), "latency_ms_p99": statistics.median(p99)}
    _say(f"\nLast packet in to frame at the service, {_COMPARED} speakers, beyond the chunk")
    _say(f"  p50 {found['latency_ms_p50']:.2f} ms, p99 {found['latency_ms_p99']:.2f} ms")
    return found


def _conversations(rounds: int) -> dict[str, float]:
    load: dict[str, list[float]] = {"aiohttp": [], "parley": []}
    late: dict[str, list[float]] = {"aiohttp": [], "parley": []}
    for _ in range(rounds):
        for way, loads in load.items():
            found = conversed(way, _CONVERSED_S)
            loads.append(found.load)
            late[way].append(statistics.quantiles(found.lateness_ms, n=100)[98])
    ratio = _ratio(load["parley"], load["aiohttp"])
    title = f"{CONVERSATIONS} conversations, both ways"
    _say(f"\n{title}{'% of a core':>16}{'x aiohttp':>11}{'p99 ms late':>13}")
    for way, loads in load.items():
        _say(
            f"  {way:<26}{statistics.median(loads) * 100:>16.1f}"
            f"{_ratio(loads, load['aiohttp']):>11.2f}{statistics.median(late[way]):>13.1f}"
        )
    return {
        "conversations_ratio_to_aiohttp": ratio,
        "send_lateness_ms_p99": statistics.median(late["parley"]),
    }


def _playback(rounds: int) -> dict[str, float]:
    ticks = {busy: playback.ticks_ms(_PLAYED_S, busy=busy) for busy in (False, True)}
    p99 = {busy: playback.intervals_p99_ms(found) for busy, found in ticks.items()}
    drift = {busy: playback.drift_ms(found) for busy, found in ticks.items()}
    first: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for busy in first:
            first[busy] += playback.first_voice_ms(_UTTERANCES, busy=busy)
    title = f"Voice, {_PLAYED_S:.0f} s"
    _say(f"\n{title:<28}{'p99 ms from frame to frame':>27}{'ms drift':>10}{'ms to the first':>17}")
    for busy, name in ((False, "nothing else runs"), (True, "beside a busy Python thread")):
        _say(
            f"  {name:<28}{p99[busy]:>25.2f}{drift[busy]:>10.2f}"
            f"{statistics.median(first[busy]):>17.1f}"
        )
    return {
        "playback_tick_p99_ratio": p99[True] / p99[False],
        "playback_drift_ms": max(drift.values()),
        "first_voice_ms_p50": statistics.median(first[False]),
    }


def main() -> int:
    """Measure, print, and write JSON where asked."""
    arguments = argparse.ArgumentParser(prog="make bench")
    arguments.add_argument("--json", type=Path, help="write the figures here, as one flat object")
    arguments.add_argument("--rounds", type=int, default=5)
    asked = arguments.parse_args()
    if importlib.util.find_spec("discord.ext.voice_recv") is None:
        _say("make bench needs the dependency group bench: run it by make.")
        return 2
    try:
        program = floor.build()
    except MissingError as error:
        _say(str(error))
        return 2
    figures = {
        **_saturated(program, _SATURATED_ROUNDS * asked.rounds),
        **_paced(program, asked.rounds),
        **_latency(asked.rounds),
        **_conversations(_CONVERSED_ROUNDS * asked.rounds),
        **_playback(asked.rounds),
    }
    if asked.json is not None:
        text = json.dumps({name: round(value, 3) for name, value in figures.items()}, indent=2)
        asked.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
