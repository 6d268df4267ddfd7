"""chattr(1): flags are changed by a descriptor for reading, and need the right to write."""

import errno
import fcntl
import os
import struct

import pytest

from nono.supervisor.linux.calls.answers import DONE, Fail
from tests.playbooks.scene import At, Outcome, Scene

SETFLAGS = 0x40086602
PRESENT, NOT_DUMPED = 0x80000, 0x40
IMMUTABLE, FOLDED = 0x10, 0x40000000


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In place of what not every file system has: the flags that were set."""
    made: list[int] = []

    def ioctl(fd: int, request: int, data: bytes) -> bytes:
        if request == SETFLAGS:
            made.append(struct.unpack("ii", data)[0])
        return struct.pack("ii", PRESENT, 0)

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    return made


def set_flags(scene: Scene, path: str, flags: int, mode: int = os.O_RDONLY) -> Outcome:
    return scene.play("ioctl", At(path, mode), SETFLAGS, struct.pack("i", flags))


@pytest.mark.parametrize("path", ["free/file", "carved/file", "carved/dir"])
def test_flags_are_set(scene: Scene, made: list[int], path: str) -> None:
    assert set_flags(scene, path, PRESENT | NOT_DUMPED) == DONE
    assert made == [PRESENT | NOT_DUMPED]
    assert scene.script.said == [f"require chattr {path}", "waiting"]


@pytest.mark.parametrize("flag", [IMMUTABLE, FOLDED, PRESENT, 0x20, 0x20000000, 1 << 31])
def test_flags_that_are_not_for_programs(scene: Scene, made: list[int], flag: int) -> None:
    present = struct.unpack("i", struct.pack("I", PRESENT ^ flag))[0]
    assert set_flags(scene, "carved/file", present) == Fail(errno.EPERM)
    assert made == []


def test_refused(scene: Scene, made: list[int]) -> None:
    scene.script.refused["chattr carved/file"] = errno.EACCES
    assert set_flags(scene, "carved/file", NOT_DUMPED) == Fail(errno.EACCES)
    assert set_flags(scene, "carved/dir", NOT_DUMPED, os.O_PATH) == Fail(errno.EBADF)
    assert set_flags(scene, "carved/fifo", NOT_DUMPED, os.O_RDWR) == Fail(errno.ENOTTY)
    assert made == []
