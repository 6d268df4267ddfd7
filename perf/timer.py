"""What timer.c does, for a machine without a C compiler: see there for the protocol.

Run as a script of its own, inside every rung; it imports nothing of ours.
"""

from __future__ import annotations

import array
import os
import socket
import struct
import sys
import time
from collections.abc import Callable

_BLOCK = bytes(64)
_FLAGS = os.O_RDONLY | os.O_CLOEXEC
_NO_LINGER = struct.pack("ii", 1, 0)


class Operation:
    """`timed` is what counts; `after` follows each one, `end` the last."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments

    def timed(self) -> None:
        pass

    def after(self) -> None:
        pass

    def end(self) -> None:
        pass


class Open(Operation):
    def timed(self) -> None:
        os.close(os.open(self.arguments[0], _FLAGS))


class Refused(Operation):
    def timed(self) -> None:
        try:
            os.open(self.arguments[0], _FLAGS)
        except PermissionError:
            return
        sys.exit(f"timer: {self.arguments[0]} was not refused")


class Stat(Operation):
    def timed(self) -> None:
        os.stat(self.arguments[0])


class Read(Operation):
    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.file = os.open(arguments[0], os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self.file, _BLOCK, 0)

    def timed(self) -> None:
        os.pread(self.file, len(_BLOCK), 0)

    def end(self) -> None:
        os.close(self.file)


class Write(Read):
    def timed(self) -> None:
        os.pwrite(self.file, _BLOCK, 0)


class Exchange(Operation):
    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.one, self.other = socket.socketpair()

    def timed(self) -> None:
        self.one.send(_BLOCK)
        self.other.recv(len(_BLOCK))

    def end(self) -> None:
        self.one.close()
        self.other.close()


class Connect(Operation):
    """A socket closed with a linger time of 0 leaves no TIME_WAIT behind."""

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.address = self.listening.getsockname()
        self.client = self._socket()

    @staticmethod
    def _socket() -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        return client

    def timed(self) -> None:
        self.client.connect(self.address)

    def after(self) -> None:
        server, _ = self.listening.accept()
        self.client.close()
        server.close()
        self.client = self._socket()

    def end(self) -> None:
        self.client.close()
        self.listening.close()


class LookUp(Operation):
    def timed(self) -> None:
        socket.getaddrinfo(self.arguments[0], None, socket.AF_INET, socket.SOCK_STREAM)


class Fork(Operation):
    def timed(self) -> None:
        child = os.fork()
        if child == 0:
            os._exit(0)
        _wait_for(child)


class Run(Operation):
    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        self.null = os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)

    def timed(self) -> None:
        child = os.fork()
        if child == 0:
            os.dup2(self.null, 1)
            os.execv(self.arguments[0], self.arguments)
        _wait_for(child)

    def end(self) -> None:
        os.close(self.null)


OPERATIONS: dict[str, Callable[[list[str]], Operation]] = {
    "clock": Operation,
    "open": Open,
    "refused": Refused,
    "stat": Stat,
    "read": Read,
    "write": Write,
    "exchange": Exchange,
    "connect": Connect,
    "lookup": LookUp,
    "fork": Fork,
    "run": Run,
}


def _wait_for(child: int) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        sys.exit(f"timer: a child ended with {status}")


def measure(operation: Operation, count: int) -> array.array[int]:
    """The durations of `count` calls, in nanoseconds; a tenth more comes first, uncounted."""
    samples = array.array("Q")
    now = time.perf_counter_ns
    for number in range(-(count // 10), count):
        start = now()
        operation.timed()
        end = now()
        operation.after()
        if number >= 0:
            samples.append(end - start)
    operation.end()
    return samples


def main() -> None:
    for line in sys.stdin:
        name, count, *arguments = line.rstrip("\n").split("\t")
        sys.stdout.buffer.write(measure(OPERATIONS[name](arguments), int(count)))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
