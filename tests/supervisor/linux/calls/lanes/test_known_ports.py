"""What the lane in C is told of ports of the sandbox's own: while nobody else listens there."""

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
from nono.shims.linux import inet_diag
from nono.supervisor.decisions.decide import Decisions
from tests.supervisor.linux.calls.played_lane import Audited, Told, make


def place_of(server: socket.socket, host: str = "127.0.0.1") -> bytes:
    port = server.getsockname()[1]
    return (
        struct.pack("=H", socket.AF_INET)
        + struct.pack("!H", port)
        + socket.inet_aton(host).ljust(16, b"\0")
    )


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


def test_a_port_that_the_policy_opens_is_left(server: socket.socket) -> None:
    """Whoever listens there: that is another rule, and told of as such."""
    flag = Origin(OriginKind.FLAG, "--open-port")
    rule = Rule(LocalPort(server.getsockname()[1]), Access.CONNECT, Effect.ALLOW, flag)
    lane, played, own = make(filtered(rule))
    lane.connects_own = True
    own.record_socket(inet_diag.identity(server))
    played.place = place_of(server)
    for _ in range(3):
        lane.receive()
    assert played.allowed == []
