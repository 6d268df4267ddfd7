"""The fork server in Python: where none was compiled, and for what launcher.c does not do."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import signal
import socket
import struct
import sys

from nono.shims.linux import capabilities, launcher, process
from nono.supervisor.linux.launch import init
from nono.supervisor.linux.launch.init import IGNORED
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.launch.start import kill_and_reap
from nono.supervisor.linux.processes import descendants
from nono.supervisor.streams import inherited_streams

_FD_COUNT = 8  # specification, control, three streams, ruleset, scope, terminal
_CREDENTIALS = struct.Struct("=3i")  # struct ucred: the process, its user and group


def _from_memfd(fd: int) -> bytes:
    size = min(os.fstat(fd).st_size, launcher.MAX_ORDER)
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
        asker = os.getppid()
        space = socket.CMSG_SPACE(_FD_COUNT * array.array("i").itemsize)
        space += socket.CMSG_SPACE(_CREDENTIALS.size)
        while True:
            data, ancillary, _, _ = self._sock.recvmsg(1, space, socket.MSG_CMSG_CLOEXEC)
            if not data:
                return
            fds, sender = array.array("i"), 0
            for _, kind, content in ancillary:
                if kind == socket.SCM_CREDENTIALS:
                    sender = _CREDENTIALS.unpack(content)[0]
                else:
                    fds.frombytes(content)
            # Where another process has got a copy of the end that asks, it is of no use.
            reply = self._fork(fds.tolist(), data[0]) if sender == asker else -errno.EPERM
            for fd in fds:
                os.close(fd)
            self._sock.send(launcher.NUMBER.pack(reply))

    def _fork(self, fds: list[int], there: int) -> int:
        if len(fds) != _FD_COUNT:
            return -errno.EMFILE
        spec = Spec.unpack(_from_memfd(fds[0]))
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
                scope = scope if there & launcher.HAS_SCOPE else -1
                terminal = terminal if there & launcher.HAS_TERMINAL else -1
                streams = stdin, stdout, stderr
                init.run(spec, Descriptors(control, *streams, ruleset, scope, terminal))
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
    inherited_streams()  # what comes in a message gets no number of a stream
    Server(socket.socket(fileno=int(sys.argv[1]))).serve()
