"""What needs no handler is what the handlers continue, and the witness hears the same.

The caller is this process: its memory, working directory and descriptors are the sandbox's.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nono.broker import (
    FLOOR_ACCESS,
    Ask,
    Deny,
    Effect,
    Glob,
    Origin,
    OriginKind,
    Policy,
    Request,
    Rule,
    Subtree,
    Verdict,
)
from nono.shims.linux.at import AT_FDCWD, AT_REMOVEDIR
from nono.shims.linux.libc import address, ffi
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import machine, number
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.linux.calls.answers import CONTINUE, Answer, Inject
from nono.supervisor.linux.calls.handlers import Handlers
from nono.supervisor.linux.calls.lanes.native_changes import NativeChanges
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.resolving.caller import Caller
from tests.supervisor.linux.calls.alone import call_alone

ORIGIN = Origin(OriginKind.FLAG, "--allow")
DIRECTORIES = ("work/sub", "carved/denied", "names", "outside", "work/awaited")
FILES = ("work/file", "work/sub/file", "carved/file", "outside/file", "work/x.late")
LINKS = {"work/outwards": "../outside", "work/inwards": "sub", "work/dangling": "nowhere"}
NAMES = ("work", "sub", "carved", "names", "outside", "file", "new", "x.late", "", ".", "..", "...")
INIT = os.getppid()


class Told:
    """A witness that keeps the requests."""

    every_call = refuses = may_refuse = False

    def __init__(self) -> None:
        self.requests: list[str] = []

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None:
        self.requests.append("decided")

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None:
        self.requests.append(
            " ".join(
                str(getattr(request, name, None))
                for name in ("operation", "path", "own", "target", "directory")
            )
        )

    def unresolved(self, host: str, why: str) -> None:
        raise AssertionError


class World:
    """A place whose changes the floor holds, one that is carved, and what no rule allows."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.restore()
        allowed = [
            Rule(Subtree(f"{top}/{name}"), FLOOR_ACCESS, Effect.ALLOW, ORIGIN)
            for name in ("work", "carved", "names")
        ]
        denied = [
            Rule(Subtree(f"{top}/carved/denied"), FLOOR_ACCESS, Effect.DENY, ORIGIN),
            Rule(Glob(f"{top}/names/**/*.late"), FLOOR_ACCESS, Effect.DENY, ORIGIN),
        ]
        policy = Policy(rules=(*allowed, *denied))
        self.told = Told()
        self.decisions = Decisions(policy, policy.floor(RealTree()), self.told)
        self.decisions.awaited = {f"{top}/work/awaited"}
        self.memory = Memory()
        self.changes = NativeChanges(self.decisions, self.memory, INIT)
        self.handlers = Handlers(machine())
        self.own = OwnObjects()

    def restore(self) -> None:
        for name in DIRECTORIES:
            (self.top / name).mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (self.top / name).write_text("text")
        for name, target in LINKS.items():
            if not (self.top / name).is_symlink():
                (self.top / name).symlink_to(target)

    def both(self, name: str, *arguments: int) -> tuple[bool, Answer | int]:
        """Whether it is continued at once, and what the handler alone answers."""
        if name not in KNOWN:
            return False, CONTINUE
        words = (*(each & 0xFFFFFFFFFFFFFFFF for each in arguments), 0, 0, 0, 0, 0)[:6]
        call = Notification(1, os.getpid(), 0, number(machine(), name), 0, 0, *words)
        self.told.requests.clear()
        covered = self.changes.cover(call)
        if not covered:
            assert not self.told.requests
            return False, CONTINUE
        told = list(self.told.requests)
        self.told.requests.clear()
        caller = Caller(call.tid, INIT)
        made = call_alone(call, caller, self.decisions, self.memory, self.own)
        try:
            handler = self.handlers.get(call.number)
            assert handler is not None
            answer = handler(made, self.decisions)
        except OSError as error:
            return True, error.errno or 0
        if isinstance(answer, Inject):
            os.close(answer.fd)
        if told != self.told.requests:
            # A name that is not there: the kernel says so.
            assert not os.path.lexists(told[0].split()[1]), told
        return True, answer


