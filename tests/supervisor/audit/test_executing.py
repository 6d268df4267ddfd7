"""Whose call it was, where one thread of a process executes a program and another goes on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from nono.broker import Access, Execute, Open
from nono.broker.audit.records import Decision
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.sessions import find_session
from nono.supervisor.audit.writer import Audit, AuditOptions, open_audit

OLD, NEW = "/usr/bin/old", "/usr/bin/new"


@dataclass
class Caller:
    """A thread of this process, as the broker knows one."""

    tid: int
    exe: str
    pid: int = os.getpid()
    argv: tuple[str, ...] = ()
    cwd: str = "/"


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Audit]:
    opened = open_audit(AuditOptions(env={"XDG_STATE_HOME": str(tmp_path)}))
    yield opened
    opened.close()


@contextmanager
def thread() -> Iterator[int]:
    """A second thread of this process, by its number; gone afterwards, of /proc as well."""
    end = threading.Event()
    waiting = threading.Thread(target=end.wait)
    waiting.start()
    assert waiting.native_id is not None
    try:
        yield waiting.native_id
    finally:
        end.set()
        waiting.join()
        while os.path.exists(f"/proc/self/task/{waiting.native_id}"):
            pass


def opens(audit: Audit, tid: int, exe: str) -> None:
    audit.native(Open(Caller(tid, exe), "/file", Access.READ))


def executes(audit: Audit, tid: int) -> None:
    audit.native(Execute(Caller(tid, OLD), NEW))


def programs(audit: Audit, tmp_path: Path) -> list[str]:
    """Of each open, in turn."""
    audit.close()
    session = Session(find_session({"XDG_STATE_HOME": str(tmp_path)}, "last"))
    decisions = [each for _, each in session.records() if isinstance(each, Decision)]
    return [each.request.process.exe for each in decisions if isinstance(each.request, Open)]


def test_the_first_thread_becomes_the_new_program(audit: Audit, tmp_path: Path) -> None:
    """However often the old one still calls, and once between the kernel's steps."""
    me = os.getpid()
    with thread() as second:
        executes(audit, second)
        for _ in range(3):
            opens(audit, me, OLD)
    opens(audit, me, OLD)
    opens(audit, me, NEW)
    opens(audit, me, "what is known is not read again")
    assert programs(audit, tmp_path) == [OLD] * 4 + [NEW] * 2


def test_one_that_could_not_is_remembered_again(audit: Audit, tmp_path: Path) -> None:
    with thread() as second:
        executes(audit, second)
        opens(audit, second, OLD)
        opens(audit, os.getpid(), OLD)
        opens(audit, os.getpid(), "what is known is not read again")
    assert programs(audit, tmp_path) == [OLD] * 3


def test_other_processes_are_remembered(audit: Audit, tmp_path: Path) -> None:
    with thread() as second:
        executes(audit, second)
        for exe in (OLD, "what is known is not read again"):
            audit.native(Open(Caller(os.getppid(), exe, os.getppid()), "/file", Access.READ))
    assert programs(audit, tmp_path) == [OLD] * 2
