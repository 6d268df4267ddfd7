"""Who a handler talks to, played: each says what it is asked or told, and answers by the script."""

import errno
import fcntl
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from nono.broker import (
    FLOOR_ACCESS,
    Deny,
    Effect,
    Execute,
    Floor,
    Glob,
    Origin,
    OriginKind,
    Policy,
    Request,
    Rule,
    Verdict,
)
from nono.broker.verdicts import Ask
from nono.shims.linux.memory import PATH_MAX, Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.faults import Faults
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.making import ByThread, Making
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import Handle
from nono.supervisor.linux.calls.tasks import Background
from nono.supervisor.linux.injected_files import InjectedFiles
from nono.supervisor.linux.network.service import NetworkService
from tests.playbooks.script import Script

_ORIGIN = Origin(OriginKind.FLAG, "--test")
_LATE = Rule(Glob("**/*.late"), FLOOR_ACCESS, Effect.DENY, _ORIGIN)
_BLOCK = 1 << 20


class PlayedMemory(Memory):
    """The caller's memory: blocks at addresses of their own."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def put(self, data: bytes) -> int:
        """The address of a block. What is behind it cannot be read."""
        self._blocks.append(data)
        return len(self._blocks) * _BLOCK

    def path(self, tid: int, address: int) -> bytes:
        text = _at(self._blocks, address)
        if len(text) >= PATH_MAX:
            raise failure(errno.ENAMETOOLONG)
        return text.partition(b"\0")[0]

    def bytes(self, tid: int, address: int, size: int) -> bytes:
        if size > PATH_MAX:
            raise failure(errno.E2BIG)
        data = _at(self._blocks, address)[:size]
        if len(data) < size:
            raise failure(errno.EFAULT)
        return data


def _at(blocks: Sequence[bytes], address: int) -> bytes:
    number, start = divmod(address, _BLOCK)
    if not 0 < number <= len(blocks):
        raise failure(errno.EFAULT)
    return blocks[number - 1][start:]


class PlayedCaller(Caller):
    """This process: its working directory and its descriptors are the caller's."""

    def __init__(self, script: Script) -> None:
        super().__init__(os.getpid(), 0)
        self._script = script

    def duplicate(self, fd: int) -> int:
        if fd < 0:
            raise failure(errno.EBADF)
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 0)

    def owns(self, pid: int) -> bool:
        return pid in self._script.threads

    @property
    def terminal(self) -> int:
        return 0


class PlayedCall(Call):
    """A call whose caller waits as long as the script says so."""

    __slots__ = ("_script",)

    def __init__(
        self,
        script: Script,
        notification: Notification,
        memory: Memory,
        background: Background,
        network: NetworkService | None,
        injected: InjectedFiles | None,
        restrictions: OwnRestrictions,
    ) -> None:
        super().__init__(
            notification,
            PlayedCaller(script),
            memory,
            Listener(-1),
            background,
            PlayedOwn(script),
            network,
            injected,
            restrictions,
            ByThread(),
        )
        self._script = script

    def ensure_callers(self) -> None:
        self._script.say("waiting")
        if self._script.is_gone:
            raise failure(errno.ESRCH)

    @property
    def making(self) -> Making:
        self._script.say("umask")
        return super().making


class PlayedDecisions(Decisions):
    """A real floor, and a script in place of the policy; `.late` names are denied by a glob."""

    def __init__(self, script: Script, floor: Floor) -> None:
        super().__init__(Policy((_LATE,)), floor, _Deaf())
        self._script = script

    def require(self, request: Request, *later: Request) -> None:
        if number := self._script.ask("require", request):
            raise failure(number)

    def admits(self, request: Request) -> bool:
        return not self._script.ask("admit", request)

    def allows(self, request: Request) -> bool:
        return not self._script.ask("ask", request)

    def note_native(self, request: Request) -> None:
        if number := self._script.ask("native", request):
            raise failure(number)

    def refuse_beyond_floor(self, request: Execute) -> NoReturn:
        self._script.ask("beyond", request)
        raise failure(errno.EACCES)

    def note_moved(self, path: str) -> None:
        self._script.say(f"moved {path}")


class _Deaf:
    """There is a witness, and what it is told is in the script already."""

    every_call = True
    refuses = False
    may_refuse = False

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None: ...

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None: ...

    def unresolved(self, host: str, why: str) -> None: ...


class PlayedOwn(OwnObjects):
    """What is the sandbox's own by the script, and what it is told to remember."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        self._own_names = script.names
        self.forks = script.forks

    def is_own(self, caller: Caller, handle: Handle) -> bool:
        return self.is_own_file(handle.path, handle.fd)

    def is_own_file(self, path: str, fd: int) -> bool:
        return self._script.plain(path) in self._script.own

    def is_own_socket(self, cookie: int) -> bool:
        return cookie in self._script.own_sockets

    def record_created(self, path: str, fd: int) -> None:
        self._script.say(f"created {path}")

    def record_unnamed(self, directory: str, fd: int) -> None:
        self._script.say(f"created {directory}")

    def share_ports(self) -> None:
        self._script.say("ports are shared")

    def record_socket(self, cookie: int) -> None:
        self._script.say("bound")

    def record_terminal(self, device: int, name: str) -> None:
        self._script.say("terminal")

    def forget(self, handle: Handle) -> None:
        self._script.say(f"forget {handle.path}")


class PlayedBackground(Background):
    """Tasks that nobody runs."""

    def __init__(self, script: Script) -> None:
        super().__init__(Faults())
        self._script = script
        self._abandon: list[Callable[[], None]] = []

    def start(self, run: Callable[[], Awaitable[None]], abandon: Callable[[], None]) -> None:
        self._script.say("task")
        self._abandon.append(abandon)

    def abandon(self) -> None:
        """As at the end of a run."""
        for each in self._abandon:
            each()
        self._abandon.clear()
