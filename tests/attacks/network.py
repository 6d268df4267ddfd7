"""Listeners outside that must see nothing."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

from tests.attacks.conftest import Outcome
from tests.requirements import require

_TRIES = 20


class Witness:
    """A TCP and a UDP socket at one address and port, which nobody serves: what came, stays.

    A connection is complete once the kernel has it, so that nothing has to be waited for.
    """

    def __init__(self, address: str, port: int = 0) -> None:
        require(ports=[port])
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for _ in range(_TRIES):
            with contextlib.ExitStack() as stack:
                self.tcp = stack.enter_context(
                    socket.create_server((address, port), family=family, backlog=1024)
                )
                self.udp = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                self.address, self.port = self.tcp.getsockname()[:2]
                with contextlib.suppress(OSError):
                    self.udp.bind((address, self.port))
                    self._sockets = stack.pop_all()
                    break
        else:
            raise OSError(f"no port of {address} is free for both protocols")
        self.tcp.setblocking(False)
        self.udp.setblocking(False)

    def seen(self) -> list[object]:
        """Who connected, and what was sent, since it was asked for the last time."""
        found: list[object] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                accepted, peer = self.tcp.accept()
                accepted.close()
                found.append(("TCP", peer))
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(("UDP", *self.udp.recvfrom(4096)))
        return found

    def close(self) -> None:
        self._sockets.close()


@contextlib.contextmanager
def witnesses(*addresses: str, port: int = 0) -> Iterator[list[Witness]]:
    """One for each address, all with the same port."""
    with contextlib.ExitStack() as stack:
        made: list[Witness] = []
        for address in addresses:
            made.append(Witness(address, made[0].port if made else port))
            stack.callback(made[-1].close)
        yield made


def denials(outcome: Outcome) -> list[dict[str, Any]]:
    """What nono reports as refused."""
    report = json.loads(outcome.text.splitlines()[-1])
    found: list[dict[str, Any]] = report["denials"]
    return found
