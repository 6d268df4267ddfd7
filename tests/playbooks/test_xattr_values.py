"""getxattr, lgetxattr, getxattrat: never continued; the value goes where the caller said."""

import ctypes
import errno
import os
import struct
from pathlib import Path

import pytest

from nono.supervisor.linux.calls.answers import Fail, Return
from nono.supervisor.linux.calls.files import xattr_values
from tests.playbooks.scene import Argument, At, Outcome, Scene

NAME, ACCESS_LIST = b"user.name", b"system.posix_acl_access"
EMPTY_PATH = 0x1000
VALUE = b"value of it"
LARGEST = 65536


class Values:
    """In place of what not every file system has: the attributes of every file, and a buffer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.value = VALUE
        self.asked: list[bytes] = []
        self.room = ctypes.create_string_buffer(LARGEST + 16)
        monkeypatch.setattr(os, "getxattr", self._get)

    def _get(self, _: str, name: bytes) -> bytes:
        self.asked.append(name)
        return self.value

    @property
    def address(self) -> int:
        return ctypes.addressof(self.room)

    @property
    def written(self) -> bytes:
        return self.room.raw.rstrip(b"\0")


@pytest.fixture
def values(monkeypatch: pytest.MonkeyPatch) -> Values:
    return Values(monkeypatch)


def by_name(scene: Scene, values: Values, name: str, path: str, size: int = 100) -> Outcome:
    return scene.play(name, f"{path}", NAME, values.address, size)


@pytest.mark.parametrize("place", ["free", "carved"])
@pytest.mark.parametrize(
    ("name", "path", "seen"),
    [("getxattr", "file", "file"), ("getxattr", "link", "file"), ("lgetxattr", "link", "link")],
)
def test_a_value_is_read_with_the_right_to_read(
    scene: Scene, values: Values, place: str, name: str, path: str, seen: str
) -> None:
    assert by_name(scene, values, name, f"{place}/{path}") == Return(len(VALUE))
    assert scene.script.said == [f"require open READ {place}/{seen}", "waiting"]
    assert (values.asked, values.written) == ([NAME], VALUE)


@pytest.mark.parametrize("name", ["getxattr", "lgetxattr"])
def test_without_it_nothing_is_looked_at(scene: Scene, values: Values, name: str) -> None:
    scene.script.refused["open READ carved/file"] = errno.EPERM
    assert by_name(scene, values, name, "carved/file") == Fail(errno.EPERM)
    assert by_name(scene, values, name, "carved/file", 0) == Fail(errno.EPERM)
    assert (values.asked, values.written) == ([], b"")


def test_below_a_directory_and_of_a_descriptor(scene: Scene, values: Values) -> None:
    arguments = struct.pack("=QII", values.address, 100, 0)
    places: tuple[tuple[Argument, ...], ...] = (
        (At("carved"), b"file", 0),
        (At("carved/file", os.O_PATH), b"", EMPTY_PATH),
    )
    for place in places:
        answer = scene.play("getxattrat", *place, NAME, arguments, len(arguments))
        assert answer == Return(len(VALUE))
    assert scene.script.said == ["require open READ carved/file", "waiting"] * 2
    assert values.written == VALUE


def test_what_may_be_read_through_a_descriptor_already(scene: Scene, values: Values) -> None:
    fd = scene.open("carved/file", os.O_RDONLY)
    answer = scene.play("getxattr", b"/proc/self/fd/%d" % fd, NAME, values.address, 100)
    assert answer == Return(len(VALUE))
    assert scene.script.said == ["waiting"]


def test_who_may_use_a_file_is_shown_of_every_one(scene: Scene, values: Values) -> None:
    answer = scene.play("getxattr", "carved/file", ACCESS_LIST, values.address, 100)
    assert answer == Return(len(VALUE))
    assert scene.script.said == ["waiting"]


@pytest.mark.parametrize(
    ("size", "answer"),
    [
        (0, Return(len(VALUE))),
        (len(VALUE) - 1, Fail(errno.ERANGE)),
        (len(VALUE), Return(len(VALUE))),
        (1 << 40, Return(len(VALUE))),
    ],
)
def test_never_more_than_there_is_room_for(
    scene: Scene, values: Values, size: int, answer: Outcome
) -> None:
    assert by_name(scene, values, "getxattr", "free/file", size) == answer
    expected = VALUE if size >= len(VALUE) else b""
    assert values.written == expected


def test_the_largest(scene: Scene, values: Values) -> None:
    values.value = b"v" * LARGEST
    assert by_name(scene, values, "getxattr", "free/file", LARGEST) == Return(LARGEST)
    assert values.written == values.value
    values.value += b"v"
    assert by_name(scene, values, "getxattr", "free/file", LARGEST + 8) == Fail(errno.ERANGE)


@pytest.mark.parametrize("address", [0, 8, 1 << 62, 1 << 63, (1 << 64) - 4])
def test_where_nothing_can_be_written(scene: Scene, values: Values, address: int) -> None:
    assert scene.play("getxattr", "free/file", NAME, address, 100) == Fail(errno.EFAULT)


@pytest.mark.parametrize(
    ("name", "arguments", "number"),
    [
        ("getxattr", ("carved/absent", NAME, 0, 0), errno.ENOENT),
        ("getxattr", ("carved/file", b"", 0, 0), errno.ERANGE),
        ("lgetxattr", ("carved/file", b"n" * 256, 0, 0), errno.ERANGE),
        ("getxattr", ("carved/file", 0, 0, 0), errno.EFAULT),
        ("getxattrat", (At("carved"), b"file", 0, NAME, bytes(16), 15), errno.EINVAL),
        ("getxattrat", (At("carved"), b"file", 0, NAME, bytes(16) + b"x", 17), errno.E2BIG),
        ("getxattrat", (At("carved"), b"file", 1, NAME, bytes(16), 16), errno.EINVAL),
        (
            "getxattrat",
            (At("carved"), b"file", 0, NAME, struct.pack("=QII", 0, 0, 1), 16),
            errno.EINVAL,
        ),
    ],
)
def test_as_the_kernel_says(
    scene: Scene, values: Values, name: str, arguments: tuple[Argument, ...], number: int
) -> None:
    assert scene.play(name, *arguments) == Fail(number)
    assert values.asked == []


def test_nothing_is_written_for_a_caller_that_is_gone(scene: Scene, values: Values) -> None:
    """Its number may be another's; the memory that was opened is not told from that otherwise."""
    scene.script.is_gone = True
    assert by_name(scene, values, "getxattr", "free/file") == Fail(errno.ESRCH)
    assert values.written == b""


def test_where_the_kernel_forbids_to_write(
    scene: Scene, values: Values, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def forbidden(tid: int) -> object:
        raise PermissionError(errno.EACCES, "forbidden")

    monkeypatch.setattr(xattr_values, "MemoryOf", forbidden)
    assert by_name(scene, values, "getxattr", "free/file") == Fail(errno.EOPNOTSUPP)
    assert by_name(scene, values, "getxattr", "free/file", 0) == Return(len(VALUE))
