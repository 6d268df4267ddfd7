"""One process of a library's user with many sandboxes: what each costs, and how fast they start.

    python -m nono.perf.crowd STEP...

For each STEP, a number of sandboxes, one line of JSON: as many are open by then, each with a
program that waits. They start two at a time for each processor. It ends early, and says why, when
one cannot be opened. Then some are opened and closed one after the other.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

import trio

from nono.broker.errors import NonoError
from nono.perf.memory import held, named, processor, resident
from nono.supervisor import open_sandbox
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan

_SLEEPING = ("/bin/sh", "-c", ': > "$TMPDIR/started"; exec sleep 86400')
_LOOK_SECONDS = 0.002
_AT_ONCE = 2
_TELLS = 10
_IN_TURN = 200
"""Sandboxes that are opened and closed one after the other, and how often the size is told."""


class Crowd:
    """Sandboxes, open until `leave` is set."""

    def __init__(self, plan: Plan, nursery: trio.Nursery) -> None:
        self._plan = plan
        self._nursery = nursery
        self._turn = trio.CapacityLimiter(_AT_ONCE * (os.cpu_count() or 1))
        self.count = 0
        self.leave = trio.Event()

    async def grow(self, number: int) -> str:
        """Open as many as are missing; empty, or why one could not be."""
        failed: list[str] = []
        async with trio.open_nursery() as nursery:
            for _ in range(number - self.count):
                nursery.start_soon(self._join, failed)
        return failed[0] if failed else ""

    async def _join(self, failed: list[str]) -> None:
        async with self._turn:
            if not failed:
                try:
                    await self._nursery.start(self._live)
                    self.count += 1
                except (NonoError, OSError) as error:
                    failed.append(str(error))

    async def _live(self, task_status: trio.TaskStatus[None]) -> None:
        async with open_sandbox(self._plan) as box:
            started = os.path.join(box.tmpdir, "started")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(box.run, _SLEEPING)
                while not os.path.exists(started):
                    await trio.sleep(_LOOK_SECONDS)
                task_status.started()
                await self.leave.wait()
                nursery.cancel_scope.cancel()


async def main(steps: Sequence[int]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    plan = make_plan(Options())
    async with open_sandbox(plan) as box:  # what the first one loads
        await box.run(["/bin/true"])
    spent = _tell(0, 0.0, "")
    async with trio.open_nursery() as nursery:
        crowd = Crowd(plan, nursery)
        for step in steps:
            begin, before = time.perf_counter(), crowd.count
            failed = await crowd.grow(step)
            taken = time.perf_counter() - begin
            more = max(crowd.count - before, 1)
            spent = _tell(crowd.count, more / taken, failed, more, spent)
            if failed:
                break
        crowd.leave.set()
    await _in_turn(plan)


def _tell(count: int, speed: float, failed: str, more: int = 1, before: float = 0.0) -> float:
    """Say how it stands. `more` have started since `before`, in processor seconds of all of it.

    Returns those seconds by now.
    """
    spent = processor(os.getpid())
    gc.collect()
    ours = held(os.getpid())
    inits = [held(pid) for pid in named(os.getpid(), "nono-init")[:: max(1, count // 50)]]
    made = {
        "open": count,
        "started_per_second": round(speed, 1),
        "processor_ms_each": round(1000 * (spent - before) / more) if count else 0,
        **asdict(ours),
        "init_share": round(sum(each.share for each in inits) / len(inits)) if inits else 0,
        "failed": failed,
    }
    print(json.dumps(made), flush=True)
    return processor(os.getpid())


async def _in_turn(plan: Plan) -> None:
    """Whether anything is left of a sandbox that was closed."""
    each = _IN_TURN // _TELLS
    for part in range(_TELLS + 1):
        gc.collect()
        print(json.dumps({"closed": each * part, "resident": resident(os.getpid())}), flush=True)
        for _ in range(each if part < _TELLS else 0):
            async with open_sandbox(plan) as box:
                await box.run(["/bin/true"])


if __name__ == "__main__":
    trio.run(main, [*map(int, sys.argv[1:])])
