"""What each part of the sandbox costs, from the bare kernel up, in one run.

    python -m nono.perf.ladder [--quick] [--json FILE]

docs/benchmarking.md says how to read the table.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import ExitStack, closing
from pathlib import Path

from nono.perf import rungs
from nono.perf.machine import facts
from nono.perf.measuring import measure
from nono.perf.place import Place
from nono.perf.policy import usual
from nono.perf.results import table
from nono.perf.results.heading import heading
from nono.perf.results.kept import to_json
from nono.perf.results.result import Result
from nono.perf.rows import rows
from nono.perf.timers import TimerError

_ROUNDS = 40
_QUICK_ROUNDS = 8


def main() -> int:
    arguments = _arguments()
    rounds = _QUICK_ROUNDS if arguments.quick else _ROUNDS
    try:
        with closing(Place()) as place, ExitStack() as stack:
            under = usual(str(place.project))
            timers, _ = rungs.start(place, stack, under)
            clock = statistics.median(timers[rungs.NATIVE].measure("clock", 1000))
            known = facts(place, clock)
            print(f"{heading(known)}; {rounds} rounds", flush=True)
            lines, notes = measure(rows(place, timers, under), rounds)
    except TimerError as error:
        print(f"perf.ladder: {error}", file=sys.stderr)
        return 1
    result = Result(known, rounds, tuple(lines), under.told, tuple(notes))
    print(f"\n{table.markdown(result)}")
    print("".join(f"\nnot measured: {note}" for note in notes), end="")
    if arguments.json:
        arguments.json.write_text(to_json(result))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.ladder", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
