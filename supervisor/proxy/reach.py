"""Where clients of the proxy may go: decided by name, then each address, as a connect by name is.

*Performed on our copy*: the addresses that were decided on are those that are connected to, so no
name can lead somewhere else in between.
"""

from __future__ import annotations

import errno
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import trio

from nono.broker import Connect, ConnectHost, Deny, Process, ServerName
from nono.broker.proxy.targets import Target
from nono.broker.rules.addresses import destination
from nono.broker.rules.rule import builtin
from nono.supervisor.decisions.own_addresses import is_of_this_machine
from nono.supervisor.errors import failure
from nono.supervisor.network.dial import dial
from nono.supervisor.network.server_name import checked_hello
from nono.supervisor.network.way_out import WayOut, allowed_addresses

if TYPE_CHECKING:
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.proxy.terms import Terms

ITSELF = builtin("nono's proxy, by way of itself")
HELLO_SECONDS = 60.0


class Reach:
    """For all clients of one proxy."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms

    @cached_property
    def way_out(self) -> WayOut:
        way = WayOut(self._terms.nameservers, self._terms.upstream)
        way.permit = self._terms.permit
        return way

    @property
    def decisions(self) -> Decisions:
        return self._terms.decisions

    async def connected(self, process: Process, target: Target) -> trio.socket.SocketType:
        """Our connection to the target, once it is allowed, which a person may have to say.

        Raises OSError, of which `Refusal` is one, as a connect by name does.
        """
        witness = self.decisions.witness
        if witness is not None and witness.refuses:
            raise failure(errno.EACCES)
        if target.is_address:
            return await self._to_addresses(process, (target.host,), target.port)
        if here := self._on_loopback(target.host):
            return await self._to_addresses(process, here, target.port)
        request = ConnectHost(process, target.host, target.port)
        if self._terms.permit is not None:
            process = await self._terms.permit(request)
        self.decisions.require(replace(request, process=process))
        return await self.way_out.reach(self.decisions, process, target.host, target.port)

    async def _to_addresses(
        self, process: Process, addresses: tuple[str, ...], port: int
    ) -> trio.socket.SocketType:
        """To the one that was named, or to those of this machine that are allowed."""
        request = Connect(process, addresses[0], port)
        if port == self._terms.port and _is_this_machine(addresses[0]):
            self.decisions.refuse(request, Deny(ITSELF, errno.ECONNREFUSED))
        if self._terms.permit is not None:
            process = await self._terms.permit(request)
        self.decisions.require(replace(request, process=process))
        others = allowed_addresses(self.decisions, process, None, port, addresses[1:])
        return await dial((addresses[0], *others), port)

    def _on_loopback(self, host: str) -> tuple[str, ...]:
        """Those of a name that means a port of this machine, as where it is looked up."""
        is_named = self.decisions.policy.network.restricts_host(host)
        return () if is_named else self.way_out.resolver.on_loopback(host)

    def refuse_plain(self, process: Process, target: Target) -> None:
        """Raise OSError where a request without TLS cannot be what is spoken there."""
        if self._checks_name(target):
            self.decisions.require(ServerName(process, target.host, target.port, None))

    async def first_bytes(
        self,
        process: Process,
        target: Target,
        inside: trio.socket.SocketType,
        outside: trio.socket.SocketType,
        data: bytes,
    ) -> bytes | None:
        """What is sent on first, of which `data` is there: on the port of TLS it names the host.

        None when one side ends before there is anything. Raises OSError when it names another,
        TooSlowError.
        """
        if not self._checks_name(target):
            return data
        with trio.fail_after(HELLO_SECONDS):
            host, port = target
            read = await checked_hello(self.decisions, process, host, port, inside, outside, data)
        return read or None

    def _checks_name(self, target: Target) -> bool:
        return self.decisions.policy.network.checks_name(target.host, target.port)


def _is_this_machine(address: str) -> bool:
    found = destination(address)
    is_local = found is not None and (found.is_loopback or found.is_unspecified)
    return is_local or is_of_this_machine(address)
