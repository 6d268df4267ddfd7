"""A fork of this process keeps no end of a sandbox's, which ends with the process that has it.

With a copy of an end in it, a program would not see that its input is over, nor an init that the
process which it obeys is gone. In the place of each is /dev/null then, since whatever has the
number may close it once more.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator

Ends = Callable[[], Iterable[int]]
_ENDS: dict[object, Ends] = {}
_MAKING = threading.RLock()
"""Reentrant, since a signal's handler may fork in the thread that holds it."""


@contextlib.contextmanager
def making() -> Iterator[None]:
    """No thread forks this process meanwhile: for the moment between opening and `keep_from_forks`.

    It must not hold what waits for anything.
    """
    with _MAKING:
        yield


def keep_from_forks(owner: object, ends: Ends) -> None:
    """`ends` gives the descriptors that are open, or -1, at any time until `forget`."""
    _ENDS[owner] = ends


def forget(owner: object) -> None:
    """Nothing of it is open any more."""
    _ENDS.pop(owner, None)


def _leave() -> None:
    """In the fork, whose only thread this is."""
    found = [fd for ends in [*_ENDS.values()] for fd in ends() if fd >= 0]
    _ENDS.clear()
    if not found:
        return
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for fd in found:
        with contextlib.suppress(OSError):
            os.dup2(null, fd, inheritable=False)
    os.close(null)


def _leave_and_go_on() -> None:
    try:
        _leave()
    finally:
        _MAKING.release()


os.register_at_fork(
    before=_MAKING.acquire, after_in_parent=_MAKING.release, after_in_child=_leave_and_go_on
)
