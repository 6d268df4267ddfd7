"""The fast lane lets pass only what the handlers would let pass, and does so for the common case.

The lane in C lets pass the same.
The caller is this process: its memory, working directory and descriptors are the sandbox's.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nono.broker import FLOOR_ACCESS, Effect, Glob, Origin, OriginKind, Policy, Rule, Subtree
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.lane import Lane, Options, library
from nono.shims.linux.libc import address, ffi
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import machine, number
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.linux.calls.answers import CONTINUE, Answer, Fail, Inject
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.files.opens import openat
from nono.supervisor.linux.calls.lanes.fast_lane import FastLane
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.resolving.caller import Caller
from tests.supervisor.linux.calls.alone import call_alone

ORIGIN = Origin(OriginKind.FLAG, "--allow")
DIRECTORIES = ("work", "work/sub", "carved", "outside", "names")
FILES = ("work/file", "work/sub/file", "carved/file", "carved/late.key", "outside/file")
LINKS = {
    "work/inwards": "sub/file",
    "work/outwards": "../outside/file",
    "work/to-carved": "../carved/file",
    "work/up": "..",
    "work/dangling": "nowhere",
    "work/self": "/proc/self/cwd/file",
}
NAMES = ("work", "sub", "carved", "outside", "names", "file", "late.key", "new", "", ".", "..")
MODES = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_ACCMODE)
OPTIONS = (os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_NOFOLLOW, os.O_DIRECTORY, os.O_APPEND, os.O_PATH)


class World:
    """Two places that the policy allows, one of them carved, and a third that it does not."""

    def __init__(self, top: Path, with_names: bool = True, since: int = 1 << 62) -> None:
        """`with_names` are there that a pattern refuses. No file has changed `since` then."""
        self.top = top
        for name in DIRECTORIES:
            (top / name).mkdir(parents=True)
        (top / "carved/denied").mkdir()
        self.restore()
        policy = Policy(
            rules=(
                Rule(Subtree(f"{top}/work"), FLOOR_ACCESS, Effect.ALLOW, ORIGIN),
                Rule(Subtree(f"{top}/carved"), FLOOR_ACCESS, Effect.ALLOW, ORIGIN),
                Rule(Subtree(f"{top}/carved/denied"), FLOOR_ACCESS, Effect.DENY, ORIGIN),
                Rule(Subtree(f"{top}/names"), FLOOR_ACCESS, Effect.ALLOW, ORIGIN),
                Rule(Glob(f"{top}/names/**/*.late"), FLOOR_ACCESS, Effect.DENY, ORIGIN),
            )
        )
        if not with_names:
            policy = Policy(policy.rules[:-1])
        self.decisions = Decisions(policy, policy.floor(RealTree()))
        self.decisions.since = since
        (top / "names/secret.late").write_text("after the start")
        self.memory = Memory()
        self.own = OwnObjects()
        self.fast_lane = FastLane(self.decisions, self.memory)
        self.compiled = Lane(library()[0], -1, self.decisions.since)
        version, flat = self.decisions.table(with_rules=False)
        self.compiled.use(flat, version, self.decisions.version)
        links = 0 if with_names else Options.FOLLOWS
        self.compiled.allow(Options.TRUNCATE_IS_ASKED | Options.CHANGES_ARE_TOLD | links)

    def restore(self) -> None:
        """What an example may have made, emptied or left out."""
        for name in FILES:
            (self.top / name).write_text("text")
        for name, target in LINKS.items():
            with contextlib.suppress(FileExistsError):
                (self.top / name).symlink_to(target)

    def covers(self, dirfd: int, path: bytes, flags: int) -> bool:
        with _notification(dirfd, path, flags) as call:
            return self.fast_lane.covers(call)

    def covers_dotted(self, dirfd: int, path: bytes, flags: int) -> bool:
        with _notification(dirfd, path, flags) as call:
            self.fast_lane.copied = None  # as `covers`, which is asked before, leaves it
            return self.fast_lane.covers_dotted(call)

    def covers_in_c(self, dirfd: int, path: bytes, flags: int) -> bool:
        with _notification(dirfd, path, flags) as call:
            return self.compiled.serve(call)

    def handled(self, dirfd: int, path: bytes, flags: int) -> Answer:
        """What the handler alone answers; a descriptor that it hands over is closed."""
        with _notification(dirfd, path, flags) as call:
            caller = Caller(call.tid, os.getppid())
            try:
                answer = openat(self._call(call, caller), self.decisions)
            except OSError as error:
                return Fail(error.errno or 0)
        if isinstance(answer, Inject):
            os.close(answer.fd)
        return answer

    def _call(self, notification: Notification, caller: Caller) -> Call:
        return call_alone(notification, caller, self.decisions, self.memory, self.own)


@contextlib.contextmanager
def _notification(dirfd: int, path: bytes, flags: int) -> Iterator[Notification]:
    text = ffi.new("char[]", path)
    openat_number = number(machine(), "openat")
    arguments = (dirfd & 0xFFFFFFFF, address(text), flags, 0o600, 0, 0)
    yield Notification(1, os.getpid(), 0, openat_number, 0, 0, *arguments)


@pytest.fixture(scope="module")
def known_worlds(place: Path) -> tuple[World, World]:
    return World(place / "fast-lane"), World(place / "fast-lane-no-names", with_names=False)


@pytest.fixture
def world(known_worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(known_worlds[0].top / "work")
    return known_worlds[0]


@pytest.fixture
def world_without_names(
    known_worlds: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> World:
    """Where links are followed, since no name may be refused that leads to what is open."""
    monkeypatch.chdir(known_worlds[1].top / "work")
    return known_worlds[1]


@st.composite
def _paths(draw: st.DrawFn, top: Path) -> bytes:
    components = (*NAMES, *(name.rpartition("/")[2] for name in LINKS), "secret.late")
    relative = "/".join(draw(st.lists(st.sampled_from(components), max_size=4)))
    start = draw(st.sampled_from(["", f"{top}/", "/proc/self/cwd/", f"{top}/work/"]))
    return os.fsencode(start + relative)


def _compare(world: World, data: st.DataObject) -> None:
    world.restore()
    directory = os.open(world.top / data.draw(st.sampled_from(DIRECTORIES)), os.O_PATH)
    try:
        dirfd = data.draw(st.sampled_from([AT_FDCWD, directory, 999, -5]))
        path = data.draw(_paths(world.top))
        flags = data.draw(st.sampled_from(MODES))
        for option in data.draw(st.sets(st.sampled_from(OPTIONS), max_size=3)):
            flags |= option
        passes = world.covers(dirfd, path, flags)
        passes_in_c = world.covers_in_c(dirfd, path, flags)
        passes_dotted = world.covers_dotted(dirfd, path, flags)
        if passes or passes_in_c or passes_dotted:
            answer = world.handled(dirfd, path, flags)
        if passes or passes_dotted:
            # That a file does not exist may be said by the kernel as well.
            assert answer == CONTINUE or answer == Fail(2)
        if passes:
            assert passes_in_c or b".late" in path
        if passes_in_c:
            assert answer in (CONTINUE, Fail(errno.ENOENT), Fail(errno.ENOTDIR))
    finally:
        os.close(directory)


@settings(max_examples=800, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_it_lets_pass_only_what_the_handler_lets_pass(world: World, data: st.DataObject) -> None:
    _compare(world, data)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_links_lead_to(world_without_names: World, data: st.DataObject) -> None:
    _compare(world_without_names, data)


@pytest.mark.parametrize("name", ["inwards", "to-carved", "up", "sub/../file", "./sub//file"])
def test_links_are_followed_where_no_name_is_refused(world_without_names: World, name: str) -> None:
    question = AT_FDCWD, os.fsencode(name), os.O_RDONLY
    assert world_without_names.covers(*question) is (name != "up")
    assert world_without_names.covers_in_c(*question) is (name != "up")
    assert (world_without_names.handled(*question) == CONTINUE) is (name != "up")


@pytest.mark.parametrize("name", ["../carved/file", "to-carved", "file", "../carved"])
def test_a_rule_on_a_file_is_not_believed_of_what_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The kernel's is on the object that was there. A rule on a directory holds below that."""
    world = World(project, with_names=False, since=0)
    monkeypatch.chdir(world.top / "work")
    question = AT_FDCWD, os.fsencode(name), os.O_RDONLY
    is_held = name == "file"
    assert (world.covers(*question) or world.covers_dotted(*question)) is is_held
    assert world.covers_in_c(*question) is is_held
    assert (world.handled(*question) == CONTINUE) is is_held


