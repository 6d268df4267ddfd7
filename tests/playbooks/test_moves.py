"""rename and link: both names are decided, and the object."""

import errno
import os
import tempfile

import pytest

from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.rename import RENAME_EXCHANGE, RENAME_NOREPLACE
from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail
from tests.playbooks.scene import At, Line, Scene, line

RENAME_WHITEOUT = 4
FOLLOW, EMPTY_PATH = 0x400, 0x1000
IS_OF_THE_ROOT = os.stat(tempfile.gettempdir()).st_dev == os.stat("/").st_dev
ONTO_THE_ROOT = errno.EBUSY if IS_OF_THE_ROOT else errno.EXDEV

IN_THE_FLOOR = [
    line(name, *arguments, said=[f"native {each}" for each in requests], answer=CONTINUE)
    for name, arguments, requests in (
        (
            "rename",
            ("free/file", "free/new"),
            ["rename_from free/file -> free/new", "rename_to free/new"],
        ),
        (
            "renameat",
            (At("free"), b"dir", AT_FDCWD, "free/new"),
            ["rename_from free/dir -> free/new whole", "rename_to free/new"],
        ),
        (
            "renameat2",
            (At("free"), b"file", At("free"), b"run", RENAME_EXCHANGE),
            [
                "rename_from free/file -> free/run",
                "rename_to free/run",
                "rename_from free/run -> free/file",
                "rename_to free/file",
            ],
        ),
        ("rename", ("free/absent", "free/new"), []),
        (
            "link",
            ("free/file", "free/new"),
            ["link_from free/file -> free/new", "link_to free/new"],
        ),
        (
            "linkat",
            (AT_FDCWD, "free/link", At("free"), b"new", FOLLOW),
            ["link_from free/file -> free/new", "link_to free/new"],
        ),
        (
            "link",
            ("free/link", "free/new"),
            ["link_from free/link -> free/new", "link_to free/new"],
        ),
    )
]

RENAMED = [
    line(
        "rename",
        "carved/file",
        "carved/new",
        said=[
            "require rename_from carved/file -> carved/new",
            "require rename_to carved/new",
            "waiting",
            "ask open READ|WRITE carved/file",
            "created carved/new",
            "moved carved/file",
            "moved carved/new",
        ],
        answer=DONE,
        leaves={"carved/file": None, "carved/new": "carved"},
    ),
    # What the sandbox could not use before is not its own afterwards.
    line(
        "renameat",
        At("carved"),
        b"file",
        At("carved/dir"),
        b"../new",
        refused={"open READ|WRITE carved/file": errno.EACCES},
        said=[
            "require rename_from carved/file -> carved/new",
            "require rename_to carved/new",
            "waiting",
            "ask open READ|WRITE carved/file",
            "moved carved/file",
            "moved carved/new",
        ],
        answer=DONE,
        leaves={"carved/file": None, "carved/new": "carved"},
    ),
    # One name in the floor is not enough.
    line(
        "rename",
        "free/file",
        "carved/file",
        said=[
            "require rename_from free/file -> carved/file",
            "require rename_to carved/file",
            "require unlink carved/file",
            "waiting",
            "ask open READ|WRITE free/file",
            "created carved/file",
            "moved free/file",
            "moved carved/file",
        ],
        answer=DONE,
        leaves={"free/file": None, "carved/file": "free"},
    ),
    line(
        "rename",
        "carved/file",
        "free/new.late",
        own=["carved/file"],
        said=[
            "require rename_from carved/file -> free/new.late, own",
            "require rename_to free/new.late",
            "waiting",
            "ask open READ|WRITE carved/file, own",
            "created free/new.late",
            "moved carved/file",
            "moved free/new.late",
        ],
        answer=DONE,
        leaves={"free/new.late": "carved"},
    ),
    line(
        "renameat2",
        At("carved"),
        b"file",
        At("free"),
        b"run",
        RENAME_EXCHANGE,
        said=[
            "require rename_from carved/file -> free/run",
            "require rename_to free/run",
            "require rename_from free/run -> carved/file",
            "require rename_to carved/file",
            "waiting",
            "ask open READ|WRITE free/run",
            "created carved/file",
            "ask open READ|WRITE carved/file",
            "created free/run",
            "moved carved/file",
            "moved free/run",
        ],
        answer=DONE,
        leaves={"carved/file": "free", "free/run": "carved"},
    ),
    # A directory takes along what nobody knows.
    line(
        "rename",
        "carved/dir",
        "carved/new",
        said=[
            "require rename_from carved/dir -> carved/new whole",
            "require rename_to carved/new",
            "ask open READ|WRITE carved/new",
            "waiting",
            "ask open READ|WRITE carved/dir",
            "created carved/new",
            "moved carved/dir",
            "moved carved/new",
        ],
        answer=DONE,
        leaves={"carved/dir": None, "carved/new/inner": "carved"},
    ),
    line(
        "rename",
        "carved/dir",
        "carved/new",
        refused={"open READ|WRITE carved/new": errno.EACCES},
        said=[
            "require rename_from carved/dir -> carved/new whole",
            "require rename_to carved/new",
            "ask open READ|WRITE carved/new",
        ],
        answer=Fail(errno.EXDEV),
        leaves={"carved/dir/inner": "carved", "carved/new": None},
    ),
]

