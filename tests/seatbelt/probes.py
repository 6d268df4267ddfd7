"""What no page says about Seatbelt, as questions that a Mac answers: each one is tried once.

A probe is a profile and something that a process under it tries. The answer is `ok` or the name of
the errno; `profile refused` where the interpreter does not take the words.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nono.broker import Policy
from nono.shims.errors import ShimError, failure
from nono.shims.macos import enter, log
from nono.shims.macos.paths import kernel_path
from nono.shims.macos.sbpl import Profile
from nono.supervisor.macos.profile import profile_of, with_base
from tests.broker.worlds import allow, deny

_HEAD = '(version 1)(deny default (with message "nono-probe"))'
_TIOCSTI = 0x80017472
"""Of macOS: sys/ttycom.h."""
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


def _arguments_of(pid: int) -> Callable[[str], object]:
    """KERN_PROCARGS2 of sysctl(3): what another process was started with, its environment too."""

    def attempt(root: str) -> None:
        name, size = (ctypes.c_int * 3)(1, 49, pid), ctypes.c_size_t(1 << 18)
        buffer = ctypes.create_string_buffer(size.value)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.sysctl(name, 3, buffer, ctypes.byref(size), None, 0):
            raise failure(ctypes.get_errno())

    return attempt


def _type_into_terminal(root: str) -> None:
    """TIOCSTI into a terminal of its own, which the rules let it drive."""
    master, _ = os.openpty()
    fcntl.ioctl(master, _TIOCSTI, b"x")


def _cloned(root: str) -> None:
    """clonefile(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.clonefile(f"{root}/a".encode(), f"{root}/clone".encode(), 0):
        raise failure(ctypes.get_errno())


def _issued(root: str) -> None:
    """A right to read that a sandbox issues to itself, where a rule lets it (sandbox_extension)."""
    library = ctypes.CDLL(None, use_errno=True)
    library.sandbox_extension_issue_file.restype = ctypes.c_void_p
    token = library.sandbox_extension_issue_file(b"com.apple.app-sandbox.read", root.encode(), 0)
    if not token:
        raise failure(ctypes.get_errno())


def _submit(root: str) -> None:
    subprocess.run(["/bin/launchctl", "list"], check=False, stdout=subprocess.DEVNULL)


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
    Probe("TIOCSTI where ioctl is allowed", '(allow pseudo-tty)(allow file-ioctl file-read* file-write* (subpath "/dev"))', _type_into_terminal),
    Probe("arguments of a process outside", "", _arguments_of(os.getppid())),
    Probe("arguments of it where process-info is closed", "(allow process-info* (target self))", _arguments_of(os.getppid())),
    Probe("a right that a sandbox issues itself", f"(allow file-read* {_ROOT})", _issued),
    Probe("the word job-creation", "(allow job-creation)", _submit),
    Probe("a clone of what may be read", f"(allow file-read* {_ROOT})", _cloned),
    Probe("a regex by a parameter, and (/|$) in it", '(allow file-read-data (regex (param "R")))', _read("a")),
    Probe("a long regex by a parameter", '(allow file-read-data (regex (param "LONG")))', _read("a")),
    Probe("a regex beside the directory that it is in", '(allow file-read-data (require-all (subpath "ROOT") (regex #"/a[. ]*(/|$)")))', _read("a")),
    Probe("a name with a newline in [^/]", '(allow file-write* (regex #"/[^/]+$"))', _create("new\nline")),
    Probe("a unix socket bound where no file may be made", '(allow network-bind (local unix-socket (subpath "ROOT")))(allow system-socket)', lambda r: socket.socket(socket.AF_UNIX).bind(f"{r}/s")),
    Probe("vnode-type SOCKET", "(allow file-read-data (vnode-type SOCKET))", lambda r: None),
)  # fmt: skip


_LONGEST = 4096


def _parameters(root: str) -> dict[str, str]:
    others = "|".join(f"name-{n}" for n in range(_LONGEST // 10))
    return {"R": f"^{root}/a(/|$)", "LONG": f"^{root}/(a|{others})$"}


def probes(root: str) -> dict[str, str]:
    """The answer to each, and some measures. On a Mac only."""
    for name in ("a", "\u00e9"):
        with open(os.path.join(root, name), "w", encoding="utf-8"):
            pass
    with contextlib.suppress(OSError):
        os.symlink("a", os.path.join(root, "link"))
    found = {each.name: _answer(each, root) for each in PROBES}
    found |= dict(_measured())
    return {**found, "F_GETPATH of another case": _spelled(root), "a line": line_of_the_log()}


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
    for name, text in _LARGE.items():
        yield name, _in_child(lambda text=text: enter.enter(_HEAD + text, {}))  # type: ignore[misc]
    profile = _of_a_home()
    started = time.monotonic()
    answer = _in_child(lambda: enter.enter(profile.text(), profile.parameters()))
    yield "a whole home where names fold", f"{answer} in {time.monotonic() - started:.3f} s"


_LARGE = {
    "a string of 1,024 bytes": f'(allow file-read-data (literal "/{"x" * 1023}"))',
    "a form of 40,000 words": f"(allow file-read-data {'(literal /)' * 10_000})".replace("/", '"/"'),
    "paths of 70,000 bytes": "".join(f'(allow file-read-data (literal "/{n:069}"))' for n in range(1000)),
}  # fmt: skip


def _of_a_home() -> Profile:
    """As large as profiles of ours become: see tests/seatbelt/test_profile.py."""
    refused = [deny(f"/Users/p/.directory-{n % 40}/name-{n}") for n in range(3000)]
    return profile_of(with_base(Policy((allow("/Users/p"), *refused), folding=("/",))), "nono-1")


def line_of_the_log() -> str:
    """What log(1) prints of one refusal with a message, word for word."""

    def attempt() -> None:
        enter.enter('(version 1)(deny default (with message "nono-line"))', {})
        os.listdir("/private/var")

    _in_child(attempt)
    time.sleep(2)
    done = subprocess.run(log.show_command(10), capture_output=True, text=True, check=False)
    return "\n".join(line for line in done.stdout.splitlines() if "nono-line" in line)[:4000]


def _answer(probe: Probe, root: str) -> str:
    profile = _HEAD + _BASE + probe.allow.replace("ROOT", root)

    def attempt() -> object:
        try:
            enter.enter(profile, _parameters(root))
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
