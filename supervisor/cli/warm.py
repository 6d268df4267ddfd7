"""`nono warm`: have a process ready that becomes the nono of runs by a fork."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
import threading
from typing import NoReturn

import click

from nono.supervisor import exit_status
from nono.supervisor.cli.duration import checked, seconds
from nono.supervisor.cli.messages import say
from nono.supervisor.errors import UsageError
from nono.supervisor.warm.started import Started, noted

_ROOMS = ("planning", "report", "proxy", "asking", "cli")
_NOT_LOADED = ("bench", "mcp")
"""Commands that import much and run nothing."""


@click.command()
@click.option("--idle", callback=checked, metavar="SECONDS|5m|2h", help="End when so long unused.")
def warm(idle: str | None) -> None:
    """Stay, with everything loaded, and run what `nono run` is asked to with NONO_WARM=1.

    Where what an ordinary start came to is kept, that one takes no longer: see docs/warm.md. It
    is for what has no terminal, such as an agent's harness, which is to start this one, too:
    whatever is different about a caller (limits, control groups, namespaces, variables that
    Python reads) makes its run an ordinary start.
    """
    # What only this command needs is loaded only then.
    from nono.supervisor.session.warm import serve

    if not noted:
        raise UsageError("nono warm is a command of its own", "nono warm")
    started = noted[0]
    _load()
    why = serve(
        lambda words: _run(started, words),
        started.searched,
        started.file,
        None if idle is None else seconds(idle),
        lambda line: say([line]),
    )
    say([f"nono: warm no more: {why}"])


def _load() -> None:
    """What a command imports to run a program."""
    top = os.path.dirname(os.path.dirname(__file__))
    for room in _ROOMS:
        for module in pkgutil.walk_packages([f"{top}/{room}"], f"nono.supervisor.{room}."):
            if not module.name.endswith(_NOT_LOADED):
                importlib.import_module(module.name)


def _run(started: Started, words: list[str]) -> NoReturn:
    """As the process of a command runs and ends; nothing of this one's is gone back to."""
    code: object = 1
    try:
        started.main(words)
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        if isinstance(error, KeyboardInterrupt):
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    for each in threading.enumerate():
        if not each.daemon and each is not threading.main_thread():
            each.join()
    started.end_at_once(code or 0)
    os._exit(exit_status.of_shell(code or 0))
