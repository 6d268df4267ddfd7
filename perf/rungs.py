"""The rungs of the ladder: the same timed program, under more and more of the sandbox."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nono.perf.peers import Installed, installed
from nono.perf.place import Place
from nono.perf.policy import Under, to_text
from nono.perf.timers import Timer, TimerError
from nono.supervisor.decisions.preloaded import library

NATIVE = "native"
LANDLOCK = "landlock"
FILTER = "filter"
PYTHON_LOOP = "python"
C_LOOP = "continue"
C_INJECT = "inject"
NONO = "nono"
NONO_IN_PYTHON = "nono, lane in Python"
NONO_UNTOLD = "nono, no audit"
NETWORK = "nono, network"
"""By itself, since a policy may refuse it what is measured."""
LIBRARY = "library"
"""nono with the library that programs load first."""
SPAWNER = "spawner"
ASKING = "asking"

HOST = "host.nono-bench.example"
_IN_C = (C_LOOP, C_INJECT)


def start(
    place: Place,
    stack: ExitStack,
    under: Under,
    left_out: Collection[str] = (),
    optional: Collection[str] = (),
) -> tuple[dict[str, Timer], list[str]]:
    """Every rung that this machine can have, running, and why some are missing.

    `stack` ends them. Raises TimerError where one does not run that is not `optional`.
    """
    started = {
        name: stack.enter_context(_started(place, name, command, under.cwd))
        for name, command in _commands(place, under).items()
        if name not in left_out
    }
    timers, notes = {}, []
    if LIBRARY not in started and LIBRARY not in left_out:
        notes.append("nono with the library that programs load: nono setup --check says why")
    for name, timer in started.items():
        try:
            timer.measure("clock", 1)  # what cannot start says so here
            timers[name] = timer
        except TimerError as error:
            if name not in optional:
                raise
            notes.append(error.message)
    return timers, notes


@dataclass(frozen=True)
class Peers:
    """Other sandboxes, running, and their bindings, by their names."""

    timers: dict[str, Timer]
    bindings: dict[str, Timer]
    installed: Installed
    notes: tuple[str, ...]


def start_peers(place: Place, stack: ExitStack, under: Under) -> Peers:
    """Those that work, and why others do not. `stack` ends them."""
    found = installed(place)
    project, file = str(place.project), str(place.file)
    spawner = _commands(place, under)[SPAWNER]
    commands = {name: [*before, *place.timer] for name, before in found.words.items()}
    commands.update({name: spawner for name in found.bindings})
    timers, notes = {}, [*found.notes]
    for name, command in commands.items():
        timer = stack.enter_context(_started(place, name, command, project))
        try:
            timer.measure(
                *((name, 1, "/bin/true") if name in found.bindings else ("open", 1, file))
            )
            timers[name] = timer
        except TimerError as error:
            notes.append(error.message)
    bindings = {name: timers.pop(name) for name in found.bindings if name in timers}
    return Peers(timers, bindings, found, tuple(notes))


def _started(place: Place, name: str, command: Sequence[str], cwd: str) -> Timer:
    lane = {"NONO_LANE": "python"} if name == NONO_IN_PYTHON else {}
    return Timer(name, command, cwd, {**os.environ, "TMPDIR": str(place.top), **lane})


def _commands(place: Place, under: Under) -> dict[str, list[str]]:
    project, policy = str(place.project), to_text(under)
    run, loading = [*nono(), "run", "-q", "--no-preload"], [*nono(), "run", "-q", "--preload"]
    given = [*under.words, *_options(place), "--", *place.timer]
    # -P: what lies in the directory is not taken for a module.
    ours = [sys.executable, "-P", "-m"]
    parts = (LANDLOCK, FILTER, PYTHON_LOOP, *(_IN_C if place.loop else ()))
    confine = [*ours, "nono.perf.confine", policy, project]
    return {
        NATIVE: place.timer,
        **{name: [*confine, name, place.loop or "", *place.timer] for name in parts},
        NONO: [*run, *given],
        NONO_UNTOLD: [*run, "--no-audit", *given],
        NETWORK: [*run, *_hosts(under), *given],
        NONO_IN_PYTHON: [*run, *given],
        **({LIBRARY: [*loading, *given]} if library() else {}),
        SPAWNER: [*ours, "nono.perf.spawner", policy, project],
        ASKING: [*ours, "nono.perf.asking", policy, project, *place.timer],
    }


def _hosts(under: Under) -> list[str]:
    """Where hosts are named, one more: its look-up needs nobody but nono."""
    return [f"--allow-domain={HOST}"] if under.names_hosts else []


def nono() -> list[str]:
    """The installed command."""
    command = Path(sys.executable).parent / "nono"
    return [str(command)] if command.exists() else [sys.executable, "-m", "nono.supervisor"]


def _options(place: Place) -> list[str]:
    """What is measured has to be allowed, and refused, whatever else is."""
    allowed = str(place.project), str(place.carved)
    return [*(f"--allow={each}" for each in allowed), f"--deny={place.denied}"]
