"""The channel of whoever attached to the control socket, and what the others over it share."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol

from nono.broker.asking.channel_names import CONTROL_SOCKET
from nono.broker.visible import visible
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.listening import made, opened
from nono.supervisor.locked import is_locked
from nono.supervisor.places import control_directories

if TYPE_CHECKING:
    from nono.broker.asking.question import Answer, Question
    from nono.supervisor.asking.server import Server

WATCHER = ".watch"
_ATTACH_SECONDS = 3.0
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


class OverControl(Channel):
    """A channel whose answers come over the control socket."""

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
        return offered.has_answerers or is_watched(os.environ)

    async def ask(self, question: Question) -> Answer | None:
        import trio

        if self.offered is None:
            raise ChannelGone
        server = self.offered.server()
        if not server.has_answerers:
            with trio.move_on_after(_ATTACH_SECONDS):
                await server.somebody_attached()
        answer = await server.ask(question)
        if answer is None:
            raise ChannelGone
        return answer


def open_attached(run: Run, value: str, is_named: bool) -> Channel:
    """Nobody has to be there yet."""
    return Attached()


def is_watched(env: Mapping[str, str]) -> bool:
    """True while a `nono watch` of this user runs, which attaches to every run by itself."""
    for directory in control_directories(env):
        with contextlib.suppress(OSError), opened(directory) as fd:
            if any(_is_mark(fd, name) for name in os.listdir(fd)[:_MAX_NAMES]):
                return True
    return False


def _is_mark(directory: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return name.endswith(WATCHER) and is_locked(name, directory)
    return False


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
