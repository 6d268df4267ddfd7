"""Attributes of processes: prctl(2), pidfds, unshare(2).

Source: the section 2 man pages of the same names.
"""

from __future__ import annotations

import errno
import functools
import os
import threading

from nono.shims.errors import failure
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import own_number
from nono.shims.signals import signal

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

_PRCTL: Final = own_number("prctl")
_CLOSE_RANGE: Final = own_number("close_range")
_PIDFD_OPEN: Final = own_number("pidfd_open")
_PIDFD_GETFD: Final = own_number("pidfd_getfd")
_UNSHARE: Final = own_number("unshare")
_PIDFD_SEND_SIGNAL: Final = own_number("pidfd_send_signal")
_TGKILL: Final = own_number("tgkill")

SIGINFO_BYTES: Final = 128
"""The size of siginfo_t: sigaction(2)."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38

_NAME_BYTES: Final = 15  # TASK_COMM_LEN less the final NUL

CLONE_FS: Final = 0x00000200
"""unshare(2): an own root, current directory and umask."""

PIDFD_THREAD: Final = os.O_EXCL
"""pidfd_open(2): the thread with this id, not only a process's first one (Linux 6.9)."""

CLOSE_RANGE_CLOEXEC: Final = 1 << 2

LAST_FD: Final = 0xFFFFFFFF
"""close_range(2): no upper end."""


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """prctl(2) with integer arguments. Raises OSError."""
    return syscall(_PRCTL, option, a, b, c, d)


def set_no_new_privs() -> None:
    """From now on no execve(2) gives this thread or its children more than it has."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_child_subreaper(enabled: bool = True) -> None:
    """Orphaned descendants become children of this process instead of init's."""
    prctl(_PR_SET_CHILD_SUBREAPER, int(enabled))


def set_pdeathsig(signal_number: int = signal.SIGKILL) -> None:
    """Send this signal to the calling process when its parent thread ends; 0 for none.

    A parent that ended before the call goes unnoticed: compare os.getppid() afterwards.
    """
    prctl(_PR_SET_PDEATHSIG, signal_number)


def set_dumpable(enabled: bool) -> None:
    """Whether the process may dump core and be traced by others of its user."""
    prctl(_PR_SET_DUMPABLE, int(enabled))


def set_name(name: str) -> None:
    """Name the calling thread, as ps(1) shows it; cut to 15 bytes, and at a NUL."""
    buffer = ffi.from_buffer(os.fsencode(name)[:_NAME_BYTES] + b"\0")
    prctl(_PR_SET_NAME, address(buffer))


def close_range(first: int, last: int = LAST_FD, flags: int = 0) -> None:
    """Close, or with CLOSE_RANGE_CLOEXEC mark, the fds from `first` to `last` inclusive.

    Raises OSError: EINVAL for `first` > `last` or flags newer than the kernel.
    """
    syscall(_CLOSE_RANGE, first, last, flags)


def pidfd_open(pid: int, flags: int = 0) -> int:
    """An fd, close-on-exec, that refers to the process, or with PIDFD_THREAD the thread, `pid`.

    Raises OSError: ESRCH if there is none; EINVAL for a thread id (ENOENT from Linux 6.16 on)
    without PIDFD_THREAD, and for PIDFD_THREAD before Linux 6.9.
    """
    return syscall(_PIDFD_OPEN, pid, flags)


def pidfd_getfd(pidfd: int, fd: int) -> int:
    """A duplicate, close-on-exec, of `fd` in the process that `pidfd` refers to.

    Raises OSError: EBADF if it has no such fd, EPERM without ptrace rights, ESRCH if it ended.
    """
    return syscall(_PIDFD_GETFD, pidfd, fd, 0)


def pidfd_pid(pidfd: int) -> int:
    """The number of the process; 0 when it is gone or in another pid namespace.

    The line Pid in pidfd_open(2). Raises OSError: EBADF for what is no pidfd.
    """
    try:
        with open(f"/proc/self/fdinfo/{pidfd}", "rb") as info:
            fields = dict(line.split(b":", 1) for line in info.read().splitlines() if b":" in line)
    except FileNotFoundError:
        raise failure(errno.EBADF) from None
    if b"Pid" not in fields:
        raise failure(errno.EBADF)
    return max(int(fields[b"Pid"]), 0)


def pidfd_send_signal(pidfd: int, number: int, info: bytes = b"", flags: int = 0) -> None:
    """Send a signal to the process that `pidfd` refers to, with a siginfo_t if `info` is given.

    Raises OSError: ESRCH once it has been waited for, EINVAL for no signal, EPERM without rights.
    """
    buffer = ffi.from_buffer(info)
    syscall(_PIDFD_SEND_SIGNAL, pidfd, number, address(buffer) if info else 0, flags)


def tgkill(process: int, thread: int, number: int) -> None:
    """Send a signal to a thread of the process. Raises OSError: ESRCH if it has no such thread."""
    syscall(_TGKILL, process, thread, number)


@functools.cache
def copies_descriptors() -> bool:
    """Whether `pidfd_getfd` may be called at all: the filter of a container may refuse it.

    A process may always look into itself, so there is no other reason.
    """
    try:
        pidfd = pidfd_open(os.getpid())
        try:
            os.close(pidfd_getfd(pidfd, pidfd))
        finally:
            os.close(pidfd)
    except OSError as error:
        return error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS)
    return True


def may_unshare_files() -> bool:
    """Whether `unshare(CLONE_FS)` may be called at all: the filter of a container may refuse it.

    A thread that ends at once tries it, so nobody else notices.
    """
    found = []

    def attempt() -> None:
        try:
            unshare(CLONE_FS)
        except OSError:
            return
        found.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(found)


def unshare(flags: int) -> None:
    """Stop sharing what `flags` (CLONE_*) name with other threads or processes.

    Raises OSError: EPERM where a flag needs a capability.
    """
    syscall(_UNSHARE, flags)
