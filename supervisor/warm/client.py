"""`nono run` where `nono warm` does it: asks, stands for the run, and ends as it ends.

It says what it is and holds nothing back; whether that is as `nono warm` is, that one decides. From
then on it passes signals on. It keeps one end of a pair that ends the run when the other is closed,
however this process ends.
"""

from __future__ import annotations

import _socket
import os
import stat
import sys

from nono.supervisor.warm import itself, wire
from nono.supervisor.warm.signals import Passing
from nono.supervisor.warm.wire import SUPPRESSED, UNLESS_CLOSED, Different

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, NoReturn

    class _Agreed(NamedTuple):
        connection: _socket.socket
        pidfd: int
        pid: int
        life: _socket.socket


_BROKEN, _NOT_STARTED, _FIRST_OF_A_SHELL = 137, 125, 128
"""Of `exit_status`, which has more to import."""
_NO, _IF_IT_CAN, _REQUIRED = ("", "0"), "1", "required"
_MAX_SHOWN = 40
_STREAMS = range(3)


def run_warm(searched: list[str], main: str) -> None:
    """Run what the command line says, and end as that ends. Comes back for an ordinary start.

    Where NONO_WARM is "required" there is no ordinary start; where it is empty or "0", no other.
    """
    wanted = os.environ[wire.VARIABLE]
    if wanted in _NO:
        return
    if wanted not in (_IF_IT_CAN, _REQUIRED):
        _refuse(
            f"{wire.VARIABLE}={wanted[:_MAX_SHOWN]} is none of {_IF_IT_CAN}, {_REQUIRED} and 0",
            f"{wire.VARIABLE}={_IF_IT_CAN}",
        )
    hint = wire.ORDINARY
    try:
        agreed = _agree(searched, main)
    except Different as error:
        why, hint = str(error), error.hint
    except TimeoutError:
        why = f"nono warm has said nothing for {wire.MAX_SECONDS} seconds"
    except OSError as error:
        why = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    else:
        if _is_verbose():
            _say("nono: a run by nono warm")
        _follow(*agreed)
    if wanted == _REQUIRED:
        _refuse(f"no run by nono warm: {why}", hint)
    if _is_verbose():
        _say(f"nono: an ordinary start: {why}")


def _agree(searched: list[str], main: str) -> tuple[_socket.socket, int, int, _socket.socket]:
    """Raises Different, OSError."""
    if sys.platform != "linux":
        raise Different("it is there on Linux alone")
    given = _descriptors()
    if not {*_STREAMS} <= {*given}:
        raise Different("a standard stream is closed")
    if any(map(os.isatty, given)) or _has_terminal():
        raise Different("a terminal")
    until = wire.limit()
    connection = _connection(until)
    server = _credentials(connection)
    if server[1] != os.geteuid():
        raise Different("nono warm is another user's")
    _is_as_free(server[0])
    own, content = wire.secret()
    with SUPPRESSED:  # it has said why by now
        wire.send(connection, [str(own).encode()])
    match wire.receive(connection, until=until)[0]:
        case [wire.NO, why, *hints]:
            raise _told(why, hints)
        case [proof, pid, number] if proof == content and pid.isdigit():
            server_pid = int(pid)
        case _:
            raise Different("nono warm cannot look at this process")
    os.close(own)
    pidfd = os.pidfd_open(server_pid)
    life, theirs = _socket.socketpair()
    here = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    told = [
        wire.behind(server_pid, number),
        *wire.counted(itself.of_process()),
        *wire.counted(itself.of_python(searched, main)),
        *wire.counted([str(each).encode() for each in given]),
        wire.words(map(os.fsencode, sys.argv)),
        wire.words(map(os.fsencode, sys.orig_argv)),
        wire.words(part for pair in os.environb.items() for part in pair),
    ]
    wire.wait(connection, until)
    with UNLESS_CLOSED:  # it has said why by now, or it has ended
        wire.send(connection, told, [here, theirs.fileno(), *given])
    theirs.close()
    os.close(here)
    match wire.receive(connection, until=until)[0]:
        case [wire.GO]:
            return connection, pidfd, server_pid, life
        case [wire.NO, why, *hints]:
            raise _told(why, hints)
    raise Different("nono warm says something else")


