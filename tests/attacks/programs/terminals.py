"""Type on the terminal that one was given, open those of others, and other devices.

Argument: a directory to write in, where the partner listens.
"""

import array
import fcntl
import os
import stat
import termios
from collections.abc import Callable, Iterator

from .attempt import AT_FDCWD, arguments, attempt, call
from .outside import Outside

TIOCLINUX, TIOCCONS, TIOCSETD, TIOCSPTLCK = 0x541C, 0x541D, 0x5423, 0x40045431
FREE = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
TRIES = 64

Made = tuple[str, Callable[[], object]]


def typing() -> Iterator[Made]:
    """Requests that act on whoever uses the terminal after us."""
    requests = {
        "TIOCSTI": (termios.TIOCSTI, b"x"),
        "TIOCSTI, high half": (termios.TIOCSTI | 1 << 32, b"x"),
        "TIOCLINUX": (TIOCLINUX, b"\2"),
        "TIOCCONS": (TIOCCONS, b""),
        "TIOCSETD": (TIOCSETD, array.array("i", [17]).tobytes()),
    }
    terminals = {
        "given": 0,
        "copied": os.dup(0),
        "/dev/tty": os.open("/dev/tty", os.O_RDWR),
        "reopened": os.open("/proc/self/fd/0", os.O_RDWR),
    }
    for label, fd in terminals.items():
        for name, (request, data) in requests.items():
            yield f"{name} {label}", lambda f=fd, r=request, d=data: call("ioctl", f, r, d)


def open_own() -> tuple[int, str]:
    """A terminal of ours: its first end, and the name of the other."""
    ours = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(ours, TIOCSPTLCK, array.array("i", [0]).tobytes())
    number = array.array("i", [0])
    fcntl.ioctl(ours, 0x80045430, number)
    return ours, f"/dev/pts/{number[0]}"


def uses(name: str) -> Iterator[Made]:
    directory = os.open(os.path.dirname(name), os.O_PATH)
    handle = os.open(name, os.O_PATH)
    last = os.path.basename(name).encode()
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_NOCTTY, 3):
        yield f"open {flags}", lambda f=flags: os.open(name, f | os.O_NONBLOCK)
        yield f"below {flags}", lambda f=flags: call("openat", directory, last, f, 0)
        yield f"handle {flags}", lambda f=flags: os.open(f"/proc/self/fd/{handle}", f)
    yield "by the root", lambda: os.open(f"/proc/self/root{name}", os.O_RDWR)
    yield "chmod", lambda: os.chmod(name, 0o666)
    yield "chown", lambda: os.chown(name, os.getuid(), -1)
    yield "utime", lambda: os.utime(name)
    yield "link", lambda: call("linkat", AT_FDCWD, name.encode(), AT_FDCWD, b"linked", 0)


def of_others(outside: Outside) -> Iterator[Made]:
    _, name = outside.terminal()
    yield from uses(name)


def reused(outside: Outside) -> Iterator[Made]:
    """A number that was ours."""
    for _ in range(TRIES):
        ours, name = open_own()
        os.close(os.open(name, os.O_RDWR | os.O_NOCTTY))
        os.close(ours)
        # By the time that this is answered, nono has closed its copies of both ends.
        os.close(os.open("/dev/null", os.O_RDONLY))
        _, theirs = outside.terminal()
        if theirs == name:
            yield from uses(theirs)
            return
    raise RuntimeError("no number came back")


def devices() -> Iterator[Made]:
    """Every other device that there is."""
    for root, _, names in os.walk("/dev"):
        for name in sorted(names):
            path = f"{root}/{name}"
            mode = os.stat(path).st_mode if os.path.exists(path) else 0
            if (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and not is_free(path):
                for flags in (os.O_RDONLY, os.O_WRONLY, 3):
                    f = flags | os.O_NONBLOCK
                    yield f"{path} {flags}", lambda p=path, f=f: os.open(p, f)


def is_free(path: str) -> bool:
    """Devices that do no harm, and our own terminal."""
    shown = os.path.realpath(path)
    return shown in {f"/dev/{name}" for name in FREE} | {os.ttyname(0)} or shown == "/dev/pts/ptmx"


def main() -> None:
    (work,) = arguments()
    os.chdir(work)
    outside = Outside(work)
    for title, attacks in (
        ("typing", typing()),
        ("others", of_others(outside)),
        ("reused", reused(outside)),
        ("devices", devices()),
    ):
        for number, (label, attack) in enumerate(attacks):
            attempt(f"{title} {number}: {label}", attack)
    ours, name = open_own()
    theirs = os.open(name, os.O_RDWR | os.O_NOCTTY)
    os.write(theirs, b"works")
    print("own", os.read(ours, 16), sep="\t")


if __name__ == "__main__":
    main()
