"""A launcher in C, installed or with sanitizers, and what a request to it takes."""

from __future__ import annotations

import array
import contextlib
import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack

from nono.shims.linux import landlock, launcher

PROGRAM = Path(__file__).parent / "programs" / "hosted_launcher.c"
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
SECONDS = 60.0


class Started:
    """A launcher, and what a request to it takes."""

    def __init__(self, program: Path | str, directory: Path, *words: str) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = directory / "sanitizer"
        self.status = 0
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with theirs:
            self.process = subprocess.Popen(
                [program, str(theirs.fileno()), *words],
                pass_fds=[theirs.fileno()],
                env={
                    "ASAN_OPTIONS": f"log_path={self.log}",
                    "UBSAN_OPTIONS": f"log_path={self.log}",
                },
            )
        rights = landlock.Rights(landlock.FS.MAKE_SOCK, landlock.Net(0), landlock.Scope(0))
        self.ruleset = landlock.create_ruleset(rights)
        scope = landlock.Rights(landlock.FS(0), landlock.Net(0), landlock.Scope.SIGNAL)
        self.scope = landlock.create_ruleset(scope)
        self.null = os.open("/dev/null", os.O_RDWR)
        assert self.heard() == launcher.NUMBER.pack(launcher.INTERFACE)

    def ask(
        self,
        order: bytes,
        control: int,
        out: int = -1,
        count: int = 8,
        there: int = launcher.HAS_SCOPE,
    ) -> int:
        """The answer. Its output goes to `out`; of the descriptors so many are sent."""
        memory = os.memfd_create("order")
        os.write(memory, order)
        streams = self.null, out if out >= 0 else self.null, self.null
        fds = (memory, control, *streams, self.ruleset, self.scope, self.null)[:count]
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([bytes((there,))], ancillary)
        os.close(memory)
        number: int = launcher.NUMBER.unpack(self.heard())[0]
        return number

    def heard(self) -> bytes:
        assert select.select([self.socket], [], [], SECONDS)[0]
        return self.socket.recv(4)

    def close(self) -> str:
        """What the sanitizers said."""
        self.socket.close()
        assert self.process.wait(SECONDS) == self.status
        for fd in (self.ruleset, self.scope, self.null):
            os.close(fd)
        return "".join(path.read_text() for path in self.log.parent.glob("sanitizer*"))


def told(control: socket.socket) -> list[list[Any]]:
    """All that is said on it, until the other end is closed."""
    found: list[list[Any]] = []
    while True:
        assert select.select([control], [], [], SECONDS)[0]
        try:
            data = control.recvmsg(4096, 256)[0]
        except ConnectionResetError:
            continue
        if not data:
            return found
        found.append(msgpack.unpackb(data))
        if found[-1] == ["ended"]:  # with a control group it waits to be let go
            control.shutdown(socket.SHUT_WR)


def sanitized_launcher(made: Path) -> Path:
    """Compile it."""
    warnings = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *warnings, *SANITIZED, "-o", made, PROGRAM], check=True)
    return made


def order(*argv: str, **others: Any) -> launcher.Order:
    usual: dict[str, Any] = {
        "candidates": argv[:1],
        "argv": argv,
        "env": [],
        "cwd": "/",
        "program": ALLOW_ALL,
        "keep": (),
        "umask": 0o22,
        "broker": False,
        "ignored_signals": (),
        "signal_mask": (),
        "closed_streams": (),
        "lingers": False,
        "group": "",
        "rlimits": (),
        "own_session": True,
    }
    return launcher.Order(**{**usual, **others})


def words(said: list[list[Any]]) -> list[str]:
    return sorted(each[0] for each in said)


@contextlib.contextmanager
def running(
    started: Started, packed: bytes, there: int = launcher.HAS_SCOPE
) -> Iterator[socket.socket]:
    """A sandbox, and what its init is told and says."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            assert started.ask(packed, theirs.fileno(), there=there) >= 0
        yield ours


def say(control: socket.socket, *message: object) -> None:
    control.send(msgpack.packb(list(message)))


def hear(control: socket.socket) -> list[Any]:
    assert select.select([control], [], [], SECONDS)[0]
    heard: list[Any] = msgpack.unpackb(control.recvmsg(4096, 256)[0])
    return heard