OLDER = {"mkdir", "rmdir", "unlink", "rename", "open", "creat"}
"""Calls that aarch64 does not have."""
KNOWN = {"mkdirat", "unlinkat", "renameat", "renameat2", "openat"} | (
    OLDER if machine() == "x86_64" else set[str]()
)


@pytest.fixture(scope="module")
def world(place: Path) -> Iterator[World]:
    made = World(place / "native-changes")
    before = os.getcwd()
    os.chdir(made.top / "work")
    yield made
    os.chdir(before)


@st.composite
def paths(draw: st.DrawFn, top: Path) -> bytes:
    links = [each.partition("/")[2] for each in LINKS]
    names = draw(st.lists(st.sampled_from((*NAMES, *links)), max_size=3))
    start = draw(st.sampled_from(["", f"{top}/", f"{top}/work/", "/proc/self/cwd/"]))
    return os.fsencode(start + "/".join(names))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_continued_is_what_the_handler_continues(world: World, data: st.DataObject) -> None:
    world.restore()
    one, two = (ffi.new("char[]", data.draw(paths(world.top))) for _ in range(2))
    a, b = address(one), address(two)
    directory = os.open(world.top / data.draw(st.sampled_from(DIRECTORIES)), os.O_PATH)
    at = data.draw(st.sampled_from([AT_FDCWD, directory, 999, -5]))
    mode = data.draw(st.sampled_from([0o600, 0o755, 0o4755, stat.S_ISGID]))
    flags = data.draw(st.sampled_from([0, os.O_EXCL, os.O_NOFOLLOW, os.O_TRUNC, os.O_PATH]))
    flags |= data.draw(st.sampled_from([os.O_CREAT, os.O_TMPFILE, 0]))
    flags |= data.draw(st.sampled_from([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_ACCMODE]))
    calls: tuple[tuple[str, *tuple[int, ...]], ...] = (
        ("mkdir", a, mode),
        ("mkdirat", at, a, mode),
        ("rmdir", a),
        ("unlink", a),
        ("unlinkat", at, a, data.draw(st.sampled_from([0, AT_REMOVEDIR, 1]))),
        ("rename", a, b),
        ("renameat", at, a, at, b),
        ("renameat2", at, a, AT_FDCWD, b, data.draw(st.sampled_from([0, 1, 2]))),
        ("open", a, flags, mode),
        ("openat", at, a, flags, mode),
        ("creat", a, mode),
    )
    try:
        covered, answer = world.both(*data.draw(st.sampled_from(calls)))
        if covered:
            # What fails fails for the kernel, too.
            assert answer == CONTINUE or isinstance(answer, int), answer
    finally:
        os.close(directory)


@pytest.mark.parametrize(
    ("name", "path", "continued"),
    [
        ("mkdirat", "new", True),
        ("mkdirat", "sub/new", True),
        ("mkdirat", "awaited", False),
        ("mkdirat", "outwards/new", False),
        ("mkdirat", "inwards/new", False),
        ("mkdirat", "../carved/new", False),
        ("mkdirat", "../names/new", False),
        ("mkdirat", "../outside/new", False),
        ("mkdirat", "new/", False),
        ("unlinkat", "file", True),
        ("unlinkat", "dangling", True),
        ("unlinkat", "../carved/file", False),
        ("unlinkat", ".", False),
    ],
)
def test_what_is_obvious(world: World, name: str, path: str, continued: bool) -> None:
    world.restore()
    text = ffi.new("char[]", os.fsencode(path))
    mode = 0o755 if name == "mkdirat" else 0
    assert world.both(name, AT_FDCWD, address(text), mode)[0] is continued


def test_a_file_that_is_made_is_continued_where_the_floor_holds_it(world: World) -> None:
    world.restore()
    for path, continued in ((b"made", True), (b"file", False), (b"dangling", False)):
        text = ffi.new("char[]", path)
        flags = os.O_CREAT | os.O_WRONLY
        assert world.both("openat", AT_FDCWD, address(text), flags, 0o600)[0] is continued, path