def _told(why: bytes, hints: list[bytes]) -> Different:
    """What a nono warm says that has no run for this process, be it another version's."""
    return Different(*(each.decode("utf-8", "replace") for each in (why, *hints[:1])))


def _descriptors() -> list[int]:
    """What this process was given: Python's own are closed on execve. Raises Different."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with SUPPRESSED:
            if os.get_inheritable(int(name)):
                found.append(int(name))
    if len(found) > wire.MAX_DESCRIPTORS:
        raise Different("many descriptors")
    return sorted(found)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _connection(until: float) -> _socket.socket:
    """Raises OSError, Different."""
    places = wire.places(os.environ)
    if not places:
        raise Different("neither XDG_RUNTIME_DIR nor HOME says where it is", "export HOME")
    for directory in places:
        try:
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            status = os.fstat(fd)
            if status.st_uid != os.geteuid() or status.st_mode & 0o077:
                raise Different(f"{directory} is not this user's alone")
            try:
                found = os.stat(wire.NAME, dir_fd=fd, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
                raise Different(f"{directory}/{wire.NAME} is no socket of this user's")
            sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
            wire.wait(sock, until)  # and where others wait already, connect(2) does not
            sock.connect(f"/proc/self/fd/{fd}/{wire.NAME}")
            return sock
        except ConnectionRefusedError:  # what one that was killed has left there
            continue
        finally:
            os.close(fd)
    raise Different("no nono warm of this user's is there", wire.START)


def _credentials(sock: _socket.socket) -> tuple[int, int]:
    """Who listens: the process id and the user, SO_PEERCRED in unix(7)."""
    told = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    pid, uid, _ = (int.from_bytes(told[at : at + 4], sys.byteorder) for at in (0, 4, 8))
    return pid, uid


def _is_as_free(pid: int) -> None:
    """Raise Different for one under a filter that this process is not under, or no_new_privs."""
    names = ("NoNewPrivs:", "Seccomp:", "Seccomp_filters:")
    told = []
    for each in (pid, "self"):
        fd = os.open(f"/proc/{each}/status", os.O_RDONLY | os.O_CLOEXEC)
        lines = os.read(fd, 1 << 14).decode("utf-8", "replace").splitlines()
        os.close(fd)
        told.append([line for line in lines if line.startswith(names)])
    if told[0] != told[1]:
        raise Different("another no_new_privs, or another filter")


def _follow(connection: _socket.socket, pidfd: int, pid: int, life: _socket.socket) -> NoReturn:
    passing = Passing(pidfd, pid)
    try:
        parts, _ = wire.receive(connection)
        status = int(parts[0])
    except (OSError, wire.WireError, ValueError, IndexError):
        _say("nono: nono warm is gone, and the run with it: every process of it was killed")
        passing.end()
        os._exit(_BROKEN)
    passing.end()
    life.close()
    if not os.WIFSIGNALED(status):
        os._exit(os.WEXITSTATUS(status))
    from nono.supervisor.by_signal import end_by

    end_by(os.WTERMSIG(status))
    os._exit(_FIRST_OF_A_SHELL + os.WTERMSIG(status))


def _is_verbose() -> bool:
    """Whether the options ask for it: those of nono, and not the command's own."""
    words = sys.argv[2:]
    ours = words[: words.index("--")] if "--" in words else []
    return not {"-v", "--verbose"}.isdisjoint(ours)


def _refuse(why: str, hint: str) -> NoReturn:
    """As every error is told before a program runs."""
    _say(f"nono: {why}")
    _say(f"hint: {hint}")
    os._exit(_NOT_STARTED)


def _say(line: str) -> None:
    shown = "".join(each if each.isprintable() else "?" for each in line)
    with SUPPRESSED:
        os.write(2, f"{shown}\n".encode("utf-8", "backslashreplace"))
