"""Which handler serves which system call: the brokered rows of the syscall table.

A module of handlers is imported when the first of its calls is made: most programs make few kinds
of calls. In a host program all are there before (`session/loaded`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from nono.shims.linux.syscall_classes import SyscallClass, classes, table
from nono.supervisor.linux.calls.loop import Handler

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

_HOMES: Mapping[str, tuple[str, ...]] = {
    "nono.supervisor.linux.calls.by_command": ("ioctl", "fcntl"),
    "nono.supervisor.linux.calls.files.entries": (
        *("mkdir", "mkdirat", "symlink", "symlinkat", "mknod", "mknodat", "rmdir"),
        *("unlink", "unlinkat", "truncate"),
    ),
    "nono.supervisor.linux.calls.files.execute": ("execve", "execveat"),
    "nono.supervisor.linux.calls.forbidden": tuple(
        name for name, which in classes().items() if which is SyscallClass.TOLD
    ),
    "nono.supervisor.linux.calls.processes.forks": ("fork", "vfork"),
    "nono.supervisor.linux.calls.giving_up": (
        *("clone", "landlock_restrict_self", "capset", "prctl"),
    ),
    "nono.supervisor.linux.calls.files.locks": ("flock",),
    "nono.supervisor.linux.calls.files.metadata": (
        *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat"),
        *("utime", "utimes", "futimesat", "utimensat", "file_setattr"),
    ),
    "nono.supervisor.linux.calls.files.moves": (
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
    ),
    "nono.supervisor.linux.calls.files.open_how": ("openat2",),
    "nono.supervisor.linux.calls.files.opens": ("open", "openat", "creat"),
    "nono.supervisor.linux.calls.processes.scheduling": (
        *("setpriority", "prlimit64", "ioprio_set", "sched_setaffinity", "sched_setattr"),
        *("sched_setparam", "sched_setscheduler"),
    ),
    "nono.supervisor.linux.calls.processes.signals": (
        *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"),
    ),
    "nono.supervisor.linux.calls.sockets.socket_pairs": ("socketpair",),
    "nono.supervisor.linux.calls.sockets.sockets": (
        *("connect", "bind", "listen", "socket", "sendto", "setsockopt"),
    ),
    "nono.supervisor.linux.calls.files.watches": ("inotify_add_watch",),
    "nono.supervisor.linux.calls.files.xattr_changes": (
        *("setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
        *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
    ),
    "nono.supervisor.linux.calls.files.xattr_values": ("getxattr", "lgetxattr", "getxattrat"),
}
"""The modules, and the calls that each serves. A handler is called as its call, but for these:"""

_OTHER_NAMES: Mapping[str, str] = {
    "open": "open_",
    "socket": "socket_",
    "prlimit64": "prlimit",
    **dict.fromkeys(
        ("sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler"), "of_thread"
    ),
    **dict.fromkeys(_HOMES["nono.supervisor.linux.calls.forbidden"], "forbidden"),
}


class _Table(Mapping[str, Handler]):
    """By the name of the call."""

    def __init__(self) -> None:
        self._homes = {name: home for home, names in _HOMES.items() for name in names}

    def __getitem__(self, name: str) -> Handler:
        # As `importlib.import_module`, which a start does without.
        module: Any = __import__(self._homes[name], fromlist=("__name__",))
        handler: Handler = getattr(module, _OTHER_NAMES.get(name, name))
        return handler

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


HANDLERS: Mapping[str, Handler] = _Table()


class Handlers:
    """By number; an architecture lacks the calls that its table does not have."""

    def __init__(self, arch: str) -> None:
        self._table, self._names = HANDLERS, _names(arch)
        self._used: dict[int, Handler] = {}

    def get(self, number: int) -> Handler | None:
        """The call's handler; None where nobody handles it. Raises OSError, ImportError."""
        used = self._used.get(number)
        if used is None and number in self._names:
            used = self._used[number] = self._table[self._names[number]]
        return used


@cache
def _names(arch: str) -> Mapping[int, str]:
    """The same for every sandbox of a process."""
    known = table(arch)
    return {known[name].number: name for name in HANDLERS if name in known}
