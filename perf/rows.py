"""What is measured, what each figure is held against, and the budgets (design, section 13)."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Mapping
from functools import partial

from nono.perf import programs, rungs, terminals
from nono.perf.place import Place, system_python
from nono.perf.policy import Under
from nono.perf.results.row import Limit, Measure, Row
from nono.perf.timers import Timer

_CALLS = 500
_SLOW_CALLS = 50
_EVERY_PROGRAM = 2
_EVERY_INSTALLATION = 8


def rows(place: Place, timers: Mapping[str, Timer], under: Under) -> list[Row]:
    """Every row that this machine can measure: the developers' ladder."""
    return [
        *_opens(place, timers, {}),
        *_relative(place, timers),
        *_other_calls(place, timers),
        *_programs(place, timers),
        *_asking(timers),
        *_starts(place, timers, under, {}),
        *_terminals(place),
    ]


def rows_for_users(
    place: Place,
    timers: Mapping[str, Timer],
    under: Under,
    peers: rungs.Peers,
) -> list[Row]:
    """Those of `nono bench`: what a user's programs meet, and other sandboxes beside it."""
    return [
        *_opens(place, timers, peers.timers),
        *_other_calls(place, timers),
        *_look_ups(timers, under),
        *_asking(timers),
        *_starts(place, timers, under, peers.installed.words),
        *_bindings(peers.bindings),
    ]


_STARTS = "starting /bin/true"
_RUNNING = "a running Python program"
_NATIVE = "native"
_PYTHON_LOOP = "bare notify loop, Python"
_C_LOOP = "bare notify loop, C"
_C_INJECT = "bare notify loop, C, performs the open"

_LADDER = {
    rungs.NATIVE: _NATIVE,
    rungs.LANDLOCK: "Landlock only",
    rungs.FILTER: "filter only",
    rungs.PYTHON_LOOP: _PYTHON_LOOP,
    rungs.C_LOOP: _C_LOOP,
    rungs.C_INJECT: _C_INJECT,
}
_FAST = (Limit(_PYTHON_LOOP, 4.0), Limit(_C_LOOP, 1.5))
_SLOW = (Limit(_C_INJECT, 2.0),)


def _opens(place: Place, timers: Mapping[str, Timer], peers: Mapping[str, Timer]) -> Iterator[Row]:
    section = "open + close"
    path = str(place.file)
    for rung, name in _LADDER.items():
        if rung in timers:
            yield Row(section, name, _timed(timers[rung], "open", path), _CALLS, _NATIVE)
    own = str(place.own)
    timers[rungs.NONO].measure("read", 1, own)  # which creates it
    new = str(place.make_new())
    for rung, name, operation, argument, limits in (
        (rungs.NONO, "nono, fast lane", "open", path, _FAST),
        (rungs.NONO_IN_PYTHON, "nono, fast lane in Python", "open", path, _FAST),
        (rungs.NONO, "nono, performed, new in a carved directory", "open", new, _SLOW),
        (rungs.NONO_UNTOLD, "the same without an audit", "open", new, _SLOW),
        (rungs.NONO, "nono, performed, its own in /tmp", "open", own, _SLOW),
        (rungs.NONO, "nono, denied", "refused", str(place.outside), ()),
        (rungs.LIBRARY, "nono, by the library that programs load", "open", path, ()),
        (rungs.LIBRARY, "nono, performed, with --preload", "open", new, _SLOW),
        (rungs.LIBRARY, "nono, denied, with --preload", "refused", str(place.outside), ()),
    ):
        if rung in timers:
            measure = _timed(timers[rung], operation, argument)
            yield Row(section, name, measure, _CALLS, _NATIVE, limits)
    for name, timer in peers.items():
        yield Row(section, name, _timed(timer, "open", path), _CALLS, _NATIVE)


def _relative(place: Place, timers: Mapping[str, Timer]) -> Iterator[Row]:
    """Where nono was started in the project."""
    for rung, name in (
        (rungs.NONO, "nono, fast lane, relative path"),
        (rungs.NONO_IN_PYTHON, "nono, fast lane in Python, relative path"),
    ):
        measure = _timed(timers[rung], "open", place.file.name)
        yield Row("open + close", name, measure, _CALLS, _NATIVE, _FAST)


def _other_calls(place: Place, timers: Mapping[str, Timer]) -> Iterator[Row]:
    data = str(place.project / "data")
    for name, operation, argument, count, budget in (
        ("stat", "stat", str(place.file), _CALLS, 1.0),
        ("read 64 bytes", "read", data, _CALLS, 1.0),
        ("write 64 bytes", "write", data, _CALLS, 1.0),
        ("send + recv", "exchange", "", _CALLS, 1.0),
        ("fork + wait", "fork", "", _SLOW_CALLS, 1.0),
        ("connect to loopback", "connect", "", _SLOW_CALLS, 2.5),
    ):
        words = (operation, argument)
        rung = rungs.NETWORK if operation == "connect" else rungs.NONO
        if rung in timers:
            yield from _pair("other calls", name, timers, words, count, budget, 1, rung)


def _look_ups(timers: Mapping[str, Timer], under: Under) -> Iterator[Row]:
    """Where hosts are named, nono answers; elsewhere the machine's own name servers do."""
    if under.names_hosts and rungs.NETWORK in timers:
        measure = _timed(timers[rungs.NETWORK], "lookup", rungs.HOST)
        yield Row("other calls", "a look-up of a host (300 µs)", measure, _SLOW_CALLS)


