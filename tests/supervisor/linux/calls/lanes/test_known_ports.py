"""What the lane in C is told of ports of this machine: those that are open, and own ones."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from nono.broker import (
    Access,
    Effect,
    Floor,
    LocalPort,
    Mode,
    Network,
    Origin,
    OriginKind,
    Policy,
    Rule,
)
from nono.broker.rules.rule import Anything
from nono.shims.linux import inet_diag
from nono.supervisor.decisions.decide import Decisions
from tests.supervisor.linux.calls.played_lane import Audited, Told, make

OPEN_PORT = Origin(OriginKind.FLAG, "--open-port")


def at(host: str, port: int) -> bytes:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = socket.inet_pton(family, host).ljust(16, b"\0")
    return struct.pack("=H", family) + struct.pack("!H", port) + address


def place_of(server: socket.socket, host: str = "127.0.0.1") -> bytes:
    return at(host, server.getsockname()[1])


def filtered(*rules: Rule, witness: Told | None = None) -> Decisions:
    return Decisions(Policy(network=Network(Mode.FILTERED, rules=rules)), Floor([]), witness)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(("127.0.0.1", 0))
        made.listen()
        yield made


@pytest.mark.parametrize("witness", [None, Audited()])
def test_a_port_is_told_the_second_time(server: socket.socket, witness: Told | None) -> None:
    lane, played, own = make(filtered(witness=witness))
    lane.connects_own = True
    own.record_socket(inet_diag.identity(server))
    played.place = place_of(server)
    lane.receive()
    assert played.allowed == []
    lane.receive()
    told = (b"", b"") if witness is None else (b"Connect", b"own object")
    assert played.allowed == [(played.place, b"127.0.0.1", *told)]
    assert played.listeners == {inet_diag.identity(server)}


def test_what_is_never_told(server: socket.socket) -> None:
    lane, played, own = make(filtered())
    lane.connects_own = True

    def asked(place: bytes) -> list[tuple[bytes, ...]]:
        played.place = place
        for _ in range(3):
            lane.receive()
        return played.allowed

    assert asked(place_of(server)) == [], "somebody else's"
    own.record_socket(inet_diag.identity(server))
    assert asked(place_of(server, "127.0.0.2")) == [], "where another may listen"
    with socket.socket() as beside:
        beside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        beside.bind(server.getsockname())
        beside.listen()
        assert asked(place_of(server)) == [], "shared with somebody"
    port = server.getsockname()[1]
    server.close()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", port))
        assert asked(place_of(closed)) == [], "nobody's"


@pytest.mark.parametrize("witness", [None, Audited()])
def test_a_port_that_the_policy_opens_is_told_whoever_listens(
    server: socket.socket, witness: Told | None
) -> None:
    """By the rule that opens it, also where the sandbox itself listens."""
    rule = Rule(LocalPort(server.getsockname()[1]), Access.CONNECT, Effect.ALLOW, OPEN_PORT)
    lane, played, own = make(filtered(rule, witness=witness))
    lane.connects_own = True
    own.record_socket(inet_diag.identity(server))
    told = (b"", b"") if witness is None else (b"Connect", b"--open-port")
    for host in (b"127.0.0.1", b"::1"):
        played.place = place_of(server, host.decode())
        for _ in range(2):
            lane.receive()
        assert played.allowed.pop() == (played.place, host, *told)
        assert not played.listeners


def test_what_is_never_told_though_it_is_allowed(server: socket.socket) -> None:
    """Another address of this machine, and the port that names are looked up by."""
    ports = [Rule(LocalPort(each), Access.CONNECT, Effect.ALLOW, OPEN_PORT) for each in (53, 80)]
    lane, played, _ = make(filtered(*ports))
    lane.connects_own = True
    for host, port in [("127.0.0.2", 80), ("0.0.0.0", 80), ("127.0.0.1", 53), ("198.18.0.1", 80)]:
        played.place = at(host, port)
        for _ in range(3):
            lane.receive()
        assert played.allowed == []
    played.place = at("127.0.0.1", 80)
    lane.receive()
    lane.receive()
    assert len(played.allowed) == 1


def test_where_all_the_rest_is_allowed_own_ports_are_told_of_as_such(server: socket.socket) -> None:
    rest = Rule(Anything(), Access.CONNECT, Effect.ALLOW, Origin(OriginKind.FLAG, "--rest"))
    lane, played, own = make(
        Decisions(Policy(network=Network(Mode.FILTERED, rest=rest)), Floor([]))
    )
    lane.connects_own = True
    own.record_socket(inet_diag.identity(server))
    played.place = place_of(server)
    for _ in range(3):
        lane.receive()
    assert played.allowed == []
