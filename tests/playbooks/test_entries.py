"""mkdir, symlink, mknod, rmdir, unlink, truncate: names in directories."""

import errno
import os
import stat

import pytest

from nono.shims.linux.at import AT_FDCWD
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail
from tests.playbooks.scene import At, Line, Scene, line

NULL_DEVICE = os.makedev(1, 3)
FIFO = stat.S_IFIFO | 0o600
AT_REMOVEDIR = 0x200

IN_THE_FLOOR = [
    line("mkdir", "free/new", 0o700, said=["native mkdir free/new"], answer=CONTINUE),
    line("mkdirat", At("free"), b"new", 0o7, said=["native mkdir free/new"], answer=CONTINUE),
    line("symlink", b"to", "free/new", said=["native symlink free/new"], answer=CONTINUE),
    line("symlinkat", b"to", At("free"), b"x", said=["native symlink free/x"], answer=CONTINUE),
    line("mknod", "free/new", FIFO, said=["native mknod free/new"], answer=CONTINUE),
    line("mknodat", At("free"), b"new", FIFO, said=["native mknod free/new"], answer=CONTINUE),
    line("rmdir", "free/empty", said=["native rmdir free/empty"], answer=CONTINUE),
    line("unlink", "free/file", said=["native unlink free/file"], answer=CONTINUE),
    line("unlinkat", At("free"), b"run", 0, said=["native unlink free/run"], answer=CONTINUE),
    line("truncate", "free/file", 2, said=["native truncate free/file"], answer=CONTINUE),
    # The kernel says what is there already, or is not.
    line("mkdir", "free/file", 0o700, said=["native mkdir free/file"], answer=CONTINUE),
    line("unlink", "free/absent", said=["native unlink free/absent"], answer=CONTINUE),
]

PERFORMED = [
    line(
        "mkdir",
        "carved/new",
        0o700,
        said=["require mkdir carved/new", "waiting", "umask", "created carved/new"],
        answer=DONE,
        leaves={"carved/new": "directory"},
    ),
    line(
        "mkdirat",
        At("carved"),
        b"dir/new/",
        0o700,
        said=["require mkdir carved/dir/new", "waiting", "umask", "created carved/dir/new"],
        answer=DONE,
        leaves={"carved/dir/new": "directory"},
    ),
    line(
        "symlink",
        b"/of/somebody",
        "carved/new",
        said=["require symlink carved/new", "waiting", "created carved/new"],
        answer=DONE,
        leaves={"carved/new": "-> /of/somebody"},
    ),
    line(
        "symlinkat",
        b"file",
        At("carved/dir"),
        b"../new",
        said=["require symlink carved/new", "waiting", "created carved/new"],
        answer=DONE,
        leaves={"carved/new": "-> file"},
    ),
    line(
        "mknod",
        "carved/new",
        FIFO,
        said=["require mknod carved/new", "waiting", "umask", "created carved/new"],
        answer=DONE,
        leaves={"carved/new": "fifo"},
    ),
    line(
        "mknodat",
        At("carved"),
        b"new",
        stat.S_IFSOCK | 0o600,
        said=["require mknod carved/new", "waiting", "umask", "created carved/new"],
        answer=DONE,
        leaves={"carved/new": "socket"},
    ),
    line(
        "mknod",
        "free/new",
        stat.S_IFCHR | 0o600,
        0,
        said=["require mknod free/new", "waiting", "umask", "created free/new"],
        answer=DONE,
        leaves={"free/new": "device"},
    ),
    line(
        "rmdir",
        "carved/empty",
        said=[
            "require rmdir carved/empty",
            "waiting",
            "forget carved/empty",
            "moved carved/empty",
        ],
        answer=DONE,
        leaves={"carved/empty": None},
    ),
    line(
        "unlink",
        "carved/link",
        said=["require unlink carved/link", "waiting", "forget carved/link", "moved carved/link"],
        answer=DONE,
        leaves={"carved/link": None, "carved/file": "carved"},
    ),
    line(
        "unlinkat",
        At("carved/dir"),
        b"../empty",
        AT_REMOVEDIR,
        said=[
            "require rmdir carved/empty",
            "waiting",
            "forget carved/empty",
            "moved carved/empty",
        ],
        answer=DONE,
        leaves={"carved/empty": None},
    ),
    line(
        "truncate",
        "carved/link",
        2,
        said=["require truncate carved/file", "waiting"],
        answer=DONE,
        leaves={"carved/file": "ca"},
    ),
    # What the sandbox itself made, and where.
    line(
        "mkdir",
        "carved/dir/new",
        0o700,
        own=["carved/dir"],
        said=["require mkdir carved/dir/new, own", "waiting", "umask", "created carved/dir/new"],
        answer=DONE,
    ),
    line(
        "truncate",
        "carved/file",
        0,
        own=["carved/file"],
        said=["require truncate carved/file, own", "waiting"],
        answer=DONE,
        leaves={"carved/file": ""},
    ),
    # A directory of the floor, and a name that a glob denies.
    line(
        "mkdir",
        "free/new.late",
        0o700,
        refused={"mkdir free/new.late": errno.EPERM},
        said=["require mkdir free/new.late"],
        answer=Fail(errno.EPERM),
        leaves={"free/new.late": None},
    ),
]