def _programs(place: Place, timers: Mapping[str, Timer]) -> Iterator[Row]:
    for name, command, budget, every in (
        ("find /usr/include", programs.find(), 1.3, _EVERY_PROGRAM),
        ("import asyncio, ssl, json", programs.importing(), 1.1, _EVERY_PROGRAM),
        ("pip install of a wheel", programs.installing(place), 1.05, _EVERY_INSTALLATION),
    ):
        if command:
            words = ("run", *command)
            yield from _pair("programs", name, timers, words, 1, budget, every)
            if rungs.LIBRARY in timers:
                loaded = _timed(timers[rungs.LIBRARY], *words)
                native = f"{name}, native"
                yield Row("programs", f"{name}, --preload", loaded, 1, native, (), every)


def _pair(
    section: str,
    name: str,
    timers: Mapping[str, Timer],
    words: tuple[str, ...],
    count: int,
    budget: float,
    every: int = 1,
    rung: str = rungs.NONO,
) -> Iterator[Row]:
    outside, inside = (_timed(timers[each], *words) for each in (rungs.NATIVE, rung))
    native = f"{name}, native"
    limits = (Limit(native, budget),)
    yield Row(section, native, outside, count, every=every)
    yield Row(section, f"{name}, nono", inside, count, native, limits, every)


def _asking(timers: Mapping[str, Timer]) -> Iterator[Row]:
    """With the library, whose user's function is asked in the same process."""
    section = "asking a function: open + close"
    denied = "denied, in a sandbox that asks"
    if rungs.ASKING not in timers:
        return
    asks = timers[rungs.ASKING]
    yield Row(section, denied, _timed(asks, "denied"), _SLOW_CALLS)
    allowing = _timed(asks, "allowed")
    limits = (Limit(denied, 2.0),)
    yield Row(section, "asked, a function allows at once", allowing, _SLOW_CALLS, None, limits)


def _starts(
    place: Place,
    timers: Mapping[str, Timer],
    under: Under,
    peers: Mapping[str, list[str]],
) -> Iterator[Row]:
    section = _STARTS
    bare = "python3 -c pass, nothing started"
    plain, run = "nono run", [*rungs.nono(), "run", "-q"]
    given = [word for word in under.words if word != "--allow-cwd"]
    yield Row(section, "native", programs.starting(place, programs.TRUE), every=_EVERY_PROGRAM)
    for name, command, limits in (
        (bare, programs.python_alone(), ()),
        (plain, [*run, "--", *programs.TRUE], (Limit(bare, 5.0),)),
        ("nono run, this policy", [*run, *given, "--", *programs.TRUE], (Limit(plain, 1.3),)),
        ("nono run --ask=watch", [*run, "--ask=watch", "--", *programs.TRUE], (Limit(plain, 1.0),)),
        *((name, [*words, *programs.TRUE], ()) for name, words in peers.items()),
    ):
        if given or name != "nono run, this policy":
            measure = programs.starting(place, command)
            yield Row(section, name, measure, 1, "native", limits, _EVERY_PROGRAM)
    if rungs.SPAWNER not in timers:
        return
    forking = f"{_RUNNING}: fork + exec"
    spawner = timers[rungs.SPAWNER]
    yield Row(section, forking, _timed(spawner, "fork", *programs.TRUE), 2)
    sandboxing = _timed(spawner, "sandbox", *programs.TRUE)
    limits = (Limit(forking, 3.0),)
    yield Row(section, f"{_RUNNING}: nono's library", sandboxing, 2, forking, limits)


def _bindings(timers: Mapping[str, Timer]) -> Iterator[Row]:
    for name, timer in timers.items():
        measure = _timed(timer, name, *programs.TRUE)
        yield Row(_STARTS, f"{_RUNNING}: {name}", measure, 2, f"{_RUNNING}: fork + exec")


def _terminals(place: Place) -> Iterator[Row]:
    """The program runs in a terminal: its own, between it and the person's, or the person's."""
    section = "on a terminal"
    shared = f"cat of {terminals.MEGABYTES} MB, nono run"
    run = [*rungs.nono(), "run", "--allow-cwd", "--quiet"]
    for name, words, limits in (
        (shared, [*run, "--"], ()),
        (f"{shared} --ask", [*run, "--ask=tty", "--"], (Limit(shared, 1.1),)),
    ):
        measure = terminals.showing(place, words)
        yield Row(section, name, measure, 1, shared, limits, _EVERY_INSTALLATION)
    bare = "/bin/true, nono run"
    for name, words, limits in (
        (bare, [*run, "--"], ()),
        (f"{bare} --ask", [*run, "--ask=tty", "--"], (Limit(bare, 1.0),)),
    ):
        measure = terminals.starting(place, words)
        yield Row(section, name, measure, 1, bare, limits, _EVERY_PROGRAM)
    asked = terminals.Asked(place, rungs.nono(), system_python() or sys.executable)
    # The times that it may take are in the names: there is no row to hold them against.
    for name, measure, count in (
        ("the first call that asks: its question visible (200 ms)", asked.measure_first, 1),
        ("the second one (20 ms)", asked.measure_second, 1),
        ("from the key to the program's next step (5 ms)", asked.measure_resumed, 2),
    ):
        yield Row(section, name, measure, count, every=_EVERY_INSTALLATION)


def _timed(timer: Timer, operation: str, *arguments: str) -> Measure:
    return partial(_measure, timer, operation, arguments)


def _measure(timer: Timer, operation: str, arguments: tuple[str, ...], count: int) -> array[int]:
    return timer.measure(operation, count, *arguments)
