"""open, openat, openat2, creat."""

import errno
import os
import struct

import pytest

from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_SYMLINKS,
)
from nono.supervisor.linux.calls.answers import CONTINUE, Fail, Retry
from nono.supervisor.linux.calls.files.open_flags import O_TMPFILE
from nono.supervisor.linux.injected_files import InjectedFiles
from tests.playbooks.scene import At, Injected, Line, Scene, Waits, line

R, W, RW = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
MAKE = os.O_CREAT | W
NEW = MAKE | os.O_EXCL
IOCTL_ONLY = os.O_ACCMODE


def how(flags: int, mode: int = 0, resolve: int = 0, more: bytes = b"") -> bytes:
    """A struct open_how: openat2(2)."""
    return struct.pack("=QQQ", flags, mode, resolve) + more


IN_THE_FLOOR = [
    line(name, *arguments, said=[f"native {request}"], answer=CONTINUE)
    for name, arguments, request in (
        ("open", ("free/file", R), "open READ free/file"),
        ("open", ("free/link", W), "open WRITE free/file"),
        ("open", ("free/run", R | os.O_TRUNC), "open READ|WRITE free/run"),
        ("open", ("free/fifo", R), "open READ free/fifo"),
        ("open", ("free", R), "open READ free"),
        ("open", ("free/file", MAKE, 0o600), "open WRITE free/file"),
        ("open", ("free/new", MAKE, 0o600), "create free/new"),
        ("open", ("free/dangling", MAKE, 0o600), "create free/absent"),
        ("openat", (At("free"), b"file", RW), "open READ|WRITE free/file"),
        ("openat", (AT_FDCWD, "free/file", R), "open READ free/file"),
        ("creat", ("free/new", 0o600), "create free/new"),
    )
]

EXISTENCE_ONLY = [
    # It gives no right on the content, and that something exists is seen by stat(2) too.
    line("open", "carved/file", os.O_PATH, answer=CONTINUE),
    line("openat", At("carved"), b"absent", os.O_PATH, answer=CONTINUE),
]

PERFORMED = [
    line(
        "open",
        "carved/file",
        R,
        said=["require open READ carved/file", "waiting"],
        answer=Injected("carved/file", R),
    ),
    line(
        "openat",
        At("carved/dir"),
        b"../link",
        W | os.O_APPEND | os.O_CLOEXEC,
        said=["require open WRITE carved/file", "waiting"],
        answer=Injected("carved/file", W | os.O_APPEND, close_on_exec=True),
    ),
    line(
        "open",
        "carved/file",
        RW | os.O_NONBLOCK,
        own=["carved/file"],
        said=["require open READ|WRITE carved/file, own", "waiting"],
        answer=Injected("carved/file", RW | os.O_NONBLOCK),
    ),
    line(
        "open",
        "carved/file",
        R | os.O_TRUNC,
        said=["require open READ|WRITE carved/file", "waiting"],
        answer=Injected("carved/file", R),
        leaves={"carved/file": ""},
    ),
    line(
        "creat",
        "carved/file",
        0o600,
        said=["require open WRITE carved/file", "waiting"],
        answer=Injected("carved/file", W),
        leaves={"carved/file": ""},
    ),
    line(
        "open",
        "carved/dir",
        R | os.O_DIRECTORY,
        said=["require open READ carved/dir", "waiting"],
        answer=Injected("carved/dir", R | os.O_DIRECTORY),
    ),
    line(
        "openat2",
        At("carved"),
        b"dir/inner",
        how(R | os.O_CLOEXEC, resolve=RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS),
        24,
        said=["require open READ carved/dir/inner", "waiting"],
        answer=Injected("carved/dir/inner", R, close_on_exec=True),
    ),
    line(
        "openat2",
        At("carved"),
        b"/dir/inner",
        how(R, resolve=RESOLVE_IN_ROOT, more=bytes(8)),
        32,
        said=["require open READ carved/dir/inner", "waiting"],
        answer=Injected("carved/dir/inner", R),
    ),
    # Landlock asks for no right, so the floor says nothing about it.
    line(
        "open",
        "free/file",
        IOCTL_ONLY,
        said=["require open READ|WRITE free/file", "waiting"],
        answer=Injected("free/file", IOCTL_ONLY),
    ),
]

