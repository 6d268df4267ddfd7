"""flock and leases: never continued, and nothing is held that may only be read."""

import errno
import fcntl
import os

import pytest

from nono.supervisor.linux.calls.answers import DONE, Fail, Retry
from tests.playbooks.scene import At, Line, Scene, Waits, line

R, W, RW = os.O_RDONLY, os.O_WRONLY, os.O_RDWR
EX, NB, F_SETLEASE = fcntl.LOCK_EX, fcntl.LOCK_NB, fcntl.F_SETLEASE

READABLE_ONLY = [
    each
    for place in ("carved/file", "free/file", "carved/dir")
    for each in (
        line("flock", At(place), EX, said=[f"require flock {place}", "waiting"], answer=DONE),
        line(
            "flock",
            At(place),
            EX | NB,
            own=[place],
            said=[f"require flock {place}, own", "waiting"],
            answer=DONE,
        ),
        line(
            "flock",
            At(place),
            EX,
            refused={f"flock {place}": errno.EACCES},
            said=[f"require flock {place}"],
            answer=Fail(errno.EACCES),
        ),
        line(
            "fcntl",
            At(place),
            F_SETLEASE,
            fcntl.F_RDLCK,
            refused={f"lease {place}": errno.EPERM},
            said=[f"require lease {place}"],
            answer=Fail(errno.EPERM),
        ),
    )
]

OPEN_FOR_WRITING = [
    line("flock", At("carved/file", flags), EX, said=["waiting"], answer=DONE) for flags in (W, RW)
]

IOCTL_ONLY = [
    line(
        "flock",
        At("carved/file", os.O_ACCMODE),
        EX,
        said=["require flock carved/file", "waiting"],
        answer=Fail(errno.EBADF),
    )
]

AS_THE_KERNEL_SAYS = [
    line(name, *arguments, answer=Fail(number))
    for name, arguments, number in (
        ("flock", (-1, EX), errno.EBADF),
        ("flock", (At("carved/file", os.O_PATH), EX), errno.EBADF),
        ("flock", (At("carved/file"), EX | fcntl.LOCK_SH), errno.EINVAL),
        ("flock", (At("carved/file"), EX | 0x100), errno.EINVAL),
        ("fcntl", (At("carved/file"), F_SETLEASE, 7), errno.EINVAL),
        ("fcntl", (-1, F_SETLEASE, fcntl.F_RDLCK), errno.EBADF),
        ("fcntl", (At("carved/file", os.O_PATH), F_SETLEASE, fcntl.F_WRLCK), errno.EBADF),
    )
]


@pytest.mark.parametrize(
    "line", [*READABLE_ONLY, *OPEN_FOR_WRITING, *IOCTL_ONLY, *AS_THE_KERNEL_SAYS], ids=str
)
def test_locks(scene: Scene, line: Line) -> None:
    scene.check(line)


def test_the_lock_is_the_callers_until_it_closes_its_own(scene: Scene) -> None:
    held = scene.open("carved/file", R)
    other = scene.open("carved/file", R)
    assert scene.play("flock", held, EX) == DONE
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, EX | NB)
    fcntl.flock(held, fcntl.LOCK_UN)
    fcntl.flock(other, EX | NB)


def test_somebody_elses_lock_is_waited_for(scene: Scene) -> None:
    held, other = (scene.open("carved/file", RW) for _ in range(2))
    fcntl.flock(other, fcntl.LOCK_SH)
    assert scene.play("flock", held, EX) == Waits(Retry)
    assert scene.play("flock", held, EX | NB) == Fail(errno.EWOULDBLOCK)


def test_a_lease_is_the_callers_and_tells_it(scene: Scene) -> None:
    held = scene.open("free/file", R)
    assert scene.play("fcntl", held, F_SETLEASE, fcntl.F_RDLCK) == DONE
    assert fcntl.fcntl(held, fcntl.F_GETLEASE) == fcntl.F_RDLCK
    assert fcntl.fcntl(held, fcntl.F_GETOWN) == os.getpid()
    fcntl.fcntl(held, F_SETLEASE, fcntl.F_UNLCK)


def test_nothing_is_held_for_a_caller_that_is_gone(scene: Scene) -> None:
    scene.script.is_gone = True
    held, other = (scene.open("carved/file", R) for _ in range(2))
    assert scene.play("flock", held, EX) == Fail(errno.ESRCH)
    assert scene.play("fcntl", held, F_SETLEASE, fcntl.F_RDLCK) == Fail(errno.ESRCH)
    assert fcntl.fcntl(held, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    fcntl.flock(other, EX | NB)
