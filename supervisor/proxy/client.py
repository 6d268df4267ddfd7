"""One client of the proxy: its connection, what it has shown, and how long it may take."""

from __future__ import annotations

import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeVar

import trio

from nono.broker import Process
from nono.broker.proxy.targets import Target
from nono.supervisor.nursery import open_nursery
from nono.supervisor.proxy.carry import carry, reset
from nono.supervisor.proxy.reach import Reach
from nono.supervisor.proxy.terms import NAME, Terms

HEAD_SECONDS: Final = 10.0
"""How long a client may take to say what it wants."""

_T = TypeVar("_T")


@dataclass(eq=False)
class Client:
    """`admit` gives it a place among those that have shown the token, if there is one."""

    sock: trio.socket.SocketType
    terms: Terms
    reach: Reach
    peer: tuple[str, int]
    admit: Callable[[Client], bool]

    @cached_property
    def process(self) -> Process:
        """Whose connection it is, as far as the platform tells."""
        return self.terms.who(self.peer)

    def knows(self, name: bytes, password: bytes) -> bool:
        """Whether these are the sandbox's, in the same time whatever they are."""
        same_name = hmac.compare_digest(name, NAME.encode())
        return hmac.compare_digest(password, self.terms.token.encode()) and same_name

    async def peek(self) -> bytes:
        """The first byte, left there; empty when it has gone. Raises OSError, TooSlowError."""
        with trio.fail_after(HEAD_SECONDS):
            await trio.lowlevel.wait_readable(self.sock)
            return await self.sock.recv(1, socket.MSG_PEEK)

    async def send(self, data: bytes) -> None:
        """Raises OSError, TooSlowError."""
        with trio.fail_after(HEAD_SECONDS):
            while data:
                data = data[await self.sock.send(data) :]

    async def talk(self, target: Target, outside: trio.socket.SocketType, data: bytes) -> None:
        """What follows once both ends are there, of which `data` was read; closes both."""
        first: bytes | None = None
        try:
            with contextlib.suppress(OSError, trio.TooSlowError):
                first = await self.reach.first_bytes(self.process, target, self.sock, outside, data)
        finally:
            if first is None:
                reset(self.sock)
        if first is not None:
            await carry(self.sock, outside, first)

    async def connected(self, target: Target) -> trio.socket.SocketType | None:
        """Our connection to where it wants to go, once it is allowed; None when it has gone.

        Raises OSError, noted as a refusal where it is one.
        """
        return await self._while_here(lambda: self.reach.connected(self.process, target))

    async def _while_here(self, wait: Callable[[], Awaitable[_T]]) -> _T | None:
        """What it waits for; None when it does not wait any more."""
        found: _T | None = None
        async with open_nursery() as nursery:
            nursery.start_soon(self._cancel_when_gone, nursery.cancel_scope)
            found = await wait()
            nursery.cancel_scope.cancel()
        return found

    async def _cancel_when_gone(self, scope: trio.CancelScope) -> None:
        """What it says early is left for later, and then it is not looked after any more."""
        try:
            await trio.lowlevel.wait_readable(self.sock)
            if await self.sock.recv(1, socket.MSG_PEEK):
                return
        except OSError:
            pass
        scope.cancel()
