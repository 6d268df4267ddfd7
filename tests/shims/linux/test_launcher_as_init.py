"""The launcher in C as the init of a single sandbox, and what watches it."""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.shims.linux import launcher
from tests.shims.linux.launchers import (
    SECONDS,
    Started,
    hear,
    order,
    running,
    sanitized_launcher,
    told,
    words,
)

pytestmark = pytest.mark.requires(commands=["gcc"], landlock=6)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sanitized_launcher(tmp_path_factory.mktemp("launcher") / "launcher")


@pytest.fixture(params=["installed", "sanitized"])
def init(request: pytest.FixtureRequest, sanitized: Path, tmp_path: Path) -> Iterator[Started]:
    """One that is the init of a single sandbox."""
    program = launcher.PROGRAM if request.param == "installed" else sanitized
    made = Started(program, tmp_path, "init")
    yield made
    assert made.close() == ""


@pytest.mark.parametrize("watched", [False, True])
def test_an_init_by_itself(init: Started, watched: bool) -> None:
    """What it was started for is its own process, and there is nobody to ask for another one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            leaves = order("/bin/sh", "-c", "setsid sleep 1000 & exit 3", own_session=False)
            packed = leaves._replace(watched=watched).pack()
            assert init.ask(packed, theirs.fileno()) == 0
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


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_what_watches_an_init_heeds_its_end_alone(init: Started, number: signal.Signals) -> None:
    script = order("/bin/sh", "-c", "setsid sleep 1000 & sleep 1000", watched=True)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe()
    with ours, open(reader, "rb") as left:
        with theirs, open(writer, "wb"):
            assert init.ask(script.pack(), theirs.fileno(), writer) == 0
        assert {hear(ours)[0], hear(ours)[0]} == {"listener", "started"}
        listed = Path(f"/proc/{init.process.pid}/task/{init.process.pid}/children")
        names = {int(pid): Path(f"/proc/{pid}/comm") for pid in listed.read_text().split()}
        (watch,) = [pid for pid, path in names.items() if path.read_text() == "sandbox-end\n"]
        os.kill(watch, number)
        assert not select.select([ours.fileno(), reader], [], [], 0.2)[0]
        init.status = -signal.SIGKILL
        init.process.kill()
        assert select.select([left], [], [], SECONDS)[0]
        assert left.read() == b""  # until nobody has its output any more


def test_an_old_kernels_init_has_none_that_watches(init: Started) -> None:
    """It could end what it should only by searching for it."""
    script = order("/bin/true", watched=True)
    with running(init, script.pack(), there=0) as control:
        assert words(told(control)) == ["ended", "exited", "listener", "started"]