LINKED = [
    line(
        "link",
        "carved/file",
        "carved/new",
        said=[
            "require link_from carved/file -> carved/new",
            "require link_to carved/new",
            "waiting",
            "ask open READ|WRITE carved/file",
            "created carved/new",
        ],
        answer=DONE,
        leaves={"carved/file": "carved", "carved/new": "carved"},
    ),
    line(
        "linkat",
        At("carved"),
        b"link",
        At("carved/dir"),
        b"new",
        FOLLOW,
        own=["carved/dir"],
        said=[
            "require link_from carved/file -> carved/dir/new",
            "require link_to carved/dir/new, own",
            "waiting",
            "ask open READ|WRITE carved/file",
            "created carved/dir/new",
        ],
        answer=DONE,
        leaves={"carved/dir/new": "carved"},
    ),
    line(
        "link",
        "carved/link",
        "carved/new",
        said=[
            "require link_from carved/link -> carved/new",
            "require link_to carved/new",
            "waiting",
            "ask open READ|WRITE carved/link",
            "created carved/new",
        ],
        answer=DONE,
        leaves={"carved/new": "-> file"},
    ),
    # The place is in the floor, what comes there is not.
    line(
        "link",
        "carved/file",
        "free/new",
        refused={"link_from carved/file -> free/new": errno.EPERM},
        said=["require link_from carved/file -> free/new"],
        answer=Fail(errno.EPERM),
        leaves={"free/new": None},
    ),
]

RENAME = ("rename_from carved/file -> carved/run", "rename_to carved/run", "unlink carved/run")
LINK = ("link_from carved/file -> carved/new", "link_to carved/new")
REFUSED = [
    line(
        name,
        "carved/file",
        to,
        refused={requests[stage]: errno.EACCES},
        said=[f"require {each}" for each in requests[: stage + 1]],
        answer=Fail(errno.EACCES),
        leaves={"carved/file": "carved", to: left},
    )
    for name, to, requests, left in (
        ("rename", "carved/run", RENAME, "carved"),
        ("link", "carved/new", LINK, None),
    )
    for stage in range(len(requests))
]

AS_THE_KERNEL_SAYS = [
    line("rename", "carved/absent", "carved/new", answer=Fail(errno.ENOENT)),
    line("rename", "carved/file", "carved/absent/new", answer=Fail(errno.ENOENT)),
    line("rename", "carved/dir/.", "carved/new", answer=Fail(errno.EBUSY)),
    line("rename", "carved/file", b"/", answer=Fail(ONTO_THE_ROOT)),
    line("rename", "carved/file", 0, answer=Fail(errno.EFAULT)),
    line("renameat", -1, b"file", At("carved"), b"new", answer=Fail(errno.EBADF)),
    *(
        line("renameat2", At("free"), b"file", At("free"), b"x", flags, answer=Fail(errno.EINVAL))
        for flags in (RENAME_WHITEOUT, RENAME_NOREPLACE | RENAME_EXCHANGE, 1 << 10)
    ),
    line(
        "renameat2",
        At("carved"),
        b"file",
        At("carved"),
        b"run",
        RENAME_NOREPLACE,
        said=["require rename_from carved/file -> carved/run", "require rename_to carved/run"],
        answer=Fail(errno.EEXIST),
        leaves={"carved/file": "carved"},
    ),
    line(
        "renameat2",
        At("carved"),
        b"file",
        At("carved"),
        b"new",
        RENAME_EXCHANGE,
        said=["require rename_from carved/file -> carved/new", "require rename_to carved/new"],
        answer=Fail(errno.ENOENT),
        leaves={"carved/file": "carved"},
    ),
    line("link", "carved/absent", "carved/new", answer=Fail(errno.ENOENT)),
    line("link", "carved/dangling", "carved/absent/new", answer=Fail(errno.ENOENT)),
    line("linkat", At("free"), b"file", At("free"), b"new", 1, answer=Fail(errno.EINVAL)),
    line("linkat", At("free/run"), b"", At("free"), b"x", EMPTY_PATH, answer=Fail(errno.ENOENT)),
    line(
        "link",
        "carved/file",
        "carved/run",
        said=["require link_from carved/file -> carved/run"],
        answer=Fail(errno.EEXIST),
        leaves={"carved/run": "carved"},
    ),
]


@pytest.mark.parametrize(
    "line", [*IN_THE_FLOOR, *RENAMED, *LINKED, *REFUSED, *AS_THE_KERNEL_SAYS], ids=str
)
def test_moves(scene: Scene, line: Line) -> None:
    scene.check(line)


@pytest.mark.parametrize("name", ["rename", "link"])
def test_nothing_is_moved_for_a_caller_that_is_gone(scene: Scene, name: str) -> None:
    scene.script.is_gone = True
    before = sorted(os.listdir(scene.top / "carved"))
    assert scene.play(name, "carved/file", "carved/new") == Fail(errno.ESRCH)
    assert scene.script.said[-1] == "waiting"
    assert sorted(os.listdir(scene.top / "carved")) == before
