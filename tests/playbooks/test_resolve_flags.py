"""RESOLVE_* of openat2 on ways that are walked: what the kernel says of the caller's own /proc."""

import errno
import os
import struct

import pytest

from nono.shims.linux.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_CACHED,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
)
from nono.supervisor.linux.calls.answers import Fail
from tests.playbooks.scene import Argument, At, Injected, Scene

PROC = At("/proc")
R, MAKE, TRUNCATE = os.O_RDONLY, os.O_CREAT | os.O_WRONLY, os.O_RDWR | os.O_TRUNC


def play(scene: Scene, at: Argument, path: bytes, resolve: int, flags: int = R) -> object:
    how = struct.pack("=QQQ", flags, 0o600 if flags & os.O_CREAT else 0, resolve)
    return scene.play("openat2", at, path, how, len(how))


@pytest.mark.parametrize(
    ("at", "path", "resolve", "number"),
    [
        # A later step breaks the rule, not the first.
        (0, b"/proc/self/root/etc/passwd", RESOLVE_NO_XDEV, errno.EXDEV),
        (PROC, b"self/..", RESOLVE_NO_XDEV, 0),
        (PROC, b"self/../..", RESOLVE_NO_XDEV, errno.EXDEV),
        (0, b"/proc/self/cwd", RESOLVE_NO_MAGICLINKS, errno.ELOOP),
        (0, b"/proc/self/status", RESOLVE_NO_MAGICLINKS, 0),
        (0, b"/proc/self/status", RESOLVE_NO_SYMLINKS, errno.ELOOP),
        (0, b"/proc/self/status", RESOLVE_CACHED, errno.EAGAIN),
        (PROC, b"self/status", RESOLVE_BENEATH, 0),
        (PROC, b"self/cwd", RESOLVE_BENEATH, errno.EXDEV),
        (PROC, b"self/../../etc/passwd", RESOLVE_BENEATH, errno.EXDEV),
        (PROC, b"/self/status", RESOLVE_BENEATH, errno.EXDEV),
        (PROC, b"/../self/../../version", RESOLVE_IN_ROOT, 0),
        (PROC, b"/self/fd", RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS, errno.ELOOP),
        (PROC, b"/self/cwd", RESOLVE_IN_ROOT, errno.EXDEV),
    ],
)
def test_a_walk_keeps_to_them(
    scene: Scene, at: Argument, path: bytes, resolve: int, number: int
) -> None:
    answer = play(scene, at, path, resolve)
    assert answer == Fail(number) if number else isinstance(answer, Injected)


def test_what_changes_a_file_is_in_no_cache(scene: Scene) -> None:
    for flags in (MAKE, TRUNCATE):
        assert play(scene, At("carved"), b"file", RESOLVE_CACHED, flags) == Fail(errno.EAGAIN)
    assert scene.at("carved/file") == "carved"


def test_a_file_is_made_where_a_link_leads(scene: Scene) -> None:
    there = At("carved")
    for resolve in (RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS):
        assert play(scene, there, b"dangling", resolve, MAKE) == Fail(errno.ELOOP)
    made = play(scene, there, b"dangling", RESOLVE_NO_XDEV, MAKE)
    assert made == Injected("carved/absent", os.O_WRONLY)
