"""From a copy of `nono warm` to the nono that a caller would have started: all that it was given.

Nothing is taken from the copy's own start but what was compared and is the same.
"""

from __future__ import annotations

import fcntl
import io
import os
import resource
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nono.shims.linux import process
from nono.supervisor.warm import wire
from nono.supervisor.warm.wire import Different

_READ_AT_START = ("GCONV_", "GLIBC_", "LC_", "LD_", "MALLOC_", "OPENSSL_", "PYDANTIC_", "PYTHON")
_READ_AT_START_WHOLE = frozenset(
    {"HOME", "LANG", "LANGUAGE", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ", "TZDIR"}
    | {"XDG_CONFIG_HOME", "XDG_DATA_HOME"}
)
"""Variables that the interpreter, the C library or a module has read by now."""
_MAX_SHOWN = 60
_RESOURCES = range(resource.RLIMIT_RTTIME + 1)
_OF_ADDRESS_SPACE = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
"""Limits of what a copy has more of than a process of its own would."""
_KEPT_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Which it ignores in every process."""
_FOREVER = resource.RLIM_INFINITY
_STDIN, _STDOUT, _STDERR = range(3)


class Given(NamedTuple):
    """What the caller was given, and the copy takes."""

    argv: list[str]
    orig_argv: list[str]
    environment: dict[bytes, bytes]
    numbers: list[int]
    """Of its descriptors, in the order of `descriptors`."""
    descriptors: list[int]
    directory: int
    life: int


def read_at_start(environment: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The variables that must be as they were when the copy's original started."""
    beginnings = tuple(map(os.fsencode, _READ_AT_START))
    whole = {*map(os.fsencode, _READ_AT_START_WHOLE)}
    return {
        name: value
        for name, value in environment.items()
        if name in whole or name.startswith(beginnings)
    }


def difference_at_start(ours: Mapping[bytes, bytes], theirs: Mapping[bytes, bytes]) -> str:
    """The first variable of those that is another one, by its name alone; empty for none."""
    one, other = read_at_start(ours), read_at_start(theirs)
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            return f"value of {os.fsdecode(name[:_MAX_SHOWN])}, which Python has read"
    return ""


def use_every_descriptor() -> None:
    """As many as there may be: callers have theirs under any number. `take_limits` comes later."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))


def take_limits(pid: int) -> None:
    """Those of a process, which may be lower than ours. Raises Different, OSError."""
    for number in _RESOURCES:
        theirs, ours = resource.prlimit(pid, number), resource.getrlimit(number)
        if number in _OF_ADDRESS_SPACE and theirs != (_FOREVER, _FOREVER):
            raise Different("a limit of memory")
        if theirs == ours:
            continue
        if _is_more(theirs[1], ours[1]):
            raise Different("limits", wire.TOGETHER)
        try:
            resource.setrlimit(number, theirs)
        except (OSError, ValueError):
            raise Different("limits", wire.TOGETHER) from None


def _is_more(one: int, other: int) -> bool:
    return other != _FOREVER and (one == _FOREVER or one > other)


def take_signals(status: Mapping[str, str]) -> None:
    """The dispositions of Python's start where the caller ignored what it ignores, and its mask."""
    signal.set_wakeup_fd(-1)
    ignored, blocked = (int(status[name], 16) for name in ("SigIgn", "SigBlk"))
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        wanted: signal.Handlers | object = signal.SIG_DFL
        if ignored >> (number - 1) & 1:
            wanted = signal.SIG_IGN
        elif number == signal.SIGINT:
            wanted = signal.default_int_handler
        if number not in _KEPT_BY_PYTHON and signal.getsignal(number) is not wanted:
            signal.signal(number, wanted)  # type: ignore[arg-type]
    mask = [number for number in signal.valid_signals() if blocked >> (number - 1) & 1]
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def take_descriptors(given: Given, connection: int) -> tuple[int, int]:
    """Nothing is open any more but what the caller had, under its numbers, and what is returned:
    the connection and what the caller's life hangs on. Raises Different, OSError."""
    above = max(given.numbers, default=_STDERR) + 1
    kept = (connection, given.life, given.directory, *given.descriptors)
    try:
        copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for fd in kept]
    except OSError:
        raise Different(f"descriptors up to {above - 1}") from None
    last = 0
    for fd in sorted(copies):
        if fd > last:
            process.close_range(last, fd - 1)
        last = fd + 1
    process.close_range(last)
    os.fchdir(copies[2])
    os.close(copies[2])
    for number, fd in zip(given.numbers, copies[3:], strict=True):
        os.dup2(fd, number)
        os.close(fd)
    return copies[0], copies[1]


def die_with(life: int) -> None:
    """The kernel kills this process when the other end is closed: F_SETSIG in fcntl(2).

    It survives an execve(2), as this process does.
    """
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)
    os.set_inheritable(life, True)
    poll = select.poll()
    poll.register(life, 0)
    if poll.poll(0):  # closed before that
        os.kill(os.getpid(), signal.SIGKILL)


def take_words(given: Given, umask: int) -> None:
    """The arguments, the environment, the umask, and streams as Python makes them at its start."""
    sys.argv[:] = given.argv
    sys.orig_argv[:] = given.orig_argv
    os.environ.clear()
    os.environb.update(given.environment)
    os.umask(umask)
    if "tempfile" in sys.modules:  # which keeps what it has found by another environment
        sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]
    sys.stdin = _stream(_STDIN, sys.__stdin__)
    sys.stdout = _stream(_STDOUT, sys.__stdout__)
    sys.stderr = _stream(_STDERR, sys.__stderr__)


def _stream(number: int, before: io.TextIOWrapper | None) -> io.TextIOWrapper:
    """In the encoding that was chosen at the start, by variables that are the same."""
    encoding = "utf-8" if before is None else before.encoding
    errors = "backslashreplace" if before is None else before.errors or "strict"
    mode = "rb" if number == _STDIN else "wb"
    is_unbuffered = before is not None and before.write_through  # PYTHONUNBUFFERED
    return io.TextIOWrapper(
        open(number, mode, buffering=0 if is_unbuffered else -1, closefd=False),
        encoding=encoding,
        errors=errors,
        newline=None if number == _STDIN else "\n",
        line_buffering=number == _STDERR,
        write_through=is_unbuffered,
    )


def pairs(words: Sequence[bytes]) -> dict[bytes, bytes]:
    """Names and values in turn. Raises Different."""
    if len(words) % 2:
        raise Different("an environment of odd words")
    return dict(zip(words[::2], words[1::2], strict=True))
