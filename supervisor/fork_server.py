"""A small process without threads that forks sandboxes for a program that has some.

Python cannot run code safely between fork and execve in a process with threads, and trio has
worker threads. So a library user's first sandbox starts this server, once per process; it is a
child of that process, so that everything below it may be looked into by the supervisor (Yama).
"""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import msgpack

from nono.shims.linux import process
from nono.supervisor.errors import StartError
from nono.supervisor.protocol import Descriptors, Spec

_FD_COUNT = 7  # specification, control, three streams, ruleset, scope
_MAX_SPEC = 64 << 20


class ForkServer:
    """The client's end. Thread-safe; starts the server when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self, spec: Spec, fds: Descriptors) -> int:
        """As `launch.Fork`. Raises StartError when the server cannot be reached."""
        scope = fds.scope if fds.scope >= 0 else fds.ruleset
        memory = _as_memfd(spec.pack())
        try:
            passed = (memory, fds.control, fds.stdin, fds.stdout, fds.stderr, fds.ruleset, scope)
            with self._lock:
                return self._request(passed, fds.scope >= 0)
        except OSError as error:
            raise StartError(f"the fork server cannot be reached: {error.strerror}") from error
        finally:
            os.close(memory)

    def _request(self, passed: tuple[int, ...], has_scope: bool) -> int:
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._socket is not None
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", passed))]
        self._socket.sendmsg([msgpack.packb(has_scope)], ancillary, socket.MSG_NOSIGNAL)
        reply: Any = msgpack.unpackb(self._socket.recv(64) or b"\0")
        if reply <= 0:
            raise OSError(-reply, os.strerror(-reply))
        return int(reply)

    def _start(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nono.supervisor.fork_server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )


SERVER = ForkServer()


def _as_memfd(data: bytes) -> int:
    fd = os.memfd_create("nono-spec", os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as file:
        file.write(data)
    return fd


def _from_memfd(fd: int) -> bytes:
    size = min(os.fstat(fd).st_size, _MAX_SPEC)
    return os.pread(fd, size, 0)


def serve(sock: socket.socket) -> None:
    """Fork one sandbox for each request until the other end closes."""
    process.set_name("nono-fork")
    for number in (signal.SIGINT, signal.SIGTSTP, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    space = socket.CMSG_SPACE(_FD_COUNT * array.array("i").itemsize)
    while True:
        data, ancillary, _, _ = sock.recvmsg(64, space, socket.MSG_CMSG_CLOEXEC)
        _reap()
        if not data:
            return
        fds = array.array("i")
        for _, _, content in ancillary:
            fds.frombytes(content)
        reply = _fork(sock, fds.tolist(), bool(msgpack.unpackb(data)))
        for fd in fds:
            os.close(fd)
        sock.send(msgpack.packb(reply))


def _fork(sock: socket.socket, fds: list[int], has_scope: bool) -> int:
    from nono.supervisor import init

    if len(fds) != _FD_COUNT:
        return -1
    spec = Spec.unpack(_from_memfd(fds[0]))
    control, stdin, stdout, stderr, ruleset, scope = fds[1:]
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or 1)
    if pid == 0:
        sock.close()
        init.run(
            spec,
            Descriptors(control, stdin, stdout, stderr, ruleset, scope if has_scope else -1),
        )
    return pid


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
