"""execve and execveat: only the floor lets a program run, whatever the policy says."""

import errno

import pytest

from nono.shims.linux.at import AT_FDCWD
from nono.supervisor.linux.calls.answers import CONTINUE, Fail
from tests.playbooks.scene import At, Line, Scene, line

NOFOLLOW, EMPTY_PATH = 0x100, 0x1000

CONTINUED = [
    line("execve", "free/run", said=["native execute free/run"], answer=CONTINUE),
    line("execve", "free/link", said=["native execute free/file"], answer=CONTINUE),
    line(
        "execveat", At("free"), b"run", 0, 0, 0, said=["native execute free/run"], answer=CONTINUE
    ),
    line("execveat", AT_FDCWD, "free/run", said=["native execute free/run"], answer=CONTINUE),
    line(
        "execveat",
        At("free"),
        b"link",
        0,
        0,
        NOFOLLOW,
        said=["native execute free/link"],
        answer=CONTINUE,
    ),
    # A descriptor: which file it is of, only the kernel can say at the time.
    line("execveat", At("carved/run"), b"", 0, 0, EMPTY_PATH, answer=CONTINUE),
    # A file that nobody may execute is refused by its mode, which is nothing of a policy's.
    line("execve", "carved/link", answer=CONTINUE),
]

REFUSED = [
    line("execve", "carved/run", said=["beyond execute carved/run"], answer=Fail(errno.EACCES)),
    line(
        "execveat",
        At("carved/dir"),
        b"../run",
        0,
        0,
        0,
        said=["beyond execute carved/run"],
        answer=Fail(errno.EACCES),
    ),
    # Who watches may refuse what the floor lets pass.
    line(
        "execve",
        "free/run",
        refused={"execute free/run": errno.EACCES},
        said=["native execute free/run"],
        answer=Fail(errno.EACCES),
    ),
]

AS_THE_KERNEL_SAYS = [
    line("execve", "carved/absent", answer=Fail(errno.ENOENT)),
    line("execve", "free/absent", answer=Fail(errno.ENOENT)),
    line("execve", "free/file/run", answer=Fail(errno.ENOTDIR)),
    line("execve", "", answer=Fail(errno.ENOENT)),
    line("execve", 0, answer=Fail(errno.EFAULT)),
    line("execveat", -1, b"run", answer=Fail(errno.EBADF)),
    line("execveat", At("carved/run"), b"", answer=Fail(errno.ENOENT)),
]


@pytest.mark.parametrize("line", [*CONTINUED, *REFUSED, *AS_THE_KERNEL_SAYS], ids=str)
def test_programs(scene: Scene, line: Line) -> None:
    scene.check(line)
