"""Running a program to its end in an open sandbox: its input, its output, its time, its result."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import trio

from nono.supervisor.library.collecting import Collected, Sink, drop
from nono.supervisor.library.engine import Engine, How
from nono.supervisor.library.program import Program
from nono.supervisor.library.results import Completed, TimeoutExpired
from nono.supervisor.nursery import open_nursery

MAX_OUTPUT = 16 << 20
"""Bytes of each stream that are kept, unless the caller says how many."""


@dataclass(frozen=True, slots=True)
class Until:
    """What is done with a program that runs to its end."""

    input: bytes | None = None
    text: bool = False
    max_output: int | None = MAX_OUTPUT
    timeout: float | None = None
    grace: float = 0.0
    check: bool = False
    sinks: dict[str, Sink] = field(default_factory=dict)


async def run(
    engine: Engine, argv: Sequence[str | os.PathLike[str]], how: How, until: Until
) -> Completed:
    """Start a program and `complete` it. When cancelled, it is killed, and all of its processes."""
    program = await engine.start(argv, replace(how, in_time=False))
    try:
        return await complete(engine, program, until)
    except BaseException:
        program.kill()
        with trio.CancelScope(shield=True):
            await program.ended.wait()
        raise


async def complete(engine: Engine, program: Program, until: Until) -> Completed:
    """Feed it, collect what it prints, and wait for its end, whatever it has left running.

    Raises CommandError, BrokenError; TimeoutExpired after it was ended; CalledProcessError.
    """
    times = [each for each in (until.timeout, program.timeout) if each is not None]
    timeout = min(times, default=None)
    outputs = {
        name: Collected(until.max_output, until.text, until.sinks.get(name))
        for name in program.streams
        if name != "stdin"
    }
    async with open_nursery() as nursery:
        if "stdin" in program.streams:
            nursery.start_soon(_feed, program, until.input or b"")
        for name, output in outputs.items():
            nursery.start_soon(output.follow, program.streams[name])
        is_done = await program.wait_for(timeout)
        if not is_done:
            await program.stop(until.grace)
        nursery.cancel_scope.cancel()
    for name, output in outputs.items():
        await output.rest(program.streams[name])
        await output.finish()
        _let_go(engine, program, name)
    if program.error is not None:
        raise program.error
    assert program.returncode is not None
    completed = Completed(
        program.argv,
        program.returncode,
        _value(outputs, "stdout"),
        _value(outputs, "stderr"),
        engine.explained(program.refused()),
        engine.faults(program),
        program.duration,
        any(each.truncated for each in outputs.values()),
        engine.session,
        tuple(program.reached()),
        program.dropped,
    )
    if not is_done:
        assert timeout is not None
        reached = (*completed.limits, program.out_of_time(timeout))
        raise TimeoutExpired(replace(completed, limits=reached), timeout)
    if until.check:
        completed.check_returncode()
    return completed


def _value(outputs: dict[str, Collected], name: str) -> Any:
    return outputs[name].value if name in outputs else None


async def _feed(program: Program, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):
        await program.send(data)
    if not program.has_terminal:
        await program.close_stream("stdin")


def _let_go(engine: Engine, program: Program, name: str) -> None:
    """Of an output that nobody wants any more; who lingers may go on writing there."""
    if program.ended.is_set():
        program.streams[name].close()
    else:
        engine.start_soon(_drop, program, name)


async def _drop(program: Program, name: str) -> None:
    try:
        await drop(program.streams[name])
    finally:
        program.streams[name].close()
