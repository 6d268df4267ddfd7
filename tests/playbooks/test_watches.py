"""inotify_add_watch."""

import ctypes
import errno
import os
import select

import pytest

from nono.supervisor.linux.calls.answers import Fail, Return
from tests.playbooks.scene import At, Scene

IN_MODIFY, IN_ONLYDIR, IN_DONT_FOLLOW = 0x2, 0x01000000, 0x02000000


@pytest.fixture
def inotify(scene: Scene) -> int:
    """A descriptor of the caller's."""
    return scene.hold(int(ctypes.CDLL(None).inotify_init1(os.O_CLOEXEC)))


@pytest.mark.parametrize(
    ("path", "mask", "watched", "own"),
    [
        ("carved/file", IN_MODIFY, "carved/file", []),
        ("carved/link", IN_MODIFY, "carved/file", []),
        ("carved/link", IN_MODIFY | IN_DONT_FOLLOW, "carved/link", []),
        ("carved/dir", IN_MODIFY | IN_ONLYDIR, "carved/dir", []),
        ("carved/file", IN_MODIFY, "carved/file, own", ["carved/file"]),
        # The floor has no right for it.
        ("free/file", IN_MODIFY, "free/file", []),
    ],
)
def test_a_watch_is_performed(
    scene: Scene, inotify: int, path: str, mask: int, watched: str, own: list[str]
) -> None:
    scene.script.own |= set(own)
    assert scene.play("inotify_add_watch", inotify, path, mask) == Return(1)
    assert scene.script.said == [f"require watch {watched}", "waiting"]


def test_the_callers_own_descriptor_tells_of_it(scene: Scene, inotify: int) -> None:
    scene.play("inotify_add_watch", inotify, "carved/file", IN_MODIFY)
    assert select.select([inotify], [], [], 0)[0] == []
    (scene.top / "carved/file").write_text("changed")
    assert select.select([inotify], [], [], 0)[0] == [inotify]


def test_a_watch_is_refused(scene: Scene, inotify: int) -> None:
    scene.script.refused["watch carved/file"] = errno.EACCES
    assert scene.play("inotify_add_watch", inotify, "carved/file", IN_MODIFY) == Fail(errno.EACCES)
    assert scene.script.said == ["require watch carved/file"]
    (scene.top / "carved/file").write_text("changed")
    assert select.select([inotify], [], [], 0)[0] == []


def test_none_is_added_for_a_caller_that_is_gone(scene: Scene, inotify: int) -> None:
    scene.script.is_gone = True
    assert scene.play("inotify_add_watch", inotify, "carved/file", IN_MODIFY) == Fail(errno.ESRCH)
    (scene.top / "carved/file").write_text("changed")
    assert select.select([inotify], [], [], 0)[0] == []


def test_as_the_kernel_says(scene: Scene, inotify: int) -> None:
    assert scene.play("inotify_add_watch", inotify, "carved/absent", 2) == Fail(errno.ENOENT)
    assert scene.play("inotify_add_watch", inotify, 0, 2) == Fail(errno.EFAULT)
    assert scene.play("inotify_add_watch", -1, "carved/file", 2) == Fail(errno.EBADF)
    assert scene.script.said == []
    none = At("carved/file")
    assert scene.play("inotify_add_watch", none, "carved/file", 2) == Fail(errno.EINVAL)
