"""A play: a call goes in; what it asks, in which order, and its answer come out. No kernel.

A handler gets real files and sockets, of this process; the memory that its arguments are in, who
calls, what is allowed and what is the sandbox's own are played (`parts.py`). A line of a playbook:

    line("mkdir", "carved/new", 0o700, said=["require mkdir carved/new", ...], answer=DONE)

Of two directories `free` lies in the floor and `carved` does not.
"""

import fcntl
import os
import socket
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nono.broker import FLOOR_ACCESS, Floor
from nono.broker.floor.floor import FloorRule
from nono.shims.linux.notify import Notification
from nono.shims.linux.syscall_classes import own_number
from nono.supervisor.linux.calls.answers import (
    Answer,
    Fail,
    Inject,
    InjectPair,
    Later,
    Replace,
    Retry,
)
from nono.supervisor.linux.calls.handlers import HANDLERS
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.injected_files import InjectedFiles
from nono.supervisor.linux.network.service import NetworkService
from tests.playbooks.parts import (
    PlayedBackground,
    PlayedCall,
    PlayedDecisions,
    PlayedMemory,
)
from tests.playbooks.script import Script

_FILES = {"file": 0o644, "run": 0o755, "dir/inner": 0o644}
_LINKS = {"link": "file", "dangling": "absent"}
_KINDS = {stat.S_IFDIR: "directory", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"} | {
    stat.S_IFCHR: "device"
}
TOO_LONG = "(too long for the kernel)"
_O_LARGEFILE = 0o100000
_REGISTERS = 6
_Held = TypeVar("_Held", int, socket.socket)


@dataclass(frozen=True)
class At:
    """An argument: the number of a descriptor that the caller has of a file."""

    path: str
    flags: int = os.O_RDONLY


@dataclass(frozen=True)
class Injected:
    """An answer: performed, and handed over as a descriptor with these file status flags."""

    path: str
    flags: int
    close_on_exec: bool = False


@dataclass(frozen=True)
class Waits:
    """An answer: a task of its own, of this kind."""

    kind: type[Retry] | type[Later]


@dataclass(frozen=True)
class Given:
    """An answer: performed, and these are handed over, in the place of the descriptor `at`."""

    sockets: tuple[str, ...]
    close_on_exec: bool = False
    at: int | None = None


Argument = int | str | bytes | At
Outcome = Answer | Injected | Given | Waits


@dataclass(frozen=True)
class Line:
    """Made by `line`."""

    name: str
    arguments: tuple[Argument, ...]
    said: Sequence[str]
    answer: Outcome
    own: Sequence[str]
    refused: Mapping[str, int]
    leaves: Mapping[str, str | None]

    def __str__(self) -> str:
        given = [f"own {path}" for path in self.own] + [f"no {words}" for words in self.refused]
        return " ".join([self.name, *map(_short, self.arguments), *given])


def line(
    name: str,
    *arguments: Argument,
    answer: Outcome,
    said: Sequence[str] = (),
    own: Sequence[str] = (),
    refused: Mapping[str, int] | None = None,
    leaves: Mapping[str, str | None] | None = None,
) -> Line:
    """The call `name` with `arguments`, what is `said` then, and the `answer`.

    An argument is a value, a str for a path below the scene, bytes for what a pointer points to, or
    a descriptor. `own` and `refused` are as in a Script. `leaves` is what is at a path afterwards,
    as `Scene.at` says it.
    """
    return Line(name, arguments, said, answer, own, refused or {}, leaves or {})


