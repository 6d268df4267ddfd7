"""What nobody is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nono.broker import (
    Access,
    Bind,
    Connect,
    Effect,
    Execute,
    Forbidden,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Request,
    Rule,
    ServerName,
    Socket,
    Subtree,
    UnixConnect,
)
from nono.broker.asking.unasked import unasked
from nono.broker.datafile import data
from tests.broker.worlds import CALLER, FLAG

DEFAULT = Policy(default=Effect.ASK)._default_rule
READ, WRITE = Access.READ, Access.WRITE


@pytest.mark.parametrize(
    "request_",
    [
        Execute(CALLER, "/home/u/x"),
        Forbidden(CALLER, "ptrace"),
        ServerName(CALLER, "a.example", 443, None),
        Socket(CALLER, "IPv6"),
        Bind(CALLER, "0.0.0.0", 0),
        Open(CALLER, "/proc/1/maps", READ),
        Open(CALLER, "/sys/devices/x", READ),
        Open(CALLER, "/etc/machine-id", READ),
        Open(CALLER, "/home/u/.python_history", READ | WRITE),
        PathChange(CALLER, Operation.MKDIR, "/srv/a/__pycache__"),
        PathChange(CALLER, Operation.CREATE, "/srv/a/__pycache__/m.cpython-311.pyc.140"),
        UnixConnect(CALLER, "/run/nscd/socket"),
        PathChange(CALLER, Operation.LINK_FROM, "/home/u/x", target="/w/x"),
        Open(CALLER, "/dev/pts/3", READ | WRITE),
        Open(CALLER, "/dev/tty", READ | WRITE),
        Open(CALLER, "/dev/tty1", WRITE),
        Connect(CALLER, "0.0.0.0", 443, "ads.example"),
    ],
    ids=str,
)
def test_what_no_answer_would_help(request_: Request) -> None:
    assert unasked(request_, DEFAULT, "/home/u")


@pytest.mark.parametrize(
    "request_",
    [
        Open(CALLER, "/home/u/x", READ),
        Open(CALLER, "/home/u/proc/x", READ),
        PathChange(CALLER, Operation.CREATE, "/srv/a/m.pyc"),
        UnixConnect(CALLER, "/run/docker.sock"),
        Connect(CALLER, "93.184.216.34", 443),
        Connect(CALLER, "10.0.0.1", 443, "intranet.example"),
        Bind(CALLER, "0.0.0.0", 80),
        PathChange(CALLER, Operation.RENAME_FROM, "/home/u/x", target="/home/u/y"),
        Open(CALLER, "/dev/ttyUSB0", READ | WRITE),
    ],
    ids=str,
)
def test_the_rest_is_asked_about(request_: Request) -> None:
    assert unasked(request_, DEFAULT, "/home/u") is None


@pytest.mark.parametrize(
    ("program", "request_"),
    [
        ("less", PathChange(CALLER, Operation.CREATE, "/home/u/.lesshsQ")),
        ("less", PathChange(CALLER, Operation.RENAME_FROM, "/home/u/.lesshsQ", target="/home/u/x")),
        ("htop", PathChange(CALLER, Operation.MKDIR, "/home/u/.config/htop")),
        ("htop", Open(CALLER, "/etc/sensors3.conf", READ)),
        ("vim.basic", Open(CALLER, "/home/u/.viminfo", READ | WRITE)),
        ("vim.basic", PathChange(CALLER, Operation.CREATE, "/srv/doc/.text.swp")),
        ("vim.basic", PathChange(CALLER, Operation.CREATE, "/srv/doc/4913")),
        ("sqlite3", PathChange(CALLER, Operation.CREATE, "/home/u/.sqlite_history")),
        ("man", PathChange(CALLER, Operation.CREATE, "/var/cache/man/cat1/catX")),
    ],
    ids=str,
)
def test_what_one_program_does_without(program: str, request_: Request) -> None:
    by = replace(CALLER, exe=f"/usr/bin/{program}")
    assert unasked(replace(request_, process=by), DEFAULT, "/home/u")
    elsewhere = replace(CALLER, exe=f"/home/u/bin/{program}")
    assert unasked(replace(request_, process=elsewhere), DEFAULT, "/home/u") is None


def test_changes_that_vim_kept_are_asked_about() -> None:
    """`vim -r`: only that it makes such a file is nothing that anybody misses."""
    by = replace(CALLER, exe="/usr/bin/vim.basic")
    assert unasked(Open(by, "/srv/doc/.text.swp", READ), DEFAULT, "/home/u") is None
    gone = PathChange(by, Operation.UNLINK, "/srv/doc/.text.swp")
    assert unasked(gone, DEFAULT, "/home/u") is None


def test_a_persons_own_rule_asks_about_a_probe_too() -> None:
    rule = Rule(Subtree("/etc"), READ, Effect.ASK, FLAG)
    assert unasked(Open(CALLER, "/etc/machine-id", READ), rule, "/home/u") is None
    assert unasked(Execute(CALLER, "/etc/x"), rule, "/home/u")


def test_every_entry_says_why() -> None:
    paths = data("unasked")["paths"]
    assert paths and all(each["reason"] and each["path"].startswith("/") for each in paths)
    assert Origin(OriginKind.ANSWER, "3, 14:02") != FLAG
    assert str(Origin(OriginKind.ANSWER, "3, 14:02")) == "answer 3, 14:02"
