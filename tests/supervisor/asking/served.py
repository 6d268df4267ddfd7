"""A control socket that is served, and clients of it that say what they like."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.conversation import Work
from nono.supervisor.asking.control.listening import listen, sockets
from nono.supervisor.asking.control.server import Server
from nono.supervisor.faults import Faults


class Run:
    """A run that is asked of nothing but how it is."""

    def status(self) -> dict[str, Any]:
        return {"run": "7f3a"}

    def __init__(self) -> None:
        self.goes_on = threading.Event()

    def grant(self, rules: dict[str, Any], client: str) -> Work:
        if "waits" not in rules:
            raise ZeroDivisionError
        return Work(lambda: self.goes_on.wait(60), lambda waited: {"number": str(waited)})

    def revoke(self, number: str, client: str) -> dict[str, Any]:
        self.goes_on.set()
        return {}

    def kill(self, client: str) -> dict[str, Any]:
        return {}


class Peer:
    """A client that says what it likes."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self._heard = b""

    async def say(self, method: str, /, **params: Any) -> None:
        await self.stream.send_all(json_rpc.request(1, method, **params))

    async def hello(self, answers: bool = True) -> None:
        await self.say("hello", protocol=1, client="peer", answers=answers)
        assert (await self.hear())["result"]["run"] == "7f3a"

    async def hear(self) -> Any:
        """The next message; None at the end."""
        while b"\n" not in self._heard:
            data = await self.stream.receive_some(65536)
            if not data:
                return None
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)


Connect = Callable[[], Any]


@asynccontextmanager
async def serve(
    path: Path, trusted: Callable[[socket.socket], bool] = lambda sock: True
) -> AsyncIterator[tuple[Server, Connect, Faults]]:
    path.chmod(0o700)
    listening = listen("7f3a", {"XDG_RUNTIME_DIR": str(path), "HOME": str(path)})
    assert listening is not None
    faults = Faults()
    server = Server(Run(), trusted, faults)

    async def connect() -> Peer:
        return Peer(await trio.open_unix_socket(listening.path))

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, listening.whole())
            yield server, connect, faults
            nursery.cancel_scope.cancel()
    listening.close()
    assert sockets({"XDG_RUNTIME_DIR": str(path), "HOME": str(path)}) == []
