"""What it costs a running program to start another one: by itself, and through nono's library.

    python -m nono.perf.spawner POLICY DIRECTORY

It answers requests as timer.c does; the operations are `clock`, `fork`, `sandbox` and the names of
other sandboxes' bindings, the argument is the program to run to its end. One sandbox is open all
the time, as in a library user's program. The bindings let it write in DIRECTORY.
"""

from __future__ import annotations

import array
import os
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from functools import cache, partial

import trio

from nono.perf import bindings
from nono.perf.policy import from_text
from nono.supervisor import open_sandbox
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.sandbox import Sandbox

Operation = Callable[[Sandbox, list[str]], Awaitable[None]]


async def main() -> None:
    # Python 3.12 warns of fork() beside threads; nothing but execv() follows it here.
    warnings.simplefilter("ignore", DeprecationWarning)
    plan = make_plan(from_text(sys.argv[1]))
    async with open_sandbox(plan) as box:
        # A thread, since trio is to go on with what the last run left to do.
        while line := await trio.to_thread.run_sync(sys.stdin.readline):
            name, count, *program = line.rstrip("\n").split("\t")
            samples = await _measure(partial(_operation(name), box, program), int(count))
            sys.stdout.buffer.write(samples)
            sys.stdout.buffer.flush()


async def _measure(operation: Callable[[], Awaitable[None]], count: int) -> array.array[int]:
    samples = array.array("Q")
    for _ in range(count):
        start = time.perf_counter_ns()
        await operation()
        samples.append(time.perf_counter_ns() - start)
    return samples


async def _nothing(_: Sandbox, __: list[str]) -> None:
    pass


async def _sandbox(box: Sandbox, program: list[str]) -> None:
    _expect_success(program, (await box.run(program)).returncode)


async def _fork(_: Sandbox, program: list[str]) -> None:
    child = os.fork()
    if child == 0:
        os.execv(program[0], program)
    _expect_success(program, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _expect_success(program: list[str], status: int) -> None:
    if status != 0:
        sys.exit(f"spawner: {program[0]} ended with {status}")


@cache
def _operation(name: str) -> Operation:
    if name in OPERATIONS:
        return OPERATIONS[name]
    run = bindings.load(name, sys.argv[2])

    async def bound(_: Sandbox, program: list[str]) -> None:
        _expect_success(program, run(program))

    return bound


OPERATIONS: dict[str, Operation] = {
    "clock": _nothing,
    "fork": _fork,
    "sandbox": _sandbox,
}

if __name__ == "__main__":
    trio.run(main)