@pytest.mark.parametrize("mode", [os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_TRUNC])
def test_it_lets_the_common_case_pass(world: World, mode: int) -> None:
    directory = os.open(world.top / "work/sub", os.O_PATH)
    try:
        for covers in (world.covers, world.covers_in_c):
            assert covers(AT_FDCWD, os.fsencode(world.top / "work/file"), mode)
            assert covers(AT_FDCWD, b"file", mode)
            assert covers(AT_FDCWD, b"sub/file", mode | os.O_CREAT)
            assert covers(directory, b"file", mode)
    finally:
        os.close(directory)


def test_a_path_with_dots_passes_where_no_link_is_on_its_way(world: World) -> None:
    for path, passes in (
        (b".", True),
        (b"./sub/../file", True),
        (b"sub/..", True),
        (b"file/.", False),
        (b"up/work/./file", False),
        (b"../outside/file", False),
        (b"../names/./secret.late", False),
        (b"missing/../file", False),
        (b"file", False),  # the other one's
    ):
        assert world.covers_dotted(AT_FDCWD, path, os.O_RDONLY) is passes, path
    assert not world.covers_dotted(AT_FDCWD, b"./new", os.O_WRONLY | os.O_CREAT)
    assert not world.covers_dotted(AT_FDCWD, b".", os.O_RDWR | os.O_TMPFILE)


def test_a_file_that_is_not_there_is_for_the_kernel_unless_it_is_to_be_made(world: World) -> None:
    for covers in (world.covers, world.covers_in_c):
        assert covers(AT_FDCWD, b"missing", os.O_RDONLY)
        assert not covers(AT_FDCWD, b"missing", os.O_RDONLY | os.O_CREAT)


@pytest.mark.parametrize(
    "name", ["outwards", "to-carved", "../names/secret.late", "../carved/file", ""]
)
def test_it_leaves_what_has_to_be_decided(world: World, name: str) -> None:
    assert not world.covers(AT_FDCWD, os.fsencode(name), os.O_RDONLY)
    assert not world.covers_in_c(AT_FDCWD, os.fsencode(name), os.O_RDONLY)


def test_an_open_for_ioctl_is_never_continued(world: World) -> None:
    """Landlock asks for no right then, so another thread could flip the path to any file."""
    for name, flags in ((b"file", os.O_ACCMODE), (b"ioctl", os.O_ACCMODE | os.O_CREAT)):
        assert not world.covers(AT_FDCWD, name, flags)
        assert not world.covers_in_c(AT_FDCWD, name, flags)
        assert isinstance(world.handled(AT_FDCWD, name, flags), Inject)
