"""`nono bench`: the ladder on a user's machine, under the user's policy, beside other sandboxes."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass

from nono.perf import rungs
from nono.perf.machine import facts
from nono.perf.measuring import Processors, measure
from nono.perf.place import Place
from nono.perf.policy import Under
from nono.perf.results.result import Result
from nono.perf.rows import rows_for_users

ROUNDS = 24
QUICK_ROUNDS = 6
_QUICK = 10
"""A quick round takes one of so many samples."""
_NOT_FOR_USERS = (rungs.PYTHON_LOOP, rungs.NONO_IN_PYTHON)
_OPTIONAL = (rungs.NETWORK, rungs.LIBRARY, rungs.SPAWNER, rungs.ASKING)


@dataclass(frozen=True)
class Extent:
    """How much is measured: rounds, and whether each takes few samples."""

    rounds: int = ROUNDS
    quick: bool = False


def run(under: Under, extent: Extent, told: Callable[[str], None] = lambda words: None) -> Result:
    """Measure. `told` hears what goes on. Raises TimerError, OSError.

    Nothing is left behind when it is interrupted: each program ends with its requests.
    """
    processors = Processors()
    with closing(Place()) as place, ExitStack() as stack:
        told("starting what is timed")
        timers, notes = rungs.start(place, stack, under, _NOT_FOR_USERS, _OPTIONAL)
        peers = rungs.start_peers(place, stack, under)
        known = facts(place, statistics.median(timers[rungs.NATIVE].measure("clock", 1000)))
        rows = rows_for_users(place, timers, under, peers)
        lines, failed = measure(
            rows,
            extent.rounds,
            _QUICK if extent.quick else 1,
            lambda number: told(f"round {number + 1} of {extent.rounds}"),
        )
    machine = {**known, **processors.facts()}
    return Result(
        machine,
        extent.rounds,
        tuple(lines),
        under.told,
        (*notes, *peers.notes, *failed),
        peers.installed.beside,
    )
