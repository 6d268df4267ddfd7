"""chmod, chown, utime, xattr, file_setattr: never continued, in the floor or not."""

import errno
import os
import stat
import struct

import pytest

from nono.shims.linux import metadata as kernel
from nono.shims.linux.at import AT_FDCWD
from nono.supervisor.linux.calls.answers import DONE, Fail
from tests.playbooks.scene import Argument, At, Line, Scene, line

NOFOLLOW, EMPTY_PATH = 0x100, 0x1000
SAME = 0xFFFFFFFF
SECONDS = struct.pack("=qq", 5, 7)
MICROSECONDS = struct.pack("=qqqq", 5, 1, 7, 2)
NANOSECONDS = struct.pack("=qqqq", 5, 1_000, 7, 2_000)
NAME, VALUE = b"user.name", b"value"
XATTR_REPLACE = 2
FILE_ATTR = struct.pack("=QIIII", 0x20, 0, 0, 0, 0)

Arguments = tuple[Argument, ...]

BY_PATH: dict[str, tuple[str, Arguments]] = {
    "chmod": ("chmod", (0o600,)),
    "chown": ("chown", (SAME, SAME)),
    "utime": ("utime", (SECONDS,)),
    "utimes": ("utime", (MICROSECONDS,)),
    "setxattr": ("setxattr", (NAME, VALUE, len(VALUE), 0)),
    "removexattr": ("removexattr", (NAME,)),
}
BY_LINK: dict[str, tuple[str, Arguments]] = {
    "lchown": ("chown", (SAME, SAME)),
    "lsetxattr": ("setxattr", (NAME, VALUE, len(VALUE), 0)),
    "lremovexattr": ("removexattr", (NAME,)),
}
BY_DESCRIPTOR: dict[str, tuple[str, Arguments]] = {
    "fchmod": ("chmod", (0o600,)),
    "fchown": ("chown", (SAME, SAME)),
    "fsetxattr": ("setxattr", (NAME, VALUE, len(VALUE), 0)),
    "fremovexattr": ("removexattr", (NAME,)),
}
BELOW_A_DIRECTORY: dict[str, tuple[str, Arguments]] = {
    "fchmodat": ("chmod", (0o600,)),
    "futimesat": ("utime", (MICROSECONDS,)),
}