class Scene:
    """Close it at the end."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.script = Script(replaced={f"{top}/": "", str(top): "."}, threads={os.getpid()})
        self.network: NetworkService | None = None
        self.injected: InjectedFiles | None = None
        self._memory = PlayedMemory()
        self._held: list[int | socket.socket] = []
        for place in ("free", "carved"):
            self._furnish(top / place, place)
        rule = FloorRule(str(top / "free"), FLOOR_ACCESS, directory=True)
        self.decisions = PlayedDecisions(self.script, Floor([rule]))
        self.restrictions = OwnRestrictions(0, self.decisions)

    @staticmethod
    def _furnish(place: Path, content: str) -> None:
        for name, mode in _FILES.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
            path.chmod(mode)
        for name, target in _LINKS.items():
            (place / name).symlink_to(target)
        os.mkfifo(place / "fifo")
        (place / "empty").mkdir()

    def check(self, line: Line) -> None:
        """Play a line of a playbook."""
        self.script.own |= set(line.own)
        self.script.refused |= line.refused
        outcome = self.play(line.name, *line.arguments)
        assert (self.script.said, outcome) == (list(line.said), line.answer)
        assert {path: self.at(path) for path in line.leaves} == line.leaves

    def play(self, name: str, *arguments: Argument) -> Outcome:
        """What the handler of the call `name` answers. It leaves no descriptor of ours open."""
        values = [self._value(each) & 0xFFFFFFFFFFFFFFFF for each in arguments]
        values += [0] * (_REGISTERS - len(values))
        notification = Notification(1, os.getpid(), 0, own_number(name), 0, 0, *values)
        background = PlayedBackground(self.script)
        call = PlayedCall(
            self.script,
            notification,
            self._memory,
            background,
            self.network,
            self.injected,
            self.restrictions,
        )
        before = _descriptors()
        try:
            outcome = self._seen(HANDLERS[name](call, self.decisions))
        except OSError as error:
            outcome = Fail(error.errno or 0)
        background.abandon()
        assert _descriptors() == before
        return outcome

    def _value(self, argument: Argument) -> int:
        match argument:
            case At(path, flags):
                return self.open(path, flags)
            case bytes():
                return self._memory.put(argument)
            case str():
                return self._memory.put(os.fsencode(f"{self.top}/{argument}") if argument else b"")
            case int():
                return argument

    def _seen(self, answer: Answer) -> Outcome:
        """In a form that compares; what the answer holds is closed, as by the loop."""
        if isinstance(answer, Inject):
            try:
                path = os.readlink(f"/proc/self/fd/{answer.fd}")
            except OSError:
                path = TOO_LONG
            flags = fcntl.fcntl(answer.fd, fcntl.F_GETFL) & ~_O_LARGEFILE
            os.close(answer.fd)
            return Injected(self.script.plain(path), flags, answer.close_on_exec)
        if isinstance(answer, InjectPair):
            answer.memory.close()
            return Given(tuple(map(_kind_of, answer.fds)), answer.close_on_exec)
        if isinstance(answer, Replace):
            return Given((_kind_of(answer.fd),), answer.close_on_exec, answer.at)
        if isinstance(answer, Retry | Later):
            answer.close()
            return Waits(type(answer))
        return answer

    def put(self, data: bytes) -> int:
        """The address at which the caller has these bytes."""
        return self._memory.put(data)

    def at(self, path: str) -> str | None:
        """The content of a file, the target of a link, or the kind of anything else."""
        full = self.top / path
        if not os.path.lexists(full):
            return None
        mode = full.lstat().st_mode
        if stat.S_ISLNK(mode):
            return f"-> {os.readlink(full)}"
        return full.read_text() if stat.S_ISREG(mode) else _KINDS[stat.S_IFMT(mode)]

    def open(self, path: str, flags: int) -> int:
        """A descriptor of the caller's, until the end."""
        return self.hold(os.open(self.top / path, flags | os.O_CLOEXEC))

    def hold(self, each: _Held) -> _Held:
        """A descriptor or a socket, to be closed at the end."""
        self._held.append(each)
        return each

    def close(self) -> None:
        for each in self._held:
            if isinstance(each, int):
                os.close(each)
            else:
                each.close()
        if self.network is not None:
            self.network.close()
        if self.injected is not None:
            self.injected.close()


def _short(argument: Argument) -> str:
    """The same words in every process: those that share the tests compare them."""
    if argument == os.getpid():
        return "ours"
    return repr(argument if not isinstance(argument, bytes | str) else argument[:30])


def _kind_of(fd: int) -> str:
    """The type of a socket, and whether it blocks; closes it."""
    blocking = os.get_blocking(fd)
    with socket.socket(fileno=fd) as sock:
        return f"{sock.type.name}{'' if blocking else ', not blocking'}"


def _descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))
