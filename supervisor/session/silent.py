"""A run that goes on and does not answer, such as one that Control-Z stopped: told, and ended.

`nono ps` and `nono kill` find it by who listens at its control socket.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from nono.supervisor.asking.control.listening import connect, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from nono.supervisor.linux.unanswering import Behind


def status_of(path: str) -> Mapping[str, Any] | None:
    """What is known of the run without an answer; None where nobody of this user's listens."""
    try:
        with connect(path) as sock, _held(sock) as behind:
            if behind is None:
                return None
            told = {"run": run_of(path), "pid": behind.pid, "is_stopped": behind.is_stopped}
            return {**told, "argv": behind.argv, "socket": path}
    except OSError:
        return None


def stopped_status(path: str) -> Mapping[str, Any] | None:
    """`status_of` a run that is stopped now, for which no answer needs to be waited; else None."""
    told = status_of(path)
    return told if told is not None and told["is_stopped"] else None


def go_on(path: str) -> bool:
    """Let a stopped one go on, so that it can be asked to end; False where it is not stopped."""
    try:
        with connect(path) as sock, _held(sock) as behind:
            if behind is None or not behind.is_stopped:
                return False
            behind.go_on()
            return True
    except OSError:
        return False


def end(path: str) -> bool:
    """End it, by SIGTERM where it is only busy; True once it is gone."""
    try:
        with connect(path) as sock, _held(sock) as behind:
            return behind is not None and behind.end()
    except OSError:
        return False


def _held(sock: Any) -> AbstractContextManager[Behind | None]:
    if sys.platform == "darwin":  # where no descriptor stands for a process
        import contextlib

        return contextlib.nullcontext()
    from nono.supervisor.linux.unanswering import held

    return held(sock)
