"""Starting a program in a sandbox that is prepared."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from _socket import AF_UNIX, SOCK_SEQPACKET, SOCK_STREAM
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import Mode
from nono.supervisor.errors import NoDirectory, UsageError, quoted
from nono.supervisor.session.prepare import Prepared
from nono.supervisor.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket

    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import Session
        from nono.supervisor.macos.launch.start import Forker
    else:
        from nono.supervisor.linux.launch.running import Session
        from nono.supervisor.linux.launch.start import Forker

_SWITCHES = {
    "NONO_KEPT_START": ("yes", "no"),
    "NONO_LANE": ("compiled", "python"),
    "NONO_LAUNCHER": ("yes", "no"),
    "NONO_PRELOAD": ("yes", "no"),
}
"""Of tests and comparisons; none set is as none there."""
_MAX_SHOWN = 100


def start(
    prepared: Prepared,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    streams: Streams,
    forker: Forker,
    signals: tuple[list[int], list[int]] | None = None,
    lingers: bool = False,
) -> Session:
    """Start a program. Blocks for some milliseconds. Raises StartError.

    `env` is what the program gets, TMPDIR aside. `signals` are those that it ignores and those
    that it blocks: those of the calling thread, unless given. What the program
    leaves running is ended with it, unless it `lingers`. Raises UsageError when `argv` is
    empty or a word holds a NUL, which no program can get, or one holds a real key, and when `cwd`
    is no directory, or a variable of nono's own has a value that means nothing.
    """
    _check_switches(os.environ)
    _check(prepared, argv, env)
    _check_directory(cwd)
    check_streams(streams, prepared.decisions.policy.network.mode)
    if prepared.proxy is not None and not prepared.confinement.broker:
        check_connected(streams)
    # The door to the platform.
    confinement, audit = prepared.confinement, prepared.audit
    if sys.platform == "darwin":
        from nono.supervisor.macos.launch.running import begin, specify
    else:
        from nono.supervisor.linux.launch.running import begin, specify

    given = prepared.environment(env)
    beside = prepared.asking, prepared.tally
    if sys.platform == "darwin":
        spec = specify(confinement, argv, given, cwd, streams, signals, lingers)
        if audit is not None:
            audit.program(argv, cwd)
        return begin(spec, streams, confinement, prepared.decisions, audit, forker, *beside)
    limits = confinement.limits
    held = None if limits is None else limits.begin(os.path.basename(argv[0]))
    try:
        spec = specify(confinement, argv, given, cwd, streams, signals, lingers, held)
        if audit is not None:
            audit.program(argv, cwd)
        return begin(spec, streams, confinement, prepared.decisions, audit, forker, *beside, held)
    except BaseException:
        if held is not None:
            held.ended(None)
        raise


def _check_switches(env: Mapping[str, str]) -> None:
    for name, known in _SWITCHES.items():
        value = env.get(name, "")
        if value and value not in known:
            said = f"{name}={value[:_MAX_SHOWN]} is none of {' and '.join(known)}"
            raise UsageError(said, f"unset {name}")


def _check(prepared: Prepared, argv: Sequence[str], env: Mapping[str, str]) -> None:
    if not argv:
        raise UsageError("no command to run")
    if any("\0" in word for word in (*argv, *env, *env.values())):
        raise UsageError(f"{argv[0]}: a NUL byte in its arguments or its environment")
    credentials = prepared.credentials
    if credentials is not None and any(map(credentials.issued.holds_key, argv)):
        raise UsageError(
            f"{argv[0]}: a real key is among its arguments",
            "leave it out: the program finds a token in its environment",
        )


def _check_directory(path: str) -> None:
    try:
        is_one = stat.S_ISDIR(os.stat(path).st_mode)
    except FileNotFoundError:
        raise NoDirectory(path) from None
    except OSError:
        return  # the program's own process says what is wrong
    if not is_one:
        raise UsageError(f"{path} is no directory to start in", f"ls -ld {quoted(path)}")


def check_streams(streams: Streams, network: Mode) -> None:
    """Raise UsageError for a stream by which a program could send wherever it likes.

    A socket of datagrams takes another address with each, and nobody would be asked.
    """
    for name in ("stdin", "stdout", "stderr"):
        fd = getattr(streams, name)
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            continue
        with _socket_of(fd) as sock:
            is_open = network is Mode.UNRESTRICTED and sock.family != AF_UNIX
            connected = SOCK_STREAM, SOCK_SEQPACKET
            if sock.type not in connected and not is_open:
                raise UsageError(
                    f"{name} is a socket of datagrams, by which a program can send to anybody",
                    "give it a pipe",
                )


def check_connected(streams: Streams) -> None:
    """Raise UsageError for a socket by which a program could connect elsewhere by itself.

    Only a unix socket that is connected stays so.
    """
    for name in ("stdin", "stdout", "stderr"):
        fd = getattr(streams, name)
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            continue
        with _socket_of(fd) as sock:
            try:
                sock.getpeername()
                is_connected = sock.family == AF_UNIX
            except OSError:
                is_connected = False
            if not is_connected:
                raise UsageError(
                    f"{name} is a socket by which a program without a broker can reach others",
                    "give it a pipe",
                )


@contextlib.contextmanager
def _socket_of(fd: int) -> Iterator[socket.socket]:
    """A copy of the stream. Its O_NONBLOCK is the program's, whatever default timeout we have."""
    import socket  # seldom needed

    is_blocking = os.get_blocking(fd)
    with socket.socket(fileno=os.dup(fd)) as sock:
        os.set_blocking(fd, is_blocking)
        yield sock
