"""`nono watch`: see what sandboxes ask, and answer."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import stat
from collections.abc import Callable

import click

from nono.broker.asking.control.json_rpc import Call
from nono.supervisor import exit_status
from nono.supervisor.asking.control.client import found
from nono.supervisor.asking.control.over_control import watching
from nono.supervisor.asking.control.watch import Watching, every_run
from nono.supervisor.asking.control.watch import watch as on_terminal
from nono.supervisor.cli.messages import tell
from nono.supervisor.errors import UsageError

_STDIN, _STDOUT = 0, 1
_LOOK_SECONDS = 0.25


@click.command()
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what runs tell as lines of JSON.")
@click.option("--once", type=int, metavar="ID", help="Only this question of RUN: for popups.")
@click.option("--new", is_flag=True, hidden=True, help="It comes where another was withdrawn.")
@click.pass_context
def watch(
    ctx: click.Context, /, run: str | None, as_json: bool, once: int | None, new: bool
) -> None:
    """Show the questions of sandboxes that run with --ask, and answer them by a key.

    RUN is a name that `nono ps` shows, or a socket; without it, all of yours, also those that start
    later. With --json nothing is answered: see docs/control.md for a client that does.
    """
    if once is not None and (run is None or as_json):
        raise UsageError(
            "--once is a question of one run, on a terminal", "nono watch RUN --once 1"
        )
    find = every_run(os.environ) if run is None else _one(found(run, os.environ))
    is_for_all = run is None and not as_json
    with watching(os.environ) if is_for_all else contextlib.nullcontext():
        if as_json:
            _as_json(find, run is not None)
            return
        if not (os.isatty(_STDIN) and os.isatty(_STDOUT)):
            raise UsageError("nono watch needs a terminal", "nono watch --json")
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        before = "the question that was here" if new else ""
        answered = on_terminal(find, once, _STDIN, _STDOUT, before)
    if once is not None:
        ctx.exit(exit_status.of_answer(answered))


def _leave(number: int, frame: object) -> None:
    """The terminal is put back on the way."""
    raise SystemExit(exit_status.of_signal(number))


def _one(path: str) -> Callable[[], list[str]]:
    return lambda: [path]


def _as_json(find: Callable[[], list[str]], is_one: bool) -> None:
    """Until nobody reads it any more, or the one run has ended."""

    def say(run: str, call: Call) -> None:
        tell([json.dumps({"run": run, "event": call.method, **call.params})])

    pipe = [_STDOUT] if stat.S_ISFIFO(os.fstat(_STDOUT).st_mode) else []
    watching = Watching(find, say, answers=False)
    with contextlib.closing(watching):
        while True:
            for client in watching.look():
                tell([json.dumps({"run": client.run, "event": "started", **client.status})])
            if is_one and not watching.clients:
                return
            descriptors = [client.fileno() for client in watching.clients.values()]
            # A pipe whose reader is gone is readable at this end: select(2), POLLERR.
            ready, _, _ = select.select([*descriptors, *pipe], [], [], _LOOK_SECONDS)
            if _STDOUT in ready:
                return
            for run in watching.listen({*ready}):
                tell([json.dumps({"run": run, "event": "ended"})])
