"""The thread that made a call, seen through /proc. Read lazily: most calls need none of it.

Every value here is the caller's own claim about itself or can change while we look, so nothing
is decided on it except `is_within`, which asks about ancestry and not about names.
Sources: proc_pid_status(5), proc_pid_stat(5), pidfd_getfd(2).
"""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterable

from nono.shims.linux.capabilities import Sets, of_masks
from nono.shims.linux.process import PIDFD_THREAD, pidfd_getfd, pidfd_open
from nono.supervisor.decisions.undecided import NOTHING, Once
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.lazily import lazily
from nono.supervisor.linux.processes import (
    _stat_fields,
    is_within,
    parent_of,
    read_bounded,
    state_of,
)

_MAX_ARGV = 4096
_MAX_FDINFO = 4096
_MAX_STATUS = 8192
_MAX_PARENTS = 3
_MAX_THREADS = 64
_RUNNING = frozenset("RD")


class Status:
    """The lines of proc_pid_status(5), found when asked for: mostly one or two of sixty."""

    __slots__ = ("_lines",)

    def __init__(self, lines: bytes) -> None:
        self._lines = lines

    def __getitem__(self, key: str) -> str:
        """The value of one line. Raises KeyError."""
        # The first line is the name, which the program chose; a line break in it is escaped.
        _, found, rest = self._lines.partition(b"\n%b:" % key.encode())
        if not found:
            raise KeyError(key)
        return rest.partition(b"\n")[0].decode("utf-8", "replace").strip()


class Caller:
    """Implements `nono.broker.Process` for a thread id in our pid namespace."""

    asks = False
    """True while a handler decides that can be run again: then a person may be asked."""
    once: Once = NOTHING
    """What a person allowed this call, and no other one."""
    found: tuple[str, os.stat_result] | None = None
    """The path of what its call is about, and how that is, as the handle of it says."""

    def __init__(self, tid: int, init_pid: int) -> None:
        self.tid = tid
        self.init_pid = init_pid
        """The sandbox's init, which every process of it has above it."""

    @lazily
    def _status(self) -> Status:
        return Status(read_bounded(f"/proc/{self.tid}/status", _MAX_STATUS))

    @property
    def pid(self) -> int:
        """The process id (thread group id); 0 when the process is gone."""
        try:
            return int(self._status["Tgid"])
        except (OSError, KeyError, ValueError):
            return 0

    @property
    def umask(self) -> int:
        """The caller's file mode creation mask. Raises OSError when the process is gone."""
        try:
            return int(self._status["Umask"], 8)
        except (KeyError, ValueError):
            raise failure(errno.ESRCH) from None

    @property
    def capabilities(self) -> Sets:
        """What the caller has and may have, as of now. Raises OSError when the process is gone."""
        try:
            return of_masks(int(self._status["CapEff"], 16), int(self._status["CapPrm"], 16))
        except (KeyError, ValueError):
            raise failure(errno.ESRCH) from None

    @property
    def file_size_limit(self) -> float:
        """RLIMIT_FSIZE, in bytes. Raises OSError when the process is gone."""
        soft, _ = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        return float("inf") if soft == resource.RLIM_INFINITY else soft

    def has_signal(self, but: Iterable[int] = ()) -> bool:
        """True when a signal waits that this thread does not block: proc_pid_status(5).

        Those of `but` do not count. Of those sent to the process as a whole, which go to the first
        thread if it takes them, only the first thread is told. False when it is gone.
        """
        try:
            status = self._status
            pending = int(status["SigPnd"], 16)
            if int(status["Tgid"]) == self.tid:
                pending |= int(status["ShdPnd"], 16)
            left_out = sum(1 << number - 1 for number in but)
            return bool(pending & ~(int(status["SigBlk"], 16) | left_out))
        except (OSError, KeyError, ValueError):
            return False

    @lazily
    def exe(self) -> str:
        """The path of the running program, or an empty string: as it was when first asked for."""
        try:
            return os.readlink(f"/proc/{self.tid}/exe")
        except OSError:
            return ""

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line as the process shows it, cut at 4096 bytes."""
        try:
            data = read_bounded(f"/proc/{self.tid}/cmdline", _MAX_ARGV)
        except OSError:
            return ()
        return tuple(os.fsdecode(word) for word in data.rstrip(b"\0").split(b"\0"))

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of up to three programs inside that started it, nearest first."""
        names: list[str] = []
        pid = parent_of(self.pid)
        while pid is not None and pid not in (0, self.init_pid) and len(names) < _MAX_PARENTS:
            try:
                names.append(os.fsdecode(read_bounded(f"/proc/{pid}/comm", 64)).rstrip("\n"))
            except OSError:
                break
            pid = parent_of(pid)
        return tuple(names)

    @property
    def has_threads(self) -> bool:
        """True when its process has others; False when it is gone."""
        try:
            return int(self._status["Threads"]) > 1
        except (OSError, KeyError, ValueError):
            return False

    @property
    def other_threads_run(self) -> bool:
        """True when another thread of its process does not sleep, or there are too many to ask."""
        try:
            threads = [int(each) for each in os.listdir(f"/proc/{self.tid}/task")]
        except OSError:
            return False
        if len(threads) > _MAX_THREADS:
            return True
        return any(state_of(each) in _RUNNING for each in threads if each != self.tid)

    @property
    def cwd(self) -> str:
        """The path of the working directory, or an empty string."""
        try:
            return os.readlink(f"/proc/{self.tid}/cwd")
        except OSError:
            return ""

    @property
    def terminal(self) -> int:
        """The device number of the controlling terminal, 0 for none."""
        encoded = int(_stat_fields(self.tid)[4])
        major = (encoded >> 8) & 0xFFF
        minor = (encoded & 0xFF) | ((encoded >> 12) & 0xFFF00)
        return os.makedev(major, minor) if encoded else 0

    def flags_of(self, fd: int) -> int:
        """The file status flags and O_CLOEXEC of the caller's `fd`: proc_pid_fdinfo(5).

        They may be another file's by the time that it is looked at. Raises OSError: ENOENT when it
        is not open.
        """
        information = read_bounded(f"/proc/{self.tid}/fdinfo/{fd}", _MAX_FDINFO)
        for line in information.splitlines():
            if line.startswith(b"flags:"):
                return int(line.split()[1], 8)
        return 0

    def duplicate(self, fd: int) -> int:
        """A descriptor of ours for the open file that the caller has as `fd`: pidfd_getfd(2).

        One step, so no other thread can swap the file between two looks at it. Raises OSError:
        EBADF when `fd` is not open, EPERM when the caller may not be looked into, or a container
        refuses the call.
        """
        pidfd = self.pidfd()
        try:
            return pidfd_getfd(pidfd, fd)
        finally:
            os.close(pidfd)

    def pidfd(self) -> int:
        """A pidfd of the thread, or where the kernel has none of its process. Raises OSError."""
        # A thread may have a descriptor table of its own, so the thread itself is asked for;
        # before Linux 6.9 only its process can be.
        try:
            return pidfd_open(self.tid, PIDFD_THREAD)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return pidfd_open(self.pid)

    def owns(self, pid: int) -> bool:
        """True when `pid` is a process of this sandbox."""
        return is_within(pid, self.init_pid)
