"""What `nono run` and `nono warm` say to each other, and where they meet.

A message is its length and its parts, each with its own length: numbers of four bytes. It is read
by a process that may have loaded nothing, so this loads next to nothing.

    nono run                          nono warm, in a process that it forked for this run
        the number of a descriptor ->
                                  <-  what is behind it; its process id, a descriptor of its own
        what is behind that, all of
        its start, its descriptors ->
                                  <-  GO; or NO, why, a hint: then the start is an ordinary one
                                  <-  the wait status, from `nono warm` itself

Who can read what is behind a descriptor of another process may trace it, as far as the kernel and
Landlock have a say (proc_pid_fd(5), ptrace(2) on access modes). So neither end is in a sandbox that
the other is not in.
"""

from __future__ import annotations

import _socket
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

VARIABLE = "NONO_WARM"
NAME = "warm"
"""Of the socket, in one of the directories of the control sockets."""
GO, NO = b"go", b"no"
SECRET_BYTES = 16
MAX_BYTES = 8 << 20
"""Of a message: more than execve(2) takes by default."""
MAX_PARTS = 1 << 17
MAX_DESCRIPTORS = 200
MAX_SECONDS = 10
"""From the connection to GO, whoever it is that says something now and then."""
_NUMBER = 4
_CHUNK = 1 << 16


ORDINARY = f"{VARIABLE}=1 takes an ordinary start then"
START = "nono warm &"
TOGETHER = f"start nono warm from where this is started; {ORDINARY}"


class Different(Exception):
    """Why a run has to have an ordinary start, and what to do about it."""

    def __init__(self, why: str, hint: str = ORDINARY) -> None:
        super().__init__(why)
        self.hint = hint


class WireError(Different):
    """The other end is gone, or says what nobody would who is what it should be."""


def no(why: Different) -> list[bytes]:
    """The message to a caller that is to start by itself."""
    return [NO, *(each.encode("utf-8", "backslashreplace") for each in (str(why), why.hint))]


class _Suppressed:
    """As `contextlib.suppress`, whose import takes a third of the client's time."""

    def __init__(self, error: type[OSError]) -> None:
        self._error = error

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self._error)


SUPPRESSED = _Suppressed(OSError)
"""Around what may fail and does not matter."""
UNLESS_CLOSED = _Suppressed(BrokenPipeError)
"""Around what is said to who may have ended."""


def places(env: Mapping[str, str]) -> list[str]:
    """The directories in which the socket may be, as those of control sockets, in the same order.

    Where HOME says nothing, the second one is left out.
    """
    found = []
    runtime, home = env.get("XDG_RUNTIME_DIR", ""), env.get("HOME", "")
    if os.path.isabs(runtime):
        found.append(os.path.join(os.path.normpath(runtime), "nono"))
    if os.path.isabs(home):
        state = env.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):
            state = os.path.join(os.path.realpath(home), ".local/state")
        found.append(os.path.join(os.path.normpath(state), "nono", "control"))
    return found


def send(sock: _socket.socket, parts: Sequence[bytes], fds: Iterable[int] = ()) -> None:
    """Send a message, and descriptors with its first byte. Raises OSError, WireError."""
    body = b"".join(_number(len(part)) + part for part in parts)
    if len(body) > MAX_BYTES:
        raise WireError("a long command line, or a large environment")
    data = _number(len(body)) + body
    numbers = b"".join(map(_number, fds))
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)] if numbers else []
    sent = sock.sendmsg([data[:_CHUNK]], rights)
    sock.sendall(data[sent:])


def receive(
    sock: _socket.socket, descriptors: int = 0, until: float | None = None
) -> tuple[list[bytes], list[int]]:
    """A message, and at most so many descriptors, close-on-exec. Raises OSError, WireError.

    `until` is when all of it has come, on the clock that `limit` tells.
    """
    wait(sock, until)
    space = _socket.CMSG_SPACE(_NUMBER * descriptors) if descriptors else 0
    data, rights, flags, _ = sock.recvmsg(_NUMBER, space, _socket.MSG_CMSG_CLOEXEC)
    fds: list[int] = []
    for level, kind, numbers in rights:
        if (level, kind) == (_socket.SOL_SOCKET, _socket.SCM_RIGHTS):
            whole = len(numbers) - len(numbers) % _NUMBER
            fds += [_from(numbers[at : at + _NUMBER]) for at in range(0, whole, _NUMBER)]
    try:
        if flags & _socket.MSG_CTRUNC:
            raise WireError("more descriptors than there may be")
        if not data:
            raise WireError("the other end is closed")
        length = _from(data + _exactly(sock, _NUMBER - len(data), until))
        if not 0 < length <= MAX_BYTES:
            raise WireError("no message, or one that is too long")
        return _parts(_exactly(sock, length, until)), fds
    except BaseException:
        for fd in fds:
            os.close(fd)
        raise


def limit() -> float:
    """When all has been said that is said before a run, if it begins now."""
    return time.monotonic() + MAX_SECONDS


def wait(sock: _socket.socket, until: float | None) -> None:
    """What is done with it next has time until then; None for ever. Raises TimeoutError."""
    left = None if until is None else until - time.monotonic()
    if left is not None and left <= 0:
        raise TimeoutError("timed out")
    sock.settimeout(left)


def words(each: Iterable[bytes]) -> bytes:
    """Those of a command line, or an environment, as one part: there may be very many."""
    return b"\0".join(each)


def counted(parts: Sequence[bytes]) -> list[bytes]:
    """A list within a message: how many there are, and they."""
    return [_number(len(parts)), *parts]


def take(parts: list[bytes]) -> list[bytes]:
    """The list that the parts begin with, which is taken off them. Raises WireError."""
    if not parts or len(parts[0]) != _NUMBER:
        raise WireError("a list without its length")
    count = _from(parts.pop(0))
    if not 0 <= count <= len(parts):
        raise WireError("a list that is shorter than it says")
    taken = parts[:count]
    del parts[:count]
    return taken


def secret() -> tuple[int, bytes]:
    """A new descriptor, and what is behind it. Raises OSError."""
    fd, content = os.memfd_create("nono-warm", os.MFD_CLOEXEC), os.urandom(SECRET_BYTES)
    os.write(fd, content)
    return fd, content


def behind(pid: int, number: bytes) -> bytes:
    """What is behind a descriptor that another process has told. Raises OSError, WireError."""
    if not number.isdigit() or len(number) > _NUMBER:
        raise WireError("no descriptor")
    # A file in memory alone: to open a FIFO would wait, and whatever else it is, is no answer.
    path = f"/proc/{pid}/fd/{int(number)}"
    if not os.readlink(path).startswith("/memfd:nono-warm"):
        raise WireError("another descriptor")
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        return os.pread(fd, SECRET_BYTES, 0)
    finally:
        os.close(fd)


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER, sys.byteorder, signed=True)


def _from(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder, signed=True)


def _exactly(sock: _socket.socket, length: int, until: float | None) -> bytes:
    found = bytearray()
    while len(found) < length:
        wait(sock, until)  # who says one byte now and then is not waited for without end
        piece = sock.recv(min(_CHUNK, length - len(found)))
        if not piece:
            raise WireError("it was closed")
        found += piece
    return bytes(found)


def _parts(body: bytes) -> list[bytes]:
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        begin = at + _NUMBER
        end = begin + _from(body[at:begin])
        if not begin <= end <= len(body) or len(parts) == MAX_PARTS:
            raise WireError("no message")
        parts.append(body[begin:end])
        at = end
    return parts
