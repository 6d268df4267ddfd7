"""The rungs of the ladder: the same timed program, under more and more of the sandbox."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from perf.place import CHECKOUT, Place
from perf.timers import Timer

NATIVE = "native"
LANDLOCK = "landlock"
FILTER = "filter"
PYTHON_LOOP = "python"
C_LOOP = "continue"
C_INJECT = "inject"
NONO = "nono"
NONO_IN_PYTHON = "nono, lane in Python"
NONO_UNTOLD = "nono, no audit"
LIBRARY = "library"
"""nono with the library that programs load first."""
SPAWNER = "spawner"
ASKING = "asking"

_IN_C = (C_LOOP, C_INJECT)


def start(place: Place, stack: ExitStack) -> dict[str, Timer]:
    """Every rung that this machine can have, running; `stack` ends them."""
    project = str(place.project)
    ours = {
        SPAWNER: ["-m", "perf.spawner", project],
        ASKING: ["-m", "perf.asking", project, *place.timer],
    }
    for name in (LANDLOCK, FILTER, PYTHON_LOOP, *(_IN_C if place.loop else ())):
        ours[name] = ["-m", "perf.confine", project, name, place.loop or "", *place.timer]
    commands = {
        NATIVE: (place.timer, project),
        NONO: ([*nono(), "run", "-q", *_options(place), "--", *place.timer], project),
        LIBRARY: (
            [*nono(), "run", "-q", "--preload", *_options(place), "--", *place.timer],
            project,
        ),
        NONO_UNTOLD: (
            [*nono(), "run", "-q", "--no-audit", *_options(place), "--", *place.timer],
            project,
        ),
        # These go to the project by themselves: they are found from the checkout.
        **{name: ([sys.executable, *words], str(CHECKOUT)) for name, words in ours.items()},
    }
    env = {**os.environ, "TMPDIR": str(place.top)}
    commands[NONO_IN_PYTHON] = commands[NONO]
    timers = {}
    for name, (command, cwd) in commands.items():
        lane = {"NONO_LANE": "python"} if name == NONO_IN_PYTHON else {}
        timers[name] = stack.enter_context(Timer(name, command, cwd, env | lane))
        timers[name].measure("clock", 1)  # what cannot start says so here
    return timers


def nono() -> list[str]:
    """The installed command."""
    command = Path(sys.executable).parent / "nono"
    return [str(command)] if command.exists() else [sys.executable, "-m", "nono.supervisor"]


def _options(place: Place) -> list[str]:
    return ["--allow-cwd", "--allow", str(place.carved), "--deny", str(place.denied)]
