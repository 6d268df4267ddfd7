"""A small process without threads that forks sandboxes for a program that has some.

Python cannot run code safely between fork and execve in a process with threads, and trio has
worker threads. So a library user's first sandbox starts this server, once per process; it is a
child of that process, so that everything below it may be looked into by the supervisor (Yama).
"""

from __future__ import annotations

import array
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import msgpack

from nono.shims.linux import capabilities, process
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
                return self._request(passed, [fds.scope >= 0, fds.terminal >= 0])
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

    def _request(self, passed: tuple[int, ...], there: list[bool]) -> int:
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._socket is not None
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))]
        self._socket.sendmsg([msgpack.packb(there)], ancillary, socket.MSG_NOSIGNAL)
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
    """The server's end. Every child of its own is an init, or the orphan of one that was killed."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._inits: set[int] = set()
        self._keep: frozenset[int] | None = None

    def serve(self) -> None:
        """Fork one sandbox for each request until the other end closes."""
        process.set_name("nono-fork")
        process.set_child_subreaper(True)
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: self._reap())
        space = socket.CMSG_SPACE(_FD_COUNT * array.array("i").itemsize)
        while True:
            data, ancillary, _, _ = self._sock.recvmsg(64, space, socket.MSG_CMSG_CLOEXEC)
            if not data:
                return
            fds = array.array("i")
            for _, _, content in ancillary:
                fds.frombytes(content)
            reply = self._fork(fds.tolist(), *msgpack.unpackb(data))
            for fd in fds:
                os.close(fd)
            self._sock.send(msgpack.packb(reply))

    def _fork(self, fds: list[int], has_scope: bool, has_terminal: bool) -> int:
        if len(fds) != _FD_COUNT:
            return -errno.EMFILE
        # The person's terminal is the library user's, not the program's.
        spec = Spec.unpack(_from_memfd(fds[0]))._replace(own_session=True)
        if self._keep is None:
            # Here it is done once, and each program has it from here; if not, it does it itself.
            self._keep = frozenset(spec.keep)
            with contextlib.suppress(OSError):
                capabilities.cut_bounding_set(self._keep)
        control, stdin, stdout, stderr, ruleset, scope, terminal = fds[1:]
        # An init that ends before we know it would be taken for an orphan.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        try:
            pid = os.fork()
            if pid == 0:
                self._sock.close()
                last = scope if has_scope else -1, terminal if has_terminal else -1
                there = Descriptors(control, stdin, stdout, stderr, ruleset, *last)
                init.run(spec, there)
            self._inits.add(pid)
        except OSError as error:
            return -(error.errno or errno.EAGAIN)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return pid

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


def serve() -> None:
    """The whole of the server's process."""
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
