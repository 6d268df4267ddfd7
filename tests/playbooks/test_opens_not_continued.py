"""Opens that Landlock does not hold, in the floor too: flags in memory, set-id bits."""

import errno
import os
import struct

import pytest

from nono.shims.linux.at import AT_FDCWD
from nono.supervisor.linux.calls.answers import CONTINUE, Fail
from nono.supervisor.linux.calls.files.open_flags import O_TMPFILE
from tests.playbooks.scene import At, Injected, Line, Scene, line

R, W, RW = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
MAKE = os.O_CREAT | W
NEW = MAKE | os.O_EXCL
IOCTL_ONLY = os.O_ACCMODE


def how(flags: int, mode: int = 0) -> bytes:
    """A struct open_how: openat2(2)."""
    return struct.pack("=QQQ", flags, mode, 0)


FLAGS_IN_MEMORY = [
    # Never continued: another thread could make the flags access mode 3. A handle without access
    # is none that the kernel would hand over.
    line("openat2", At(place), b"file", how(os.O_PATH | flags), 24, answer=Fail(errno.ENOSYS))
    for place, flags in (("carved", 0), ("free", os.O_CLOEXEC), ("free", os.O_NOFOLLOW))
]
FLAGS_IN_MEMORY += [
    line(
        "openat2",
        At("free"),
        b"file",
        how(flags),
        24,
        said=[f"require open {access} free/file", "waiting"],
        answer=Injected("free/file", flags),
    )
    for flags, access in ((R, "READ"), (RW, "READ|WRITE"), (IOCTL_ONLY, "READ|WRITE"))
]
FLAGS_IN_MEMORY.append(
    line(
        "openat2",
        At("free"),
        b"new",
        how(MAKE, 0o600),
        24,
        said=["require create free/new", "waiting", "umask", "created free/new"],
        answer=Injected("free/new", W),
        leaves={"free/new": ""},
    )
)

SET_ID = [
    each
    for name, arguments, made, what in (
        ("open", ("free/new", MAKE, 0o4755), "free/new", "free/new"),
        ("openat", (AT_FDCWD, "free/new", NEW, 0o2755), "free/new", "free/new"),
        ("openat2", (At("free"), b"new", how(MAKE, 0o6755), 24), "free/new", "free/new"),
        ("creat", ("carved/new", 0o4755), "carved/new", "carved/new"),
        ("open", ("free/dir", RW | O_TMPFILE, 0o4755), "free/dir/(O_TMPFILE)", "free/(gone)"),
    )
    for each in (
        line(
            name,
            *arguments,
            refused={f"set-id {made}": errno.EPERM},
            said=[f"require set-id {made}"],
            answer=Fail(errno.EPERM),
            leaves={what: None},
        ),
    )
]
SET_ID += [
    # Where it is lifted the broker makes the file: another thread may change the path.
    line(
        "open",
        "free/new",
        MAKE,
        0o4755,
        said=[
            *("require set-id free/new", "require create free/new"),
            *("waiting", "umask", "created free/new"),
        ],
        answer=Injected("free/new", W),
    ),
    # The mode is for a file that is made.
    line(
        "open",
        "free/file",
        MAKE,
        0o4755,
        said=["require open WRITE free/file", "waiting"],
        answer=Injected("free/file", W),
    ),
    line("open", "free/file", R, 0o4755, said=["native open READ free/file"], answer=CONTINUE),
]


@pytest.mark.parametrize("line", [*FLAGS_IN_MEMORY, *SET_ID], ids=str)
def test_opens(scene: Scene, line: Line) -> None:
    scene.check(line)


def test_a_pipe_of_the_callers_with_flags_in_memory(scene: Scene) -> None:
    reader, _ = (scene.hold(fd) for fd in os.pipe())
    name = b"/proc/self/fd/%d" % reader
    answer = scene.play("openat2", AT_FDCWD, name, how(R | os.O_NONBLOCK), 24)
    assert isinstance(answer, Injected)
    assert answer.path.startswith("pipe:")
    assert scene.script.said == ["waiting"]
