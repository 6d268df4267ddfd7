"""System calls that a run cannot do without and that this process is refused, by their names.

A container's or a service's own seccomp filter answers for the kernel, with whatever errno its
author chose. Each call is made in a copy of this process, with arguments by which the kernel itself
changes nothing: what it says to them is known, and any other answer is somebody else's.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from nono.shims.linux import landlock, process
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.libc import syscall
from nono.shims.linux.memory import Memory
from nono.shims.linux.openat2 import openat2
from nono.shims.linux.syscall_classes import own_number
from nono.supervisor.errors import StartError
from nono.supervisor.finding import Finding

_SECCOMP_GET_ACTION_AVAIL = 2
_MAX_FD = 0x7FFFFFFF
"""No descriptor has this number."""
_MAX_ANSWER = 4096
_HINT = "nono setup --check"


class Refused(NamedTuple):
    """A call, and the errno that it was answered with."""

    call: str
    errno: int

    def __str__(self) -> str:
        return f"{self.call}(2): {os.strerror(self.errno)}"


def _close(fd: int) -> None:
    os.close(fd)


def _own_memory() -> None:
    """An address that is not mapped: the kernel has looked who asks by then."""
    Memory().path(os.getpid(), 8)


_CALLS: dict[str, tuple[Callable[[], object], int]] = {
    "landlock_create_ruleset": (lambda: syscall(landlock.CREATE_RULESET, 0, 0, 0), errno.EFAULT),
    "landlock_add_rule": (
        lambda: landlock.add_path_rule(_MAX_FD, _MAX_FD, landlock.FS.READ_FILE),
        errno.EBADF,
    ),
    "landlock_restrict_self": (lambda: landlock.restrict_self(_MAX_FD), errno.EBADF),
    "seccomp": (
        lambda: syscall(own_number("seccomp"), _SECCOMP_GET_ACTION_AVAIL, 0, 0),
        errno.EFAULT,
    ),
    "pidfd_open": (lambda: _close(process.pidfd_open(os.getpid())), 0),
    "close_range": (lambda: process.close_range(_MAX_FD, _MAX_FD), 0),
    "openat2": (lambda: _close(openat2(AT_FDCWD, b"/", os.O_PATH | os.O_CLOEXEC)), 0),
    "process_vm_readv": (_own_memory, errno.EFAULT),
    "clone3": (lambda: syscall(own_number("clone3"), 0, 0), errno.EINVAL),
}
"""Each with the errno of a kernel that is asked itself."""
_ABSENT = {
    "landlock_create_ruleset": errno.EOPNOTSUPP,
    "landlock_add_rule": errno.EOPNOTSUPP,
    "landlock_restrict_self": errno.EOPNOTSUPP,
    "clone3": errno.ENOSYS,
}
"""What else the kernel says: Landlock is not enabled; the C library has another way."""


def refused_calls() -> list[Refused]:
    """What this process is refused. Makes a copy of it, for a moment. Raises OSError."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            process.set_no_new_privs()
            text = " ".join(f"{call}={number}" for call, number in _answers())
            os.write(writer, text.encode("ascii"))
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as answers:
        text = answers.read(_MAX_ANSWER).decode("ascii")
    os.waitpid(child, 0)
    pairs = (each.partition("=") for each in text.split())
    return [Refused(call, int(number)) for call, _, number in pairs]


def _answers() -> Iterator[tuple[str, int]]:
    for call, (make, expected) in _CALLS.items():
        try:
            make()
            number = 0
        except OSError as error:
            number = error.errno or 0
        if number not in (expected, _ABSENT.get(call, expected)):
            yield call, number


def check_calls() -> None:
    """Raise StartError when a call that a run needs is refused. For a process without threads."""
    refused = refused_calls()
    if refused:
        raise StartError(f"cannot start the sandbox: {_words(refused)}", _HINT)


def _words(refused: Sequence[Refused]) -> str:
    named = ", ".join(map(str, refused))
    if all(each.errno == errno.ENOSYS for each in refused):
        return f"{named}: by this kernel, or by a seccomp filter that answers for it"
    return f"{named}: a seccomp filter around this process, such as a container's, refuses it"


def findings() -> Iterator[Finding]:
    """Whether every call can be made."""
    refused = refused_calls()
    found = _words(refused) if refused else "none is refused"
    cost = (
        "the profile of the container or the service that nono is started in has to allow them"
        " (docker run --security-opt seccomp=FILE), and the kernel to have them"
    )
    yield Finding("system calls", found, not refused, cost if refused else "")
