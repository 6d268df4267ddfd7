"""What no page says about Seatbelt, as questions that a Mac answers: each one is tried once.

A probe is a profile and something that a process under it tries. The answer is `ok` or the name of
the errno; `profile refused` where the interpreter does not take the words.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nono.shims.errors import ShimError
from nono.shims.macos import enter
from nono.shims.macos.paths import kernel_path

_HEAD = '(version 1)(deny default (with message "nono-probe"))'
_BASE = "(allow file-read-metadata process-fork sysctl-read)"


class Probe(NamedTuple):
    """`allow` are rules, with ROOT for a directory; `attempt` is what is tried in it."""

    name: str
    allow: str
    attempt: Callable[[str], object]


def _tcp(port: int) -> Callable[[str], object]:
    def attempt(root: str) -> None:
        with socket.socket() as sock:
            sock.settimeout(2)
            sock.connect(("127.0.0.1", port))

    return attempt


def _listen(root: str) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 48_080))
        sock.listen()


def _read(name: str) -> Callable[[str], object]:
    return lambda root: os.close(os.open(os.path.join(root, name), os.O_RDONLY))


def _create(name: str) -> Callable[[str], object]:
    return lambda root: os.close(os.open(os.path.join(root, name), os.O_WRONLY | os.O_CREAT, 0o600))


def _lists(pid: int) -> Callable[[str], object]:
    return lambda root: os.kill(pid, 0)


_ROOT = '(subpath "ROOT") (literal "ROOT")'
PROBES = (
    Probe("link of what may be read", f"(allow file-read* {_ROOT})", lambda r: os.link(f"{r}/a", f"{r}/l1")),
    Probe("link of what may be written", f"(allow file* {_ROOT})", lambda r: os.link(f"{r}/a", f"{r}/l2")),
    Probe("subpath is the directory itself", '(allow file-read-data (subpath "ROOT"))', os.listdir),
    Probe("subpath in another case", '(allow file-read-data (subpath "ROOT/A"))', _read("a")),
    Probe("regex in another case", '(allow file-read-data (regex #"^ROOT/A$"))', _read("a")),
    Probe("NFD read by its NFC name", '(allow file-read-data (literal "ROOT/\u00e9"))', _read("e\u0301")),
    Probe("a name of another case is made", '(allow file-write* (literal "ROOT/New"))', _create("NEW")),
    Probe("listening on a port of one's own", '(allow network-bind network-inbound (local tcp "*:48080"))(allow system-socket)', _listen),
    Probe("a port of any host", '(allow network-outbound (remote tcp "*:9"))(allow system-socket)', _tcp(9)),
    Probe("a port that is not named", '(allow network-outbound (remote tcp "*:9"))(allow system-socket)', _tcp(10)),
    Probe("a signal to a process outside", "", _lists(os.getppid())),
    Probe("openat below a descriptor", f"(allow file-read-data {_ROOT})", lambda r: os.close(os.open("a", 0, dir_fd=os.open(r, 0)))),
    Probe("metadata of a link", "", lambda r: os.lstat(f"{r}/link")),
    Probe("a profile in a profile", "", lambda r: enter.enter(_HEAD, {})),
    Probe("ioctl-command TIOCSTI", "(allow file-ioctl (ioctl-command TIOCSTI))", lambda r: None),
    Probe("vnode-type SOCKET", "(allow file-read-data (vnode-type SOCKET))", lambda r: None),
)  # fmt: skip


def probes(root: str) -> dict[str, str]:
    """The answer to each, and some measures. On a Mac only."""
    for name in ("a", "\u00e9"):
        with open(os.path.join(root, name), "w", encoding="utf-8"):
            pass
    with contextlib.suppress(OSError):
        os.symlink("a", os.path.join(root, "link"))
    found = {each.name: _answer(each, root) for each in PROBES}
    return {**found, **dict(_measured()), "F_GETPATH of another case": _spelled(root)}


def _spelled(root: str) -> str:
    with contextlib.suppress(OSError):
        return os.path.basename(kernel_path(os.path.join(root, "A")))
    return "not found"


def _measured() -> Iterator[tuple[str, str]]:
    """How long profiles of many rules take, and whether they are taken."""
    for count in (100, 1000, 4000):
        text = "".join(f'(allow file-read-data (literal "/nono/{n}"))' for n in range(count))
        started = time.monotonic()
        answer = _in_child(lambda text=text: enter.enter(_HEAD + text, {}))  # type: ignore[misc]
        yield f"{count} rules", f"{answer} in {time.monotonic() - started:.3f} s"


def _answer(probe: Probe, root: str) -> str:
    profile = _HEAD + _BASE + probe.allow.replace("ROOT", root)

    def attempt() -> object:
        try:
            enter.enter(profile, {})
        except ShimError:
            os._exit(255)
        return probe.attempt(root)

    return _in_child(attempt)


def _in_child(attempt: Callable[[], object]) -> str:
    child = os.fork()
    if child == 0:
        number = 254
        try:
            attempt()
            number = 0
        except OSError as error:
            number = error.errno or 254
        except enter.ProfileRefused as error:
            number = error.number
        finally:
            os._exit(number)
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    known = {0: "ok", 255: "profile refused", 254: "failed"}
    return known.get(number) or errno.errorcode.get(number, f"ended with {number}")
