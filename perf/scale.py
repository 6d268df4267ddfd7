"""What one process and one machine can hold: sandboxes at once, their memory, their starts.

    python -m nono.perf.scale [--most N] [--calls N]

It prints tables in Markdown; docs/scale.md has them. A process of its own (crowd.py) is the user
of the library. The supervisor of a command is looked at while its program makes many calls.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from typing import Any

from nono.perf import rungs
from nono.perf.memory import held, named
from nono.perf.place import Place
from nono.perf.policy import usual

_STEPS = (100, 300, 1000, 2000)
_CALLS = 1_000_000
_AT_ONCE = 50_000
"""As many are asked of the timed program, which can count so many, at a time."""
_COMMANDS = 20
_TELLS = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.scale", description=__doc__)
    parser.add_argument("--most", type=int, default=_STEPS[-1], help="sandboxes in one process")
    parser.add_argument("--calls", type=int, default=_CALLS, help="calls of one program")
    arguments = parser.parse_args()
    steps = [*(step for step in _STEPS if step < arguments.most), arguments.most]
    for lines in (_crowd(steps), _commands(), _calls(arguments.calls)):
        for line in lines:
            print(line, flush=True)
        print()
    return 0


def _crowd(steps: Sequence[int]) -> Iterator[str]:
    command = [sys.executable, "-P", "-m", "nono.perf.crowd", *map(str, steps)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from _of_crowd([json.loads(line) for line in process.stdout])


def _of_crowd(told: Sequence[dict[str, Any]]) -> Iterator[str]:
    grown = [each for each in told if "open" in each]
    before = grown[0]
    yield (
        "| sandboxes | started a second | processor ms each | process, kB | kB each | init, kB"
        " | descriptors each |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for each in grown:
        yield _crowd_row(before, each)
    yield from (f"\nIt ended early: {each['failed']}" for each in grown if each["failed"])
    closed = [each for each in told if "closed" in each]
    sizes = ", ".join(f"{each['closed']}: {each['resident']}" for each in closed)
    yield f"\nResident kB after so many were opened and closed in turn: {sizes}."


def _crowd_row(before: dict[str, Any], now: dict[str, Any]) -> str:
    count = now["open"]

    def each(name: str) -> str:
        return f"{(now[name] - before[name]) / count:.1f}" if count else ""

    started = now["started_per_second"] or "", now["processor_ms_each"] or ""
    cells = (*started, now["resident"], each("resident"), now["init_share"] or "")
    return f"| {' | '.join(map(str, (count, *cells, each('descriptors'))))} |"


def _commands() -> Iterator[str]:
    """Supervisors of commands, each a process of its own, with a program that waits."""
    command = [*rungs.nono(), "run", "-q", "--", "/bin/cat"]
    with ExitStack() as stack:
        begin = time.perf_counter()
        running: list[subprocess.Popen[bytes]] = []
        for _ in range(_COMMANDS):
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            running.append(process)
        for process in running:
            _answered(process)
        taken = time.perf_counter() - begin
        time.sleep(1.0)
        sizes = [held(process.pid) for process in running]
        inits = [held(pid).share for each in running for pid in named(each.pid, "nono-init")]
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
    middle = sorted(each.resident for each in sizes)[len(sizes) // 2]
    share = sorted(each.share for each in sizes)[len(sizes) // 2]
    yield "| `nono run` at once | started a second | resident, kB | share, kB | init, kB | fds |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield (
        f"| {_COMMANDS} | {_COMMANDS / taken:.1f} | {middle} | {share} |"
        f" {sum(inits) // max(len(inits), 1)} | {sizes[0].descriptors} |"
    )


def _answered(process: subprocess.Popen[bytes]) -> None:
    """Wait until the program inside has answered."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"x\n")
    process.stdin.flush()
    process.stdout.readline()


def _calls(count: int) -> Iterator[str]:
    """The supervisor's size while a program makes calls: a tenth refused, a tenth performed."""
    with closing(Place()) as place, ExitStack() as stack:
        left_out = {rungs.LANDLOCK, rungs.FILTER, rungs.PYTHON_LOOP, rungs.C_LOOP, rungs.C_INJECT}
        others = {rungs.SPAWNER, rungs.ASKING, rungs.LIBRARY, rungs.NETWORK, rungs.NATIVE}
        others |= {rungs.NONO_UNTOLD, rungs.NONO_IN_PYTHON}
        under = usual(str(place.project))
        timers, _ = rungs.start(place, stack, under, left_out | others)
        timer, new = timers[rungs.NONO], str(place.make_new())
        kinds = [("open", str(place.file))] * 8 + [("open", new), ("refused", str(place.outside))]
        yield "| calls so far | resident, kB |"
        yield "| --- | --- |"
        made = 0
        yield f"| {made:,} | {held(timer.pid).resident} |"
        for _ in range(_TELLS):
            for operation, path in kinds:
                part = count // _TELLS // len(kinds)
                for at_once in _parts(part):
                    timer.measure(operation, at_once, path)
                made += part
            yield f"| {made:,} | {held(timer.pid).resident} |"


def _parts(count: int) -> Iterator[int]:
    while count > 0:
        yield min(count, _AT_ONCE)
        count -= _AT_ONCE


if __name__ == "__main__":
    sys.exit(main())
