"""What a sandbox uses, added up over its processes: proc_pid_stat(5), proc_pid_io(5),
proc_pid_status(5), proc_pid_smaps(5).

What ended counts with whoever waited for it, as the init does for orphans. What ended unseen while
its parent ignores SIGCHLD counts nowhere: see docs/limits.md.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from functools import cache
from itertools import takewhile
from typing import Final

from nono.supervisor.linux.processes import _stat_fields, children_of, read_bounded

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_MAX_ROUNDS: Final = 8
_MAX_TEXT: Final = 8192
_MAX_PIECES: Final = 1 << 16
_UTIME, _CSTIME = 11, 14
"""The first and the last of the four times, counted from the state on."""


def processes(inits: Collection[int]) -> set[int]:
    """Every process below these, which are left out.

    One that is handed over to another parent meanwhile is found there: the walk is made again until
    it finds nothing new.
    """
    found: set[int] = set()
    for _ in range(_MAX_ROUNDS):
        new = _walked(inits) - found
        if not new:
            break
        found |= new
    return found


def _walked(inits: Collection[int]) -> set[int]:
    found: set[int] = set()
    queue = [*inits]
    while queue:
        pid = queue.pop()
        with contextlib.suppress(OSError, ValueError):
            below = [each for each in _children(pid) if each not in found]
            found.update(below)
            queue += below
    return found - {*inits}


def _children(pid: int) -> list[int]:
    """As `children_of`, of all threads that are left. Raises OSError when the process is gone."""
    if not _tells_children():
        return children_of(pid)
    found: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += _listed(f"/proc/{pid}/task/{thread}/children")
    return found


def _listed(path: str) -> list[int]:
    """All of a list of numbers, of which one read(2) gives no more than a page. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = [*takewhile(len, (os.read(fd, _MAX_TEXT) for _ in range(_MAX_PIECES)))]
    finally:
        os.close(fd)
    return [int(each) for each in b"".join(pieces).split()]


@cache
def _tells_children() -> bool:
    """Whether the kernel has CONFIG_PROC_CHILDREN: proc_tid_children(5)."""
    return os.path.exists("/proc/thread-self/children")


def tasks(inits: Collection[int]) -> int:
    """How many processes and threads there are; what is dead and not waited for is one, too."""
    count = 0
    for pid in processes(inits):
        with contextlib.suppress(OSError):
            # proc(5): a directory's links are those of its subdirectories, and two.
            count += max(1, os.stat(f"/proc/{pid}/task").st_nlink - 2)
    return count


def cpu_seconds(inits: Collection[int]) -> float:
    """Processor time, what was waited for included."""
    ticks = 0
    for pid in processes(inits):
        with contextlib.suppress(OSError, ValueError):
            ticks += sum(map(int, _stat_fields(pid)[_UTIME : _CSTIME + 1]))
    for pid in inits:  # what was an orphan
        with contextlib.suppress(OSError, ValueError):
            ticks += sum(map(int, _stat_fields(pid)[_UTIME + 2 : _CSTIME + 1]))
    return ticks / _TICKS


def written_bytes(inits: Collection[int]) -> int:
    """What was written to files that are kept on a disk, through memory maps as well."""
    total = 0
    for pid in {*processes(inits), *inits}:
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = read_bounded(f"/proc/{pid}/io", _MAX_TEXT)
            total += int(text.partition(b"\nwrite_bytes:")[2].split(maxsplit=1)[0])
    return total


def memory_bytes(inits: Collection[int], enough: int) -> tuple[int, int]:
    """What the processes have in memory of their own or share, and who has the most.

    Pages that several have are counted once each, unless less than `enough` is there anyway.
    """
    sizes = dict(_resident(inits))
    if sum(sizes.values()) > enough:
        sizes = {pid: _proportional(pid, size) for pid, size in sizes.items()}
    return sum(sizes.values()), max(sizes, key=sizes.__getitem__, default=0)


def _resident(inits: Collection[int]) -> Iterator[tuple[int, int]]:
    for pid in processes(inits):
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = read_bounded(f"/proc/{pid}/status", _MAX_TEXT)
            yield pid, sum(_kilobytes(text, each) for each in (b"RssAnon", b"RssShmem")) << 10


def _proportional(pid: int, size: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        text = read_bounded(f"/proc/{pid}/smaps_rollup", _MAX_TEXT)
        return sum(_kilobytes(text, each) for each in (b"Pss_Anon", b"Pss_Shmem")) << 10
    return size


def _kilobytes(text: bytes, name: bytes) -> int:
    return int(text.partition(b"\n%b:" % name)[2].split(maxsplit=1)[0])
