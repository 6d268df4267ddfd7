"""What each part of the sandbox costs, from the bare kernel up, in one run.

    python -m perf.ladder [--quick] [--json FILE]

From the checkout, with nono installed. README.md beside this file says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from perf import rungs, table
from perf.machine import facts, heading
from perf.place import Place
from perf.rows import Row, rows
from perf.samples import Samples
from perf.timers import TimerError

_ROUNDS = 40
_QUICK_ROUNDS = 8


def main() -> int:
    arguments = _arguments()
    rounds = _QUICK_ROUNDS if arguments.quick else _ROUNDS
    try:
        with closing(Place()) as place, ExitStack() as stack:
            timers = rungs.start(place, stack)
            clock = statistics.median(timers[rungs.NATIVE].measure("clock", 1000))
            known = facts(place, clock)
            print(f"{heading(known)}; {rounds} rounds", flush=True)
            measured = _measure(rows(place, timers), rounds)
    except TimerError as error:
        print(f"perf.ladder: {error}", file=sys.stderr)
        return 1
    print(f"\n{table.markdown(measured)}")
    if arguments.json:
        result = {"machine": known, "rows": [each.as_json() for each in measured]}
        arguments.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m perf.ladder", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, not a figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here, too")
    return parser.parse_args()


def _measure(wanted: Sequence[Row], rounds: int) -> list[table.Measured]:
    """Every row, round after round, forwards or backwards so that drift hits all rows alike.

    The order is that of the Thue-Morse sequence, which is balanced for every second or eighth
    round as well.
    """
    sections: dict[str, dict[str, Samples]] = {}
    for row in wanted:
        sections.setdefault(row.section, {})[row.name] = Samples()
    for number in range(rounds):
        for row in reversed(wanted) if number.bit_count() % 2 else wanted:
            if number % row.every == 0:
                sections[row.section][row.name].add(number, row.measure(row.count))
    return [
        table.Measured(row, sections[row.section][row.name], sections[row.section])
        for row in wanted
    ]


if __name__ == "__main__":
    sys.exit(main())
