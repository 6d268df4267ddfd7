"""A small process without threads that forks sandboxes for a program that has some.

Python cannot run code safely between fork and execve in a process with threads, and trio has
worker threads. So a library user's first sandbox starts this server, once per process; it is a
child of that process, so that everything below it may be looked into by the supervisor (Yama).
"""

from __future__ import annotations

import array
import contextlib
import errno
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import msgpack

from nono.shims.linux import capabilities, process
from nono.supervisor import exit_status
from nono.supervisor.decisions.own_code import start_path
from nono.supervisor.errors import StartError, failure, hint_of
from nono.supervisor.linux.launch import init
from nono.supervisor.linux.launch.init import IGNORED
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.launch.start import kill_and_reap
from nono.supervisor.linux.processes import descendants

_START = f"import sys; sys.path += sys.argv[2:]; from {__name__} import serve; serve()"
_FD_COUNT = 8  # specification, control, three streams, ruleset, scope, terminal
_MAX_SPEC = 64 << 20


class ForkServer:
    """The client's end. Thread-safe; starts the server when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, spec: Spec, fds: Descriptors) -> int:
        """As `launch.Fork`. Raises StartError when the server cannot be reached."""
        # What there is not is said beside, since a descriptor has to stand in its place.
        scope, terminal = (each if each >= 0 else fds.ruleset for each in (fds.scope, fds.terminal))
        memory = _as_memfd(spec.pack())
        try:
            streams = fds.stdin, fds.stdout, fds.stderr
            passed = (memory, fds.control, *streams, fds.ruleset, scope, terminal)
            with self._lock:
                return self._request(passed, [spec.keep, fds.scope >= 0, fds.terminal >= 0])
        except OSError as error:
            what = f"the fork server cannot be reached: {error.strerror}"
            raise StartError(what, hint_of(error.errno or 0)) from error
        finally:
            os.close(memory)

    def forget(self) -> None:
        """In a fork of this process: the server is its parent's, and so may be the lock."""
        self._lock = threading.Lock()
        self._socket = None
        self._process = None

    def end_orphans(self) -> None:
        """The server ends them by itself."""

    def _request(self, passed: tuple[int, ...], told: list[object]) -> int:
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._socket is not None
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))]
        self._socket.sendmsg([msgpack.packb(told)], ancillary, socket.MSG_NOSIGNAL)
        answer = self._socket.recv(64)
        if not answer:
            raise failure(errno.ECONNRESET)
        reply: Any = msgpack.unpackb(answer)
        if reply <= 0:
            raise failure(-reply)
        return int(reply)

    def _start(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, str(theirs.fileno()), *start_path()],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )


SERVER = ForkServer()
os.register_at_fork(after_in_child=SERVER.forget)


def _as_memfd(data: bytes) -> int:
    fd = os.memfd_create("nono-spec", os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    return fd


def _from_memfd(fd: int) -> bytes:
    size = min(os.fstat(fd).st_size, _MAX_SPEC)
    return os.pread(fd, size, 0)


class Server:
    """The server's end. Every child of its own is an init, or the orphan of one that was killed.

    One process waits to become the next init: to fork it takes a tenth of a start.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._inits: set[int] = set()
        self._next: tuple[int, socket.socket] | None = None

    def serve(self) -> None:
        """Start one sandbox for each request until the other end closes."""
        process.set_name("nono-fork")
        process.set_child_subreaper(True)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: self._reap())
        gc.freeze()  # what there is now stays, and is shared with every init
        while request := _receive(self._sock):
            data, fds = request
            # Here it is done once, and not by each program.
            capabilities.cut_bounding_set(frozenset(msgpack.unpackb(data)[0]))
            reply = self._start(data, fds) if len(fds) == _FD_COUNT else -errno.EMFILE
            for fd in fds:
                os.close(fd)
            self._sock.send(msgpack.packb(reply))
            if self._next is None:
                self._make_next()

    def _start(self, data: bytes, fds: list[int]) -> int:
        """The pid of an init, or minus the error number."""
        waiting, self._next = self._next, None
        if waiting is not None:
            pid, sock = waiting
            with sock, contextlib.suppress(OSError):  # it was killed
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
                sock.sendmsg([data], ancillary, socket.MSG_NOSIGNAL)
                return pid
        try:
            return self._fork(lambda: _be_init(data, fds))
        except OSError as error:
            return -(error.errno or errno.EAGAIN)

    def _make_next(self) -> None:
        """Without one the next request is served all the same."""
        with contextlib.suppress(OSError):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                try:
                    self._next = self._fork(lambda: _wait_to_be_init(theirs, ours)), ours
                except OSError:
                    ours.close()

    def _fork(self, body: Callable[[], NoReturn]) -> int:
        # An init that ends before we know it would be taken for an orphan.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            pid = os.fork()
            if pid == 0:
                try:
                    self._sock.close()
                    body()
                finally:
                    os._exit(exit_status.NOT_STARTED)
            self._inits.add(pid)
            return pid
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})

    def _reap(self) -> None:
        """The handler of SIGCHLD."""
        broken = False
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                broken = broken or pid not in self._inits or status != 0
                self._inits.discard(pid)
        if broken:
            # The end of each is another SIGCHLD, so this goes on until none is left.
            kill_and_reap(descendants(os.getpid(), without=self._inits))


def _receive(sock: socket.socket) -> tuple[bytes, list[int]] | None:
    """A request with its descriptors; None when the other end is closed."""
    space = socket.CMSG_SPACE(_FD_COUNT * array.array("i").itemsize)
    data, ancillary, _, _ = sock.recvmsg(64, space, socket.MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, content in ancillary:
        fds.frombytes(content)
    return (data, fds.tolist()) if data else None


def _wait_to_be_init(sock: socket.socket, others: socket.socket) -> NoReturn:
    """The body of the process that becomes the next init; it ends with the server."""
    others.close()
    process.set_name("nono-next")
    request = _receive(sock)
    if request is None or len(request[1]) != _FD_COUNT:
        os._exit(0)
    sock.close()
    _be_init(*request)


def _be_init(data: bytes, fds: list[int]) -> NoReturn:
    """The body of an init."""
    _, has_scope, has_terminal = msgpack.unpackb(data)
    # The person's terminal is the library user's, not the program's.
    spec = Spec.unpack(_from_memfd(fds[0]))._replace(own_session=True)
    control, stdin, stdout, stderr, ruleset, scope, terminal = fds[1:]
    last = scope if has_scope else -1, terminal if has_terminal else -1
    init.run(spec, Descriptors(control, stdin, stdout, stderr, ruleset, *last))


def serve() -> None:
    """The whole of the server's process."""
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