REFUSED = [
    line(
        name,
        *arguments,
        refused={f"{request} {path}": errno.EACCES},
        said=[f"require {request} {path}"],
        answer=Fail(errno.EACCES),
        leaves={path: left},
    )
    for name, arguments, request, path, left in (
        ("mkdir", ("carved/new", 0o700), "mkdir", "carved/new", None),
        ("symlink", (b"to", "carved/new"), "symlink", "carved/new", None),
        ("mknod", ("carved/new", FIFO), "mknod", "carved/new", None),
        ("rmdir", ("carved/empty",), "rmdir", "carved/empty", "directory"),
        ("unlink", ("carved/file",), "unlink", "carved/file", "carved"),
        ("truncate", ("carved/file", 0), "truncate", "carved/file", "carved"),
    )
]

AS_THE_KERNEL_SAYS = [
    line("mkdir", "carved/file", 0o700, answer=Fail(errno.EEXIST)),
    line("mkdir", "carved/absent/new", 0o700, answer=Fail(errno.ENOENT)),
    line("mkdir", "carved/file/new", 0o700, answer=Fail(errno.ENOTDIR)),
    line("mkdir", b"/", 0o700, answer=Fail(errno.EEXIST)),
    line("mkdir", "", 0o700, answer=Fail(errno.ENOENT)),
    line("mkdir", "carved/" + "n" * 256, 0o700, answer=Fail(errno.ENAMETOOLONG)),
    line("mkdir", 0, 0o700, answer=Fail(errno.EFAULT)),
    line("mkdirat", -1, b"new", 0o700, answer=Fail(errno.EBADF)),
    line("mkdirat", At("carved/file"), b"new", 0o700, answer=Fail(errno.ENOTDIR)),
    line("symlink", b"to", "carved/dangling", answer=Fail(errno.EEXIST)),
    line(
        "mknod",
        "free/new",
        stat.S_IFREG | 0o4755,
        refused={"set-id free/new": errno.EPERM},
        said=["require set-id free/new"],
        answer=Fail(errno.EPERM),
        leaves={"free/new": None},
    ),
    line("mknod", "carved/fifo", FIFO, answer=Fail(errno.EEXIST)),
    line("mknod", "carved/new", stat.S_IFDIR | 0o600, answer=Fail(errno.EPERM)),
    line("mknod", "carved/absent/new", stat.S_IFLNK | 0o600, answer=Fail(errno.EINVAL)),
    line("mknod", "carved/absent/new", stat.S_IFBLK | 0o600, answer=Fail(errno.ENOENT)),
    line("mknod", "carved/fifo", stat.S_IFBLK | 0o600, answer=Fail(errno.EEXIST)),
    line(
        "mknod",
        "free/new",
        stat.S_IFBLK | 0o600,
        said=["require mknod free/new", "waiting"],
        answer=Fail(errno.EPERM),
        leaves={"free/new": None},
    ),
    line(
        "mknod",
        "free/new/",
        stat.S_IFCHR | 0o600,
        NULL_DEVICE,
        said=["require mknod free/new", "waiting"],
        answer=Fail(errno.ENOENT),
    ),
    line("rmdir", "carved/absent", answer=Fail(errno.ENOENT)),
    line("rmdir", "carved/dir/..", answer=Fail(errno.ENOTEMPTY)),
    line("rmdir", "carved/empty/./", answer=Fail(errno.EINVAL)),
    line("rmdir", "carved/file/.", answer=Fail(errno.ENOTDIR)),
    line("rmdir", b"/", answer=Fail(errno.EBUSY)),
    line("unlink", "carved/absent", answer=Fail(errno.ENOENT)),
    line("unlink", b"/", answer=Fail(errno.EISDIR)),
    line("unlinkat", AT_FDCWD, b"/file", 1, answer=Fail(errno.EINVAL)),
    line("truncate", "carved/dir", 0, answer=Fail(errno.EISDIR)),
    line("truncate", "carved/fifo", 0, answer=Fail(errno.EINVAL)),
    line("truncate", "carved/absent", 0, answer=Fail(errno.ENOENT)),
    line(
        "rmdir",
        "carved/dir",
        said=["require rmdir carved/dir", "waiting"],
        answer=Fail(errno.ENOTEMPTY),
        leaves={"carved/dir/inner": "carved"},
    ),
    line(
        "truncate",
        "carved/file",
        -1,
        said=["require truncate carved/file", "waiting"],
        answer=Fail(errno.EINVAL),
        leaves={"carved/file": "carved"},
    ),
]


