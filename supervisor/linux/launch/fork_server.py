"""A small process without threads that forks sandboxes for a program that has some.

Python cannot run code safely between fork and execve in a process with threads, and trio has
worker threads. So a library user's first sandbox starts this server, once per process; it is a
child of that process, so that everything below it may be looked into by the supervisor (Yama).

It is a program in C, since the kernel copies for each fork what describes the memory of the process
that forks: of a Python most of the cost of a start. Where that was not compiled, and for a network
of the program's own, it is `python_server`, which does the same.
"""

from __future__ import annotations

import _socket
import contextlib
import errno
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from functools import partial

from nono.shims.linux import launcher
from nono.shims.linux.sockets import taken
from nono.supervisor.decisions.own_code import start_path
from nono.supervisor.errors import StartError, failure, hint_of
from nono.supervisor.in_forks import forget, keep_from_forks, making
from nono.supervisor.linux.launch import protocol, request
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.launch.start import failed

_SERVER = "nono.supervisor.linux.launch.python_server"
_START = f"import sys; sys.path += sys.argv[2:]; from {_SERVER} import serve; serve()"
_START_SECONDS = 30.0
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
_CANNOT_EXECUTE = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOEXEC, errno.ETXTBSY)


class ForkServer:
    """The client's end. Thread-safe; starts a server when it is first needed."""

    def __init__(self) -> None:
        self._in_c: _Connection = _ToProgram()
        self._in_python = _Connection()

    def fork(self, spec: Spec, fds: Descriptors) -> int:
        """As `launch.Fork`. Raises StartError when the server cannot be reached, and OSError where
        no descriptor is left."""
        # The person's terminal is the library user's, not the program's.
        spec = spec._replace(own_session=True)
        try:
            server = self._in_c
            if not spec.own_network and server.is_open():
                order = request.order_of(spec)
            else:
                server, order = self._in_python, spec.pack()
                server.is_open()
            if len(order) > launcher.MAX_ORDER:  # as execve(2) would say of much less
                raise failed("execve", errno.E2BIG)
            answer = server.ask(order, fds)
        except OSError as error:
            if error.errno in _NO_DESCRIPTOR:
                raise
            what = f"the fork server cannot be reached: {error.strerror}"
            raise StartError(what, hint_of(error.errno or 0)) from error
        if answer < 0:
            raise failed("fork", -answer)
        return answer

    def forget(self) -> None:
        """In a fork of this process: the servers are its parent's, and so may be the locks."""
        self._in_c = _ToProgram()
        self._in_python = _Connection()

    def open_pair(self) -> tuple[_socket.socket, _socket.socket]:
        with making():
            pair = _pair()
            for end in pair:
                keep_from_forks(end, partial(_numbers, (end,)))
        return pair

    def close(self, end: _socket.socket) -> None:
        with making():
            end.close()
            forget(end)

    def end_orphans(self) -> None:
        """The server ends them by itself."""


class _Connection:
    """To one server. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: _socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._user: object = None

    def is_open(self) -> bool:
        """Start the server where it does not run. False where there is none. Raises OSError."""
        # One of before this process gave up rights has them still, and so would its programs.
        user = os.getresuid(), os.getresgid(), os.getgroups()
        with self._lock:
            is_ours = self._socket is not None and self._user == user
            if is_ours and self._process is not None and self._process.poll() is None:
                return True
            self._close()
            self._user = user
            with making():
                pair = _pair()
                self._socket, theirs = pair
                keep_from_forks(self, partial(_numbers, pair))
            theirs.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
            with contextlib.closing(theirs):
                is_started = self._start(theirs.fileno())
            # One that has ended is found out, now that its end is open nowhere else.
            return is_started and self._is_good(self._socket)

    def ask(self, order: bytes, fds: Descriptors) -> int:
        """The process id of an init that it has forked, or -errno. Raises OSError."""
        with self._lock:
            if self._socket is None:  # another thread's start has failed
                raise failure(errno.ECONNRESET)
            self._socket.settimeout(_START_SECONDS)
            try:
                request.send(self._socket, order, fds)
                answer = request.number_from(self._socket)
            except TimeoutError:
                # Stopped by somebody. Its answer would be taken for the next one's.
                self._end()
                raise failure(errno.ETIMEDOUT) from None
        if answer is None:
            raise failure(errno.ECONNRESET)
        return answer

    def _is_good(self, ours: _socket.socket) -> bool:
        """Whether it is what it should be, once it is started."""
        return True

    def _start(self, theirs: int) -> bool:
        """True once it is started. Raises OSError."""
        command = [sys.executable, "-I", "-c", _START, str(theirs), *start_path()]
        self._process = subprocess.Popen(command, pass_fds=[theirs], stdin=subprocess.DEVNULL)
        return True

    def _end(self) -> None:
        """Let the next start have another server. What runs already goes on."""
        self._close()
        if self._process is not None:
            self._process.kill()

    def _close(self) -> None:
        """Give the descriptor back; a server ends by itself without it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _ToProgram(_Connection):
    """To the server in C, if there is one: one of another version, or that does not start, is none.

    It has nothing of ours, neither streams nor environment.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_missing = not request.is_there()

    def is_open(self) -> bool:
        return not self._is_missing and super().is_open()

    def _is_good(self, ours: _socket.socket) -> bool:
        self._is_missing = not _is_of_this_version(ours)
        if self._is_missing:
            self._end()
        return not self._is_missing

    def _start(self, theirs: int) -> bool:
        null = subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                [launcher.PROGRAM, str(theirs)],
                pass_fds=[theirs],
                stdin=null,
                stdout=null,
                stderr=null,
                env={},
            )
        except OSError as error:
            if error.errno not in _CANNOT_EXECUTE:
                raise
            self._is_missing = True
        return not self._is_missing


def _is_of_this_version(sock: _socket.socket) -> bool:
    """What a server in C says first."""
    sock.settimeout(_START_SECONDS)
    try:
        return request.number_from(sock) == launcher.INTERFACE
    except OSError:
        return False


SERVER = ForkServer()
os.register_at_fork(after_in_child=SERVER.forget)


def _pair() -> tuple[_socket.socket, _socket.socket]:
    """None of it has the number of a stream, even where this process lacks one. Raises OSError."""
    one, other = protocol.open_pair()
    return _above_streams(one), _above_streams(other)


def _above_streams(sock: _socket.socket) -> _socket.socket:
    if sock.fileno() > 2:
        return sock
    with contextlib.closing(sock):
        return taken(fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))


def _numbers(ends: Iterable[_socket.socket]) -> list[int]:
    """-1 for what is closed."""
    return [end.fileno() for end in ends]
