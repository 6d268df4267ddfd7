"""What is checked, and made, on every platform before a program is started."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nono.broker import Environment, Mode, Policy
from nono.broker.credentials.services import own_service
from nono.supervisor.credentials.issued import Issued
from nono.supervisor.decisions.always import complete
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.plan import Plan
from nono.supervisor.session.prepare import Prepared
from nono.supervisor.session.start import check_streams, start
from nono.supervisor.session.tmpdir import make_tmpdir, remove_tree
from nono.supervisor.streams import Streams


@pytest.mark.parametrize(
    ("argv", "env", "message"),
    [
        ([], {}, "no command"),
        (["true", "a\0b"], {}, "a NUL byte"),
        (["true"], {"A": "\0"}, "a NUL byte"),
        (["true"], {"\0": "a"}, "a NUL byte"),
        (["curl", "--header=REAL-KEY"], {}, "a real key"),
    ],
)
def test_what_cannot_be_started(argv: list[str], env: dict[str, str], message: str) -> None:
    service = own_service("api", "https://api.example.org", "env://KEY", "KEY")
    credentials: Any = SimpleNamespace(issued=Issued([service], {"KEY": "REAL-KEY"}))
    decisions = complete(Plan(Policy(), Environment(), "/")).decisions()
    nothing: Any = None
    prepared = Prepared(decisions, nothing, credentials, None, "/tmp/nono-none")
    with pytest.raises(UsageError, match=message):
        start(prepared, argv, env, "/", Streams(), nothing)


@pytest.mark.parametrize("name", ["KEPT_START", "LANE", "LAUNCHER", "PRELOAD"])
def test_a_switch_of_tests_has_a_value_that_means_something(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing: Any = None
    for value, message in (("maybe", f"NONO_{name}=maybe is none of"), ("", "no command")):
        monkeypatch.setenv(f"NONO_{name}", value)
        with pytest.raises(UsageError, match=message):
            start(nothing, [], {}, "/", Streams(), nothing)


def test_the_private_tmpdir() -> None:
    path = make_tmpdir()
    assert path == os.path.realpath(path)
    assert Path(path).stat().st_mode & 0o777 == 0o700
    (Path(path) / "deep/er").mkdir(parents=True)
    remove_tree(path)
    assert not os.path.lexists(path)


@pytest.mark.parametrize(
    ("family", "kind", "mode", "may"),
    [
        (socket.AF_UNIX, socket.SOCK_DGRAM, Mode.UNRESTRICTED, False),
        (socket.AF_INET, socket.SOCK_DGRAM, Mode.UNRESTRICTED, True),
        (socket.AF_INET, socket.SOCK_DGRAM, Mode.FILTERED, False),
        (socket.AF_INET6, socket.SOCK_DGRAM, Mode.BLOCKED, False),
        (socket.AF_UNIX, socket.SOCK_STREAM, Mode.BLOCKED, True),
        (socket.AF_UNIX, socket.SOCK_SEQPACKET, Mode.FILTERED, True),
    ],
)
def test_no_stream_sends_anywhere(
    family: socket.AddressFamily, kind: socket.SocketKind, mode: Mode, may: bool
) -> None:
    """A datagram names where it goes, and sendmsg(2) is not seen."""
    with socket.socket(family, kind) as sock:
        streams = Streams(stdout=sock.fileno())
        if may:
            check_streams(streams, mode)
        else:
            with pytest.raises(UsageError, match="socket of datagrams"):
                check_streams(streams, mode)