@pytest.mark.parametrize(
    "line", [*IN_THE_FLOOR, *PERFORMED, *REFUSED, *AS_THE_KERNEL_SAYS], ids=str
)
def test_names_in_directories(scene: Scene, line: Line) -> None:
    scene.check(line)


@pytest.mark.parametrize(
    "call",
    [
        ("mkdir", "carved/new", 0o700),
        ("symlink", b"to", "carved/new"),
        ("mknod", "carved/new", FIFO),
        ("unlink", "carved/file"),
        ("rmdir", "carved/empty"),
        ("truncate", "carved/file", 0),
    ],
    ids=str,
)
def test_nothing_is_done_for_a_caller_that_is_gone(
    scene: Scene, call: tuple[str, *tuple[str | bytes | int, ...]]
) -> None:
    scene.script.is_gone = True
    before = sorted(os.listdir(scene.top / "carved"))
    assert scene.play(*call) == Fail(errno.ESRCH)
    assert scene.script.said[-1] == "waiting"
    assert sorted(os.listdir(scene.top / "carved")) == before
    assert scene.at("carved/file") == "carved"


def test_the_mode_that_was_asked_for_is_the_one_that_is_masked(scene: Scene) -> None:
    mask = os.umask(0o022)
    try:
        assert scene.play("mkdir", "carved/new", 0o40777) == DONE
    finally:
        os.umask(mask)
    assert stat.S_IMODE((scene.top / "carved/new").stat().st_mode) == 0o755


def test_the_callers_own_pipe_is_truncated_by_the_kernel(scene: Scene) -> None:
    reader, writer = os.pipe()
    try:
        assert scene.play("truncate", b"/proc/self/fd/%d" % writer, 0) == CONTINUE
    finally:
        os.close(reader)
        os.close(writer)
    assert scene.script.said == []
