"""The launcher in C by itself: hostile orders, odd descriptors, requests that are none."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import random
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest

from nono.shims.linux import landlock, launcher

pytestmark = pytest.mark.requires(commands=["gcc"], landlock=6)

PROGRAM = Path(__file__).parent / "programs" / "hosted_launcher.c"
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1")
ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
SECONDS = 60.0


class Started:
    """A launcher, and what a request to it takes."""

    def __init__(self, program: Path | str, directory: Path, *words: str) -> None:
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = directory / "sanitizer"
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
        assert self.process.wait(SECONDS) == 0
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


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("launcher") / "launcher"
    warnings = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["gcc", *warnings, *SANITIZED, "-o", made, PROGRAM], check=True)
    return made


@pytest.fixture(params=["installed", "sanitized"])
def init(request: pytest.FixtureRequest, sanitized: Path, tmp_path: Path) -> Iterator[Started]:
    """One that is the init of a single sandbox."""
    program = launcher.PROGRAM if request.param == "installed" else sanitized
    made = Started(program, tmp_path, "init")
    yield made
    assert made.close() == ""


@pytest.fixture(params=["installed", "sanitized"])
def started(request: pytest.FixtureRequest, sanitized: Path, tmp_path: Path) -> Iterator[Started]:
    made = Started(launcher.PROGRAM if request.param == "installed" else sanitized, tmp_path)
    yield made
    assert made.close() == ""


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


def start(started: Started, packed: bytes) -> list[list[Any]]:
    """What init and program say of a start, to their end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            assert started.ask(packed, theirs.fileno()) > 0
        return told(ours)


def words(said: list[list[Any]]) -> list[str]:
    return sorted(each[0] for each in said)


def test_a_program_that_runs(started: Started) -> None:
    said = start(started, order("/bin/sh", "-c", "exit 3").pack())
    assert words(said) == ["ended", "exited", "listener", "started"]
    assert ["exited", 3 << 8] in said


def test_orders_that_were_tampered_with(started: Started) -> None:
    """Cut anywhere, with any number in the header: an answer, and no step beyond a bound."""
    whole = order("/bin/true", "x", env=["A=b"], rlimits=[(7, 64, 64)]).pack()
    chance = random.Random(1)
    spoilt = [whole[:size] for size in range(0, len(whole), 3)]
    for _ in range(200):
        made = bytearray(whole)
        at = 4 * chance.randrange(8, 16)
        made[at : at + 4] = chance.choice(
            (b"\xff\xff\xff\xff", b"\0\0\0\x80", struct.pack("=I", chance.randrange(64)))
        )
        spoilt.append(bytes(made))
    started_well = 0
    for each in spoilt:
        said = start(started, each)
        started_well += "exited" in words(said)
        assert said, each
    assert start(started, whole)[-1] == ["ended"]
    assert started_well < len(spoilt)


def test_each_step_that_fails_is_named(started: Started) -> None:
    long = "/" + "x" * 5000
    changes: list[tuple[dict[str, Any], str, int]] = [
        ({"cwd": "/nowhere"}, "change to the working directory", errno.ENOENT),
        ({"cwd": "/dev/null"}, "change to the working directory", errno.ENOTDIR),
        ({"group": "/nowhere"}, "change to the working directory", errno.ENOENT),
        ({"group": long}, "set up the init", errno.ENAMETOOLONG),
        ({"rlimits": [(999, 1, 1)]}, "enter the limits", errno.EINVAL),
        ({"program": b"\xff" * 8}, "seccomp", errno.EINVAL),
        ({"program": b""}, "seccomp", errno.EINVAL),
    ]
    for change, step, number in changes:
        said = start(started, order("/bin/true", **change).pack())
        assert ["failed", step, number] in said, (change, said)
        assert "not executed" not in words(said)


def test_what_cannot_be_executed(started: Started, tmp_path: Path) -> None:
    plain, directory = tmp_path / "plain", tmp_path / "there"
    plain.write_text("x")
    directory.mkdir()
    here, none = str(plain), str(tmp_path / "none")
    for candidates, number in [
        ([], errno.ENOENT),
        ([none], errno.ENOENT),
        ([f"{here}/x"], errno.ENOTDIR),
        ([str(directory)], errno.EACCES),
        ([none, here, none], errno.EACCES),
    ]:
        said = start(started, order("x", candidates=candidates).pack())
        assert ["not executed", number] in said, candidates