MADE = [
    line(
        "open",
        "carved/new",
        MAKE,
        0o600,
        said=["require create carved/new", "waiting", "umask", "created carved/new"],
        answer=Injected("carved/new", W),
        leaves={"carved/new": ""},
    ),
    line(
        "openat",
        At("carved"),
        b"dir/new",
        os.O_CREAT | RW | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW,
        0o600,
        own=["carved/dir"],
        said=["require create carved/dir/new, own", "waiting", "umask", "created carved/dir/new"],
        answer=Injected("carved/dir/new", RW | os.O_NOFOLLOW, close_on_exec=True),
    ),
    line(
        "creat",
        "carved/dangling",
        0o600,
        said=["require create carved/absent", "waiting", "umask", "created carved/absent"],
        answer=Injected("carved/absent", W),
        leaves={"carved/absent": "", "carved/dangling": "-> absent"},
    ),
    line(
        "openat2",
        At("carved"),
        b"new",
        how(NEW, 0o600, RESOLVE_BENEATH),
        24,
        said=["require create carved/new", "waiting", "umask", "created carved/new"],
        answer=Injected("carved/new", W),
    ),
    line(
        "open",
        "free/new.late",
        MAKE,
        0o600,
        said=["require create free/new.late", "waiting", "umask", "created free/new.late"],
        answer=Injected("free/new.late", W),
    ),
]

FIFOS = [
    line(
        "open",
        "carved/fifo",
        flags,
        said=[f"require open {access} carved/fifo", "waiting"],
        answer=answer,
    )
    for flags, access, answer in (
        (R, "READ", Waits(Retry)),
        (W, "WRITE", Waits(Retry)),
        (RW, "READ|WRITE", Injected("carved/fifo", RW)),
        (R | os.O_NONBLOCK, "READ", Injected("carved/fifo", R | os.O_NONBLOCK)),
        (W | os.O_NONBLOCK, "WRITE", Fail(errno.ENXIO)),
    )
]

REFUSED = [
    line(
        "open",
        path,
        flags,
        0o600,
        refused={request: errno.EPERM},
        said=[f"require {request}"],
        answer=Fail(errno.EPERM),
        leaves={path: left},
    )
    for path, flags, request, left in (
        ("carved/file", R, "open READ carved/file", "carved"),
        ("carved/file", W | os.O_TRUNC, "open WRITE carved/file", "carved"),
        ("carved/file", MAKE, "open WRITE carved/file", "carved"),
        ("carved/file", IOCTL_ONLY, "open READ|WRITE carved/file", "carved"),
        ("carved/new", MAKE, "create carved/new", None),
        ("carved/new", NEW, "create carved/new", None),
        ("free/new.late", MAKE, "create free/new.late", None),
        ("carved/empty", RW | O_TMPFILE, "create carved/empty/(O_TMPFILE)", "directory"),
        ("carved/fifo", R, "open READ carved/fifo", "fifo"),
    )
]

AS_THE_KERNEL_SAYS = [
    line("open", "carved/absent", R, answer=Fail(errno.ENOENT)),
    line("open", "carved/dangling", R, answer=Fail(errno.ENOENT)),
    line("open", "carved/absent/new", MAKE, 0o600, answer=Fail(errno.ENOENT)),
    line("open", "carved/new/", MAKE, 0o600, answer=Fail(errno.EISDIR)),
    line("open", "carved/file/", MAKE, 0o600, answer=Fail(errno.EISDIR)),
    line("open", "carved/dir/", NEW, 0o600, answer=Fail(errno.EISDIR)),
    line("open", "carved/dir/.", NEW, 0o600, answer=Fail(errno.EEXIST)),
    line("open", "carved/absent/new/", MAKE, 0o600, answer=Fail(errno.ENOENT)),
    line("open", "carved/file", NEW, 0o600, answer=Fail(errno.EEXIST)),
    line("open", "carved/dangling", NEW, 0o600, answer=Fail(errno.EEXIST)),
    line("open", "carved/dangling", MAKE | os.O_NOFOLLOW, 0o600, answer=Fail(errno.ELOOP)),
    line("open", "carved/link", R | os.O_NOFOLLOW, answer=Fail(errno.ELOOP)),
    line("open", "carved/file", R | os.O_DIRECTORY, answer=Fail(errno.ENOTDIR)),
    line("open", "carved/file/", R, answer=Fail(errno.ENOTDIR)),
    line("open", "carved/dir", W, answer=Fail(errno.EISDIR)),
    line("open", "carved/dir", MAKE, 0o600, answer=Fail(errno.EISDIR)),
    line("open", "carved/absent", RW | O_TMPFILE, 0o600, answer=Fail(errno.ENOENT)),
    line("open", "", R, answer=Fail(errno.ENOENT)),
    line("open", b"/" + b"n" * 4096, R, answer=Fail(errno.ENAMETOOLONG)),
    line("open", 0, R, answer=Fail(errno.EFAULT)),
    line("openat", -1, b"file", R, answer=Fail(errno.EBADF)),
    line("openat", At("carved/file"), b"file", R, answer=Fail(errno.ENOTDIR)),
    line("openat2", At("carved"), b"file", how(R), 23, answer=Fail(errno.EINVAL)),
    line("openat2", At("carved"), b"file", how(R), 4097, answer=Fail(errno.E2BIG)),
    line("openat2", At("carved"), b"file", how(R, more=b"\1"), 25, answer=Fail(errno.E2BIG)),
    line("openat2", At("carved"), b"file", how(R), 25, answer=Fail(errno.EFAULT)),
    line("openat2", At("carved"), b"file", how(1 << 31), 24, answer=Fail(errno.EINVAL)),
    line("openat2", At("carved"), b"file", how(R, 0o600), 24, answer=Fail(errno.EINVAL)),
    line("openat2", At("carved"), b"new", how(MAKE, 0o10600), 24, answer=Fail(errno.EINVAL)),
    line("openat2", At("carved"), b"file", how(R, resolve=1 << 6), 24, answer=Fail(errno.EINVAL)),
    line(
        "openat2",
        At("carved"),
        b"../free/file",
        how(R, resolve=RESOLVE_BENEATH),
        24,
        answer=Fail(errno.EXDEV),
    ),
    line(
        "openat2",
        At("carved"),
        b"link",
        how(R, resolve=RESOLVE_NO_SYMLINKS),
        24,
        answer=Fail(errno.ELOOP),
    ),
    line(
        "openat2",
        At("carved"),
        b"dangling",
        how(MAKE, 0o600, RESOLVE_BENEATH),
        24,
        answer=Fail(errno.ELOOP),
    ),
]


