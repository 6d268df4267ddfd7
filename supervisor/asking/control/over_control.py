"""The channel of whoever attached to the control socket, and what the others over it share."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from nono.broker.asking.control.channel_names import CONTROL_SOCKET
from nono.broker.visible import visible
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.control.listening import made, opened
from nono.supervisor.locked import is_locked
from nono.supervisor.places import control_directories

if TYPE_CHECKING:
    import trio

    from nono.broker.asking.question import Answer, Question
    from nono.supervisor.asking.control.server import Server

WATCHER = ".watch"
ATTACH_SECONDS = 3.0
"""How long whoever comes may take to say hello."""
_STOPPED_SECONDS = 5.0
_LOOK_SECONDS = 0.5
_MAX_NAMES = 1000


class Offered(Protocol):
    """A run that clients can connect to."""

    @property
    def path(self) -> str:
        """Of the socket; empty where there is none."""

    @property
    def has_answerers(self) -> bool:
        """Whether a client is there that answers. From any thread."""

    def server(self) -> Server:
        """What serves it. In trio's thread."""

    def is_stopped(self, pid: int) -> bool:
        """Whether a process is stopped, as by Control-Z. From any thread."""


class OverControl(Channel):
    """A channel whose answers come over the control socket."""

    is_elsewhere = True

    def __init__(self) -> None:
        self.offered: Offered | None = None
        """The run, once its program was started."""

    def settled(self, question: Question, words: str) -> None:
        if self.offered is not None:
            told = {"id": question.id, "words": visible(words)}
            self.offered.server().tell("decided", told)


class Attached(OverControl):
    """Clients that are there when a question comes, or come for it at once."""

    name = CONTROL_SOCKET

    @property
    def is_attached(self) -> bool:
        offered = self.offered
        if offered is None or not offered.path:
            return False
        return offered.has_answerers or is_watched(os.environ, offered.is_stopped)

    @property
    def is_likely(self) -> bool:
        return is_watched(os.environ, lambda pid: False)

    @property
    def where(self) -> str:
        """The clients that are there."""
        return (self.offered.server().who_answers() if self.offered else "") or "nono watch"

    async def ask(self, question: Question) -> Answer | None:
        """Raises ChannelGone when all clients leave, or are stopped for some seconds."""
        import trio

        if self.offered is None:
            raise ChannelGone
        server = self.offered.server()
        if not server.has_answerers:
            with trio.move_on_after(ATTACH_SECONDS):
                await server.somebody_attached()
        answer: Answer | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_stopped, server, nursery.cancel_scope)
            answer = await server.ask(question)
            nursery.cancel_scope.cancel()
        if answer is None:
            raise ChannelGone
        return answer


async def _until_stopped(server: Server, scope: trio.CancelScope) -> None:
    """Cancel the scope once no client that answers has gone on for so long."""
    import trio

    since = trio.current_time()
    while trio.current_time() - since < _STOPPED_SECONDS:
        await trio.sleep(_LOOK_SECONDS)
        server.look()
        if server.has_answerers:
            since = trio.current_time()
    scope.cancel()


def open_attached(run: Run, value: str, is_named: bool) -> Channel:
    """Nobody has to be there yet."""
    return Attached()


def is_watched(env: Mapping[str, str], is_stopped: Callable[[int], bool]) -> bool:
    """True while a `nono watch` of this user runs, which attaches to every run by itself."""
    for directory in control_directories(env):
        with contextlib.suppress(OSError), opened(directory) as fd:
            found = (_watcher(fd, name) for name in os.listdir(fd)[:_MAX_NAMES])
            if any(pid is not None and not is_stopped(pid) for pid in found):
                return True
    return False


def _watcher(directory: int, name: str) -> int | None:
    """The process whose mark this is; None where it is none, or left behind."""
    pid = name.removesuffix(WATCHER)
    if pid == name or not pid.isdecimal():
        return None
    with contextlib.suppress(OSError):
        return int(pid) if is_locked(name, directory) else None
    return None


@contextlib.contextmanager
def watching(env: Mapping[str, str]) -> Iterator[None]:
    """For the time of the block, runs know that somebody attaches to them by himself."""
    with contextlib.ExitStack() as held:
        for directory in control_directories(env):
            with contextlib.suppress(OSError), made(directory) as fd:
                name = f"{os.getpid()}{WATCHER}"
                flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                mark = os.open(name, flags, 0o600, dir_fd=fd)
                held.callback(os.close, mark)
                held.callback(_unlink, os.path.join(directory, name))
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)
