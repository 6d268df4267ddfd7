"""`--ask=socket:PATH`: an editor or a harness listens there, and is asked by the control protocol.

The connection is made before the program starts, so that nothing inside can be at the other end.
From then on whoever listens is a client like others: see docs/control.md.
"""

from __future__ import annotations

import os
import socket

from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.channel import Channel, ChannelGone, Run
from nono.supervisor.asking.control.over_control import ATTACH_SECONDS, OverControl
from nono.supervisor.errors import UsageError
from nono.supervisor.places import from_here, home_directory


class ToSocket(OverControl):
    """One client, to whom the connection was made by us."""

    name = "socket"

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._socket = sock
        self._is_over = False

    @property
    def is_attached(self) -> bool:
        return not self._is_over

    async def serve(self) -> None:
        if self.offered is None:
            return
        try:
            await self.offered.server().admit(self._socket)
        finally:
            self._is_over = True

    async def ask(self, question: Question) -> Answer | None:
        import trio

        if self.offered is None:
            raise ChannelGone
        server = self.offered.server()
        with trio.move_on_after(ATTACH_SECONDS):
            await server.somebody_attached()
        answer = await server.ask(question)
        if answer is None:
            raise ChannelGone
        return answer

    def close(self) -> None:
        self._socket.close()


def open_socket(run: Run, value: str, is_named: bool) -> Channel:
    """Raises UsageError where nobody listens. Whoever may not answer is not heard: `Server`."""
    path = os.path.abspath(from_here(value, home_directory(os.environ)))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
    except OSError as error:
        sock.close()
        why = error.strerror or str(error)
        raise UsageError(f"nobody can be asked at {path}: {why}", "listen there first") from error
    return ToSocket(sock)
