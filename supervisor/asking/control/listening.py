"""The control socket of a run as a file: made, found, and removed when its run was killed.

A socket is bound by another name, listens, and gets its own name then: so one that refuses a
connection is left behind by a run that is gone. Everything is done below a descriptor of the
directory, since the path may be longer than an address has room for (unix(7)).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from _socket import AF_UNIX, SOCK_STREAM, socket
from collections.abc import Iterator, Mapping
from itertools import islice

from nono.supervisor.errors import failure
from nono.supervisor.places import control_directories, through

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from socket import socket as Whole

SUFFIX = ".sock"
_NEW = ".new"
_BACKLOG = 128
"""Also of those that gave up while a run was stopped, and are still in the queue."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_NAMES = 1000


class Listening:
    """A socket that clients may connect to at `path`.

    It is of the interpreter's own kind: to load `socket` takes a thirtieth of a start.
    """

    def __init__(self, path: str, sock: socket) -> None:
        self.path = path
        self.socket = sock

    def close(self) -> None:
        """Remove it."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self.socket.close()

    def whole(self) -> Whole:
        """The socket for who takes clients."""
        self.socket = whole = _whole(self.socket)
        return whole


def _whole(sock: socket) -> Whole:
    import socket

    return socket.socket(fileno=sock.detach())


def listen(run: str, env: Mapping[str, str]) -> Listening | None:
    """The control socket of this run; None where there is no place for one."""
    for directory in islice(control_directories(env), 2):
        with contextlib.suppress(OSError):
            return _listen_in(directory, run)
    return None


def _listen_in(directory: str, run: str) -> Listening:
    """Raises OSError."""
    sock = socket(AF_UNIX, SOCK_STREAM)
    try:
        with made(directory) as fd:
            new, name = f"{run}{_NEW}", run + SUFFIX
            with contextlib.suppress(FileNotFoundError):
                os.unlink(new, dir_fd=fd)
            sock.bind(os.path.join(through(fd), new))
            os.chmod(new, 0o600, dir_fd=fd)
            sock.listen(_BACKLOG)
            os.rename(new, name, src_dir_fd=fd, dst_dir_fd=fd)
    except BaseException:
        sock.close()
        raise
    return Listening(os.path.join(directory, name), sock)


@contextlib.contextmanager
def made(directory: str) -> Iterator[int]:
    """A descriptor of a directory that is made, if need be, for this user alone.

    Raises OSError: also where others could put something in its place.
    """
    status = os.stat(os.path.dirname(directory))
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise failure(errno.EPERM)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, 0o700)
    with opened(directory) as fd:
        if stat.S_IMODE(os.fstat(fd).st_mode) != 0o700:
            os.fchmod(fd, 0o700)
        yield fd


@contextlib.contextmanager
def opened(directory: str) -> Iterator[int]:
    """A descriptor of a directory of this user's own. Raises OSError."""
    fd = os.open(directory, _DIRECTORY)
    try:
        if os.fstat(fd).st_uid != os.geteuid():
            raise failure(errno.EPERM)
        yield fd
    finally:
        os.close(fd)


def connect(path: str) -> Whole:
    """A connection to a socket by its path, of any length. Raises OSError."""
    sock = _whole(socket(AF_UNIX, SOCK_STREAM))
    try:
        directory, name = os.path.split(os.path.abspath(path))
        with opened(directory) as fd:
            sock.setblocking(False)  # a queue that is full would be waited for
            sock.connect(os.path.join(through(fd), name))
            sock.setblocking(True)
    except BaseException:
        sock.close()
        raise
    return sock


def sockets(env: Mapping[str, str]) -> list[str]:
    """The paths of the control sockets of this user's runs, some of which may be left behind."""
    found = []
    for directory in dict.fromkeys(control_directories(env)):
        with contextlib.suppress(OSError), opened(directory) as fd:
            names = sorted(name for name in os.listdir(fd) if name.endswith(SUFFIX))
            found += [os.path.join(directory, name) for name in names[:_MAX_NAMES]]
    return found


def remove_left_behind(path: str) -> None:
    """Remove a socket that nobody listens at any more."""
    with contextlib.suppress(OSError):
        try:
            connect(path).close()
        except ConnectionRefusedError:
            os.unlink(path)


def remove_of(run: str, env: Mapping[str, str]) -> None:
    """Remove the socket of a run that is known to be gone."""
    for directory in control_directories(env):
        with contextlib.suppress(OSError), opened(directory) as fd:
            for suffix in (SUFFIX, _NEW):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(run + suffix, dir_fd=fd)


def run_of(path: str) -> str:
    """The name of the run whose socket it is."""
    return os.path.basename(path).removesuffix(SUFFIX)
