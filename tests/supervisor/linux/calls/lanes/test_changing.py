"""Which calls may have changed something: by their number and flags alone."""

from __future__ import annotations

import os

import pytest

from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import machine, table
from nono.supervisor.linux.calls.handlers import HANDLERS
from nono.supervisor.linux.calls.lanes.changing import Changing

KNOWN = table(machine())
NEVER = {
    name
    for name in HANDLERS
    if name.startswith(("get", "lget", "land", "sched_", "exec"))
    or name in {"inotify_add_watch", "connect", "listen", "socket", "flock", "fcntl", "clone"}
}


def may(name: str, flags: int = 0) -> bool:
    second, third = (flags, 0) if name == "open" else (0, flags)
    call = Notification(1, 1, 0, KNOWN[name].number, 0, 0, 0, second, third, 0, 0, 0)
    return Changing().may(call)


@pytest.mark.parametrize("name", ["openat", *({"open"} & KNOWN.keys())])
def test_an_open_by_its_flags(name: str) -> None:
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY, os.O_PATH):
        assert not may(name, flags)
    tmpfile = os.O_TMPFILE | os.O_WRONLY
    for flags in (os.O_CREAT, os.O_WRONLY, os.O_RDWR, os.O_TRUNC, os.O_ACCMODE, tmpfile):
        assert may(name, flags)


def test_whatever_makes_a_name_counts() -> None:
    starts = ("mk", "sym", "link", "ren", "unl", "rm", "creat", "bind", "trunc", "openat2", "chm")
    names = [name for name in HANDLERS if name.startswith(starts) and name in KNOWN]
    assert len(names) > 12
    assert [name for name in names if not may(name)] == []
    assert [name for name in NEVER if name in KNOWN and may(name)] == []