def test_streams_that_have_each_others_numbers(started: Started) -> None:
    """The server's own descriptors are low ones, and so are those that it is sent."""
    reader, writer = os.pipe()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listing = "exec ls /proc/self/fd"
    with ours, theirs:
        assert started.ask(order("/bin/sh", "-c", listing).pack(), theirs.fileno(), writer) > 0
        os.close(writer)
        with open(reader) as output:
            assert output.read().split() == ["0", "1", "2", "3"]


def test_a_stream_that_is_closed(started: Started) -> None:
    said = start(
        started, order("/bin/sh", "-c", "[ ! -e /proc/$$/fd/0 ]", closed_streams=[0]).pack()
    )
    assert ["exited", 0] in said


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_request_with_too_few_descriptors(started: Started, count: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        assert started.ask(b"", theirs.fileno(), count=count) == -errno.EMFILE
    assert start(started, order("/bin/true").pack())[-1] == ["ended"]


def test_a_request_of_another_process(started: Started) -> None:
    """As of a program that got hold of the end that asks."""
    asks = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).send(b'\\1')"
    fd = started.socket.fileno()
    subprocess.run([sys.executable, "-c", asks, str(fd)], pass_fds=[fd], check=True)
    assert launcher.NUMBER.unpack(started.heard()) == (-errno.EPERM,)
    assert start(started, order("/bin/true").pack())[-1] == ["ended"]


def test_messages_that_are_none_end_the_sandbox(started: Started) -> None:
    for message in (b"\x91\xa4kill", b"x", b"\xff" * 200, b"\x92\xa8continue"):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                assert started.ask(order("/bin/sleep", "1000").pack(), theirs.fileno()) > 0
            ours.send(message)
            if message.endswith(b"continue"):  # of no stop: it goes on until we are gone
                ours.shutdown(socket.SHUT_WR)
            assert words(told(ours))[-1] != "exited"


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


def test_a_stop_is_ended_by_its_own_number_alone(started: Started) -> None:
    stops = order("/bin/sh", "-c", "kill -STOP $$; kill -STOP $$; exit 5")
    with running(started, stops.pack()) as control:
        assert {hear(control)[0], hear(control)[0]} == {"listener", "started"}
        for number in (1, 2):
            assert hear(control) == ["stopped", number]
            for other in (3, 300, 70_000, number):
                say(control, "continue", other)
        assert told(control) == [["exited", 5 << 8], ["ended"]]


@pytest.mark.parametrize("there", [0, launcher.HAS_SCOPE])
def test_what_is_left_ends_with_the_program(started: Started, there: int) -> None:
    """Also on a kernel that scopes no signals, where each is looked for."""
    leaves = "for n in 1 2 3; do setsid sh -c 'setsid sleep 1000 & sleep 1000' & done; exit 0"
    with running(started, order("/bin/sh", "-c", leaves).pack(), there) as control:
        assert words(told(control)) == ["ended", "exited", "listener", "started"]


def test_what_lingers_ends_when_that_is_said(started: Started) -> None:
    lingering = order("/bin/sh", "-c", "sleep 1000 & exit 4", lingers=True)
    with running(started, lingering.pack()) as control:
        while hear(control) != ["exited", 4 << 8]:
            pass
        for number in (2, 64, 65, 70_000):
            say(control, "seen", number)
        assert not select.select([control], [], [], 0)[0]
        say(control, "kill")
        assert told(control) == [["ended"]]


def test_an_init_by_itself(init: Started) -> None:
    """What it was started for is its own process, and there is nobody to ask for another one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            leaves = order("/bin/sh", "-c", "setsid sleep 1000 & exit 3", own_session=False)
            assert init.ask(leaves.pack(), theirs.fileno()) == 0
        said = told(ours)
    assert words(said) == ["ended", "exited", "listener", "started"]
    assert ["exited", 3 << 8] in said
    assert init.heard() == b""
    assert init.process.wait(SECONDS) == 0


def test_an_init_heeds_who_started_it_alone(init: Started) -> None:
    asks = "import socket, sys; socket.socket(fileno=int(sys.argv[1])).send(b'\\1')"
    fd = init.socket.fileno()
    subprocess.run([sys.executable, "-c", asks, str(fd)], pass_fds=[fd], check=True)
    assert launcher.NUMBER.unpack(init.heard()) == (-errno.EPERM,)
    assert init.ask(b"", init.null, count=7) == -errno.EMFILE
    # It goes when nobody is left to ask.


def test_an_init_ends_with_who_started_it(init: Started) -> None:
    with running(init, order("/bin/sh", "-c", "setsid sleep 1000 & sleep 1000").pack()) as control:
        while hear(control)[0] != "started":
            pass
    assert init.process.wait(SECONDS) == 0
