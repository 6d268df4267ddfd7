"""The launcher in C by itself: hostile orders, odd descriptors, requests that are none."""

from __future__ import annotations

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

import pytest

from nono.shims.linux import launcher
from tests.shims.linux.launchers import (
    Started,
    hear,
    order,
    running,
    sanitized_launcher,
    say,
    told,
    words,
)

pytestmark = pytest.mark.requires(commands=["gcc"], landlock=6)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sanitized_launcher(tmp_path_factory.mktemp("launcher") / "launcher")


@pytest.fixture(params=["installed", "sanitized"])
def started(request: pytest.FixtureRequest, sanitized: Path, tmp_path: Path) -> Iterator[Started]:
    made = Started(launcher.PROGRAM if request.param == "installed" else sanitized, tmp_path)
    yield made
    assert made.close() == ""


def start(started: Started, packed: bytes) -> list[list[Any]]:
    """What init and program say of a start, to their end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            assert started.ask(packed, theirs.fileno()) > 0
        return told(ours)


def test_a_program_that_runs(started: Started) -> None:
    said = start(started, order("/bin/sh", "-c", "exit 3").pack())
    assert words(said) == ["ended", "exited", "listener", "started"]
    assert ["exited", 3 << 8] in said


def test_orders_that_were_tampered_with(started: Started) -> None:
    """Cut anywhere, with any number in the header: an answer, and no step beyond a bound."""
    whole = order("/bin/true", "x", env=["A=b"], rlimits=[(7, 64)]).pack()
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
        ({"rlimits": [(999, 1)]}, "enter the limits", errno.EINVAL),
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