class Kernel:
    """In place of what not every file system has, and what only root may do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[object, ...]] = []
        monkeypatch.setattr(os, "setxattr", self._note("setxattr"))
        monkeypatch.setattr(os, "removexattr", self._note("removexattr"))
        monkeypatch.setattr(kernel, "file_setattr", self._note("file_setattr"))
        monkeypatch.setattr(kernel, "chown", self._note("chown"))

    def _note(self, name: str) -> "Noting":
        return Noting(self, name)


class Noting:
    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel, self._name = kernel, name

    def __call__(self, _: object, *arguments: object) -> None:
        self._kernel.asked.append((self._name, *arguments))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    return Kernel(monkeypatch).asked


def lines(
    calls: dict[str, tuple[str, Arguments]], first: Arguments, path: str
) -> list[tuple[Line, Line]]:
    """Each call on `path`, allowed and refused."""
    return [
        (
            line(name, *first, *rest, said=[f"require {operation} {path}", "waiting"], answer=DONE),
            line(
                name,
                *first,
                *rest,
                refused={f"{operation} {path}": errno.EPERM},
                said=[f"require {operation} {path}"],
                answer=Fail(errno.EPERM),
            ),
        )
        for name, (operation, rest) in calls.items()
    ]


EVERYWHERE = [
    each
    for place in ("carved", "free")
    for pair in (
        *lines(BY_PATH, (f"{place}/file",), f"{place}/file"),
        *lines(BY_PATH, (f"{place}/link",), f"{place}/file"),
        *lines(BY_LINK, (f"{place}/link",), f"{place}/link"),
        *lines(BY_DESCRIPTOR, (At(f"{place}/file"),), f"{place}/file"),
        *lines(BELOW_A_DIRECTORY, (At(place), b"link"), f"{place}/file"),
    )
    for each in pair
]

ARGUMENTS = [
    line(name, *arguments, said=[f"require {request}", "waiting"], answer=DONE)
    for name, arguments, request in (
        ("fchmodat2", (At("carved"), b"file", 0o600, 0), "chmod carved/file"),
        ("fchmodat2", (At("carved/file"), b"", 0o600, EMPTY_PATH), "chmod carved/file"),
        ("fchmodat2", (At("carved/dir"), b"", 0o700, EMPTY_PATH), "chmod carved/dir"),
        ("fchownat", (AT_FDCWD, "carved/link", SAME, SAME, NOFOLLOW), "chown carved/link"),
        ("fchownat", (AT_FDCWD, "carved/link", SAME, SAME, 0), "chown carved/file"),
        ("utime", ("carved/file", 0), "utime carved/file"),
        ("utimes", ("carved/file", 0), "utime carved/file"),
        ("futimesat", (At("carved/file"), 0, MICROSECONDS), "utime carved/file"),
        ("utimensat", (At("carved"), b"file", NANOSECONDS, 0), "utime carved/file"),
        ("utimensat", (At("carved"), b"link", 0, NOFOLLOW), "utime carved/link"),
        ("utimensat", (At("carved/file"), 0, NANOSECONDS, 0), "utime carved/file"),
        ("removexattrat", (At("carved"), b"file", 0, NAME), "removexattr carved/file"),
        (
            "file_setattr",
            (At("carved"), b"file", FILE_ATTR, len(FILE_ATTR), NOFOLLOW),
            "file_setattr carved/file",
        ),
    )
]


def set_id(name: str, arguments: Arguments, request: str) -> tuple[Line, Line]:
    """Refused, then lifted."""
    said = [f"require {request} carved/file", "require set-id carved/file"]
    refused = {"set-id carved/file": errno.EPERM}
    return (
        line(name, *arguments, refused=refused, said=said, answer=Fail(errno.EPERM)),
        line(name, *arguments, said=[*said, "waiting"], answer=DONE),
    )


SET_ID = [
    each
    for name, arguments, request in (
        ("chmod", ("carved/file", 0o4755), "chmod"),
        ("chmod", ("carved/link", 0o2755), "chmod"),
        ("fchmod", (At("carved/file"), 0o6755), "chmod"),
        ("fchmodat", (At("carved"), b"file", 0o4000), "chmod"),
        ("fchmodat2", (At("carved/file"), b"", 0o2000, EMPTY_PATH), "chmod"),
        ("setxattr", ("carved/file", b"security.capability", VALUE, 5, 0), "setxattr"),
        ("fsetxattr", (At("carved/file"), b"security.capability", VALUE, 5, 0), "setxattr"),
    )
    for each in set_id(name, arguments, request)
]
SET_ID += [
    # On a directory the bits run nothing.
    line(
        "chmod",
        "carved/dir",
        mode,
        said=["require chmod carved/dir", "waiting"],
        answer=DONE,
    )
    for mode in (0o2755, 0o1777)
]

AS_THE_KERNEL_SAYS = [
    line(name, *arguments, answer=Fail(number))
    for name, arguments, number in (
        ("chmod", ("carved/absent", 0o600), errno.ENOENT),
        ("chmod", (0, 0o600), errno.EFAULT),
        ("fchmod", (-1, 0o600), errno.EBADF),
        ("fchmod", (At("carved/file", os.O_PATH), 0o600), errno.EBADF),
        ("fchmodat2", (At("carved"), b"file", 0o600, 1), errno.EINVAL),
        ("fchmodat2", (At("carved"), b"", 0o600, 0), errno.ENOENT),
        ("utime", ("carved/file", 8), errno.EFAULT),
        ("utimes", ("carved/file", struct.pack("=qqqq", 0, 1_000_000, 0, 0)), errno.EINVAL),
        ("utimes", ("carved/file", struct.pack("=qqqq", 0, 0, 0, -1)), errno.EINVAL),
        ("utimensat", (At("carved/file"), 0, 0, NOFOLLOW), errno.EINVAL),
        ("setxattr", ("carved/file", b"", VALUE, 5, 0), errno.ERANGE),
        ("setxattr", ("carved/file", b"n" * 256, VALUE, 5, 0), errno.ERANGE),
        ("setxattr", ("carved/file", NAME, VALUE, 65537, 0), errno.E2BIG),
        ("setxattr", ("carved/file", NAME, VALUE, 6, 0), errno.EFAULT),
        ("setxattrat", (At("carved"), b"file", 0, NAME, bytes(16), 15), errno.EINVAL),
        ("setxattrat", (At("carved"), b"file", 0, NAME, bytes(16) + b"\1", 17), errno.E2BIG),
        ("file_setattr", (At("carved"), b"file", FILE_ATTR, 4097, 0), errno.E2BIG),
        ("file_setattr", (At("carved"), b"file", FILE_ATTR, 24, 1), errno.EINVAL),
    )
]


@pytest.mark.parametrize("line", [*EVERYWHERE, *ARGUMENTS, *SET_ID, *AS_THE_KERNEL_SAYS], ids=str)
def test_metadata(scene: Scene, line: Line, asked: list[tuple[object, ...]]) -> None:
    scene.check(line)
    if line.answer != DONE:
        assert asked == []


def test_a_mode_is_changed_on_our_copy(scene: Scene) -> None:
    assert scene.play("chmod", "carved/link", 0o170600) == DONE
    assert stat.S_IMODE((scene.top / "carved/file").stat().st_mode) == 0o600


def test_a_link_has_no_mode(scene: Scene) -> None:
    answer = scene.play("fchmodat2", At("carved"), b"link", 0o600, NOFOLLOW)
    assert answer == Fail(errno.EOPNOTSUPP)


@pytest.mark.parametrize(
    ("call", "nanoseconds"),
    [
        (("utime", "carved/file", SECONDS), (5_000_000_000, 7_000_000_000)),
        (("utimes", "carved/file", MICROSECONDS), (5_000_001_000, 7_000_002_000)),
        (("utimensat", At("carved"), b"file", NANOSECONDS), (5_000_001_000, 7_000_002_000)),
    ],
    ids=str,
)
def test_times_are_in_the_units_of_the_call(
    scene: Scene, call: tuple[str, *Arguments], nanoseconds: tuple[int, int]
) -> None:
    assert scene.play(*call) == DONE
    found = (scene.top / "carved/file").stat()
    assert (found.st_atime_ns, found.st_mtime_ns) == nanoseconds


def test_what_the_kernel_is_asked_for(scene: Scene, asked: list[tuple[object, ...]]) -> None:
    value = bytes(range(256)) * 20
    xattr_args = struct.pack("=QII", 0, len(VALUE), XATTR_REPLACE)
    for call in (
        ("chown", "carved/file", 1000, SAME),
        ("setxattr", "carved/file", NAME, value, len(value), XATTR_REPLACE),
        ("removexattr", "carved/file", NAME),
        ("file_setattr", At("carved"), b"file", FILE_ATTR, len(FILE_ATTR), 0),
    ):
        assert scene.play(*call) == DONE
    assert asked == [
        ("chown", 1000, SAME),
        ("setxattr", NAME, value, XATTR_REPLACE),
        ("removexattr", NAME),
        ("file_setattr", FILE_ATTR),
    ]
    # The structure points to the value.
    faulty = scene.play("setxattrat", At("carved"), b"file", 0, NAME, xattr_args, len(xattr_args))
    assert faulty == Fail(errno.EFAULT)
    structure = struct.pack("=QII", scene.put(VALUE), len(VALUE), XATTR_REPLACE)
    done = scene.play("setxattrat", At("carved"), b"file", 0, NAME, structure, len(structure))
    assert done == DONE
    assert asked[-1] == ("setxattr", NAME, VALUE, XATTR_REPLACE)


def test_a_pipe_of_the_callers_is_its_own(scene: Scene) -> None:
    reader, _ = (scene.hold(fd) for fd in os.pipe())
    assert scene.play("fchmod", reader, 0o600) == DONE
    assert scene.script.said == ["waiting"]


@pytest.mark.parametrize(
    ("flags", "required"),
    [(os.O_RDWR, []), (os.O_WRONLY, []), (os.O_RDONLY, ["require chmod carved/file"])],
)
def test_a_deleted_file_is_for_whoever_may_write_it(
    scene: Scene, flags: int, required: list[str]
) -> None:
    fd = scene.open("carved/file", flags)
    os.unlink(scene.top / "carved/file")
    assert scene.play("fchmod", fd, 0o600) == DONE
    assert scene.script.said == [*required, "waiting"]


def test_nothing_is_changed_for_a_caller_that_is_gone(scene: Scene) -> None:
    scene.script.is_gone = True
    before = (scene.top / "carved/file").stat()
    assert scene.play("chmod", "carved/file", 0) == Fail(errno.ESRCH)
    assert scene.play("utime", "carved/file", SECONDS) == Fail(errno.ESRCH)
    after = (scene.top / "carved/file").stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
