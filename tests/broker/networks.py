"""A filtered network with rules of every kind, and what it allows."""

from __future__ import annotations

from nono.broker import (
    Access,
    AddressBlock,
    Allow,
    ConnectHost,
    Deny,
    Effect,
    HostName,
    HostSuffix,
    LocalPort,
    Mode,
    Network,
    NetworkRequest,
    Pattern,
    PublicPort,
    Rule,
)
from tests.broker.worlds import CALLER, FLAG


def rule(pattern: Pattern, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, Access.CONNECT, effect, FLAG)


NETWORK = Network(
    Mode.FILTERED,
    rules=(
        rule(HostName("api.example.org")),
        rule(HostName("db.example.org", (5432,))),
        rule(HostName("xn--bcher-kva.example")),
        rule(HostSuffix("cdn.example.org")),
        rule(HostName("bad.cdn.example.org"), Effect.DENY),
        rule(AddressBlock("10.0.0.5", (5432, 443))),
        rule(AddressBlock("192.0.2.0/24")),
        rule(AddressBlock("192.0.2.66"), Effect.DENY),
        rule(AddressBlock("fd00::/64", (22,))),
        rule(PublicPort(9418)),
        rule(LocalPort(6379)),
    ),
    listen=(rule(LocalPort(8000)),),
    unchecked=(rule(HostName("db.example.org")), rule(HostSuffix("cdn.example.org"))),
)


def allowed(request: NetworkRequest, network: Network = NETWORK) -> bool:
    verdict = network.decide(request)
    assert isinstance(verdict, Allow | Deny)
    return isinstance(verdict, Allow)


def by_host(host: str, port: int) -> bool:
    return allowed(ConnectHost(CALLER, host, port))
