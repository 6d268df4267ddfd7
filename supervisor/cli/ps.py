"""`nono ps` and `nono kill`: the runs of this user that go on now."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from nono.broker import visible
from nono.broker.asking.control.json_rpc import ProtocolError
from nono.supervisor import exit_status
from nono.supervisor.asking.control.client import Client, GoneError, SilentError, found
from nono.supervisor.asking.control.listening import remove_left_behind, sockets
from nono.supervisor.cli.messages import say, tell
from nono.supervisor.errors import UsageError
from nono.supervisor.session.silent import end, go_on, status_of, stopped_status

_COLUMNS = ("RUN", "PID", "SINCE", "REFUSED", "ASKS", "COMMAND")
_MAX_COMMAND = 200
_MAX_AT_ONCE = 32
"""Runs that are asked together, so that one that is busy keeps no other waiting."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As a list in JSON.")
def ps(as_json: bool) -> None:
    """List the sandboxes of yours that run now."""
    paths = sockets(os.environ)
    with ThreadPoolExecutor(_MAX_AT_ONCE) as together:
        found = [each for each in together.map(_status, paths) if each is not None]
    if as_json:
        tell([json.dumps(found, indent=2)])
    else:
        tell(_table([_COLUMNS, *map(_row, found)]) if found else ["no runs"])


def _status(path: str) -> Mapping[str, Any] | None:
    """What a run says of itself; the socket of one that was killed is removed.

    One that is stopped is not asked, since it could not answer.
    """
    stopped = stopped_status(path)
    if stopped is not None:
        return stopped
    try:
        with Client(path, name="nono ps") as client:
            return {**client.status, "socket": path}
    except SilentError:
        return status_of(path)
    except (GoneError, ProtocolError):
        remove_left_behind(path)
        return None


def _row(status: Mapping[str, Any]) -> tuple[str, ...]:
    if "is_stopped" in status:
        return _silent_row(status)
    waiting, refused = status.get("waiting"), status.get("refused", 0)
    return (
        visible(str(status.get("run", ""))),
        visible(str(status.get("pid", ""))),
        _since(status.get("started")),
        visible(str(refused)),
        f"{len(waiting)} wait" if isinstance(waiting, list) and waiting else "-",
        _command(status),
    )


def _command(status: Mapping[str, Any]) -> str:
    words = status.get("argv")
    return visible(shlex.join(map(str, words)) if isinstance(words, list) else "", _MAX_COMMAND)


def _silent_row(status: Mapping[str, Any]) -> tuple[str, ...]:
    """Of a run that does not answer: what is seen from outside."""
    pid = status["pid"]
    words = f"(stopped: fg, or kill -CONT {pid})" if status["is_stopped"] else "(does not answer)"
    command = "  ".join(filter(None, (_command(status), words)))
    return visible(status["run"]), str(pid), "?", "?", "-", command


def _since(started: object) -> str:
    """How long ago, in its largest unit."""
    if not isinstance(started, int | float):
        return "?"
    seconds = max(0, int(time.time() - started))
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


@click.command()
@click.argument("run")
@click.pass_context
def kill(ctx: click.Context, /, run: str) -> None:
    """End every process of a sandbox. RUN is a name that `nono ps` shows, or a beginning of one."""
    path = found(run, os.environ)
    go_on(path)  # one that Control-Z stopped: then it ends as any other
    try:
        _ask_to_end(path)
    except SilentError as error:
        say([f"nono: {visible(run)}: {error}: it is asked to end by SIGTERM, then killed"])
        if not end(path):
            raise UsageError(f"{run}: {error}", "nono ps") from error
        remove_left_behind(path)
    except (GoneError, ProtocolError) as error:
        raise UsageError(f"{run}: {error}", "nono ps") from error
    ctx.exit(exit_status.SUCCESS)


def _ask_to_end(path: str) -> None:
    """Until it has ended. Raises GoneError, SilentError, ProtocolError."""
    with Client(path, name="nono kill") as client:
        client.request("kill")
        with contextlib.suppress(GoneError):
            while True:
                list(client.events())