@pytest.mark.parametrize(
    "line",
    [
        *(*IN_THE_FLOOR, *EXISTENCE_ONLY, *PERFORMED, *MADE),
        *(*FIFOS, *REFUSED, *AS_THE_KERNEL_SAYS),
    ],
    ids=str,
)
def test_opens(scene: Scene, line: Line) -> None:
    scene.check(line)


@pytest.mark.parametrize("path", ["carved/file", "carved/new"])
def test_nothing_is_opened_or_made_for_a_caller_that_is_gone(scene: Scene, path: str) -> None:
    scene.script.is_gone = True
    assert scene.play("open", path, MAKE | os.O_TRUNC, 0o600) == Fail(errno.ESRCH)
    assert scene.script.said[-1] == "waiting"
    assert (scene.at("carved/file"), scene.at("carved/new")) == ("carved", None)


@pytest.mark.parametrize("held", [R, W, RW, IOCTL_ONLY])
@pytest.mark.parametrize("asked", [R, W, RW])
def test_what_the_caller_has_open_already_is_not_decided_again(
    scene: Scene, held: int, asked: int
) -> None:
    """By /proc/self/fd, with the access that the descriptor has. One for ioctl(2) has none."""
    fd = scene.open("carved/file", held)
    answer = scene.play("open", b"/proc/self/fd/%d" % fd, asked)
    assert answer == Injected("carved/file", asked)
    names = {R: "READ", W: "WRITE", RW: "READ|WRITE"}
    is_held = held in (RW, asked)
    required = [] if is_held else [f"require open {names[asked]} carved/file"]
    assert scene.script.said == [*required, "waiting"]


def test_a_pipe_of_the_callers_is_opened_by_the_kernel(scene: Scene) -> None:
    reader, writer = os.pipe()
    try:
        assert scene.play("open", b"/proc/self/fd/%d" % reader, R) == CONTINUE
    finally:
        os.close(reader)
        os.close(writer)
    assert scene.script.said == []


def test_the_links_of_a_process_outside_are_not_followed(scene: Scene) -> None:
    scene.script.threads.clear()
    fd = scene.open("carved/file", RW)
    assert scene.play("open", b"/proc/self/fd/%d" % fd, R) == Fail(errno.ENOENT)
    assert scene.script.said == []


def test_what_is_another_file_inside_is_read_from_there_only(scene: Scene) -> None:
    paths = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
    scene.injected = InjectedFiles(dict.fromkeys(paths, b"ours"))
    for path in map(os.fsencode, paths):
        answer = scene.play("open", path, R | os.O_CLOEXEC)
        assert isinstance(answer, Injected)
        assert answer.path.startswith(f"/memfd:{os.path.basename(path.decode())}")
        assert (answer.flags, answer.close_on_exec) == (R, True)
        assert scene.play("open", path, W) == Fail(errno.EACCES)
        assert scene.play("open", path, R | os.O_DIRECTORY) == Fail(errno.ENOTDIR)
    assert scene.script.said == []
