"""The end of everything that a sandbox started, daemons too.

macOS has nothing that holds processes together. Three things together tell which they are: the
program's process group, those that the guard saw start, and the kernel's own word. A profile
allows to look up one service that does not exist and whose name is the run's; whoever is in some
sandbox, may look up that and may not look up the like of it, is in this one, whatever became of
its parents. So a daemon is found as well. What may get away is one that starts processes faster
than they are found, for as many rounds as there are: what is left after those is told.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator

from nono.shims.macos import enter, processes
from nono.shims.macos.watch import Watch

_LOOKUP = "mach-lookup"
_ROUNDS = 200
_SECONDS = 0.01
_MAX_WATCHED = 20_000


def mark_of(tag: str) -> str:
    """The name of the service that only this run's profile has."""
    return f"nono.run.{tag}"


def _other(mark: str) -> str:
    """What no profile of ours has."""
    return f"{mark}.not"


def is_marked(pid: int, mark: str) -> bool:
    """True when the kernel says that the process is in the sandbox of this mark."""
    try:
        return (
            enter.is_held(pid)
            and not enter.refuses(pid, _LOOKUP, mark, enter.SERVICE)
            and enter.refuses(pid, _LOOKUP, _other(mark), enter.SERVICE)
        )
    except OSError:  # it is gone
        return False


def marked(mark: str) -> list[int]:
    """All processes of the sandbox; none where the kernel tells nothing."""
    with contextlib.suppress(OSError):
        return [pid for pid in processes.everything() if is_marked(pid, mark)]
    return []


class Descendants:
    """Those of the program, as far as they were seen to start: for the guard alone."""

    def __init__(self, program: int) -> None:
        """Raises OSError."""
        self._watch = Watch()
        self._alive: set[int] = set()
        self._add(program)

    def fileno(self) -> int:
        """What can be read when `look` has something to do."""
        return self._watch.fileno()

    def look(self) -> None:
        """Take note of who has started and who has ended."""
        for event in self._watch.heard():
            if event.forked:
                self._add_children(event.pid)
            if event.ended:
                self._alive.discard(event.pid)

    def alive(self) -> list[int]:
        """Those that have not ended, as of the last look."""
        return sorted(self._alive)

    def _add(self, pid: int) -> None:
        waiting = [pid]
        while waiting and len(self._alive) < _MAX_WATCHED:
            each = waiting.pop()
            if each not in self._alive and self._watch.add(each):
                self._alive.add(each)
                # It may have started others before it was watched.
                waiting += _children(each)

    def _add_children(self, pid: int) -> None:
        for each in _children(pid):
            self._add(each)

    def close(self) -> None:
        self._watch.close()


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return processes.children(pid)
    return []


def kill_everything(
    group: int, mark: str, seen: Callable[[], Iterable[int]], reap: Callable[[], None]
) -> int:
    """Kill until nobody is found; how many are left when it was tried often enough.

    `group` is the program's process group while its leader was not collected, 0 then; `seen` are
    processes that were seen to start; `reap` collects who has ended.
    """
    left: set[int] = set()
    for number in range(_ROUNDS):
        if group and number == 0:  # its leader may be collected after that
            with contextlib.suppress(OSError):
                os.killpg(group, signal.SIGKILL)
        left = set(_to_end(mark, seen()))
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        reap()
        if not left:
            return 0
        time.sleep(_SECONDS)
    return len(left)


def _to_end(mark: str, seen: Iterable[int]) -> Iterator[int]:
    """Whoever is in the sandbox. A number that was seen may be another process's by now."""
    yield from marked(mark)
    for pid in seen:
        with contextlib.suppress(OSError):
            if enter.is_held(pid):
                yield pid
