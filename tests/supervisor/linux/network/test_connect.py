"""connect(2) in the filtered network: to a name it behaves as to an address outside."""

from __future__ import annotations

import pytest

from tests.conftest import BY_A_USER, program_beside
from tests.supervisor.linux.network.conftest import Same
from tests.supervisor.linux.network.peers import Peers, digest, echo, reset, speak

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

KINDS = program_beside(__file__, "kinds.py")
NOT_BLOCKING = program_beside(__file__, "not_blocking.py")


def connectable(hosts: Peers) -> None:
    hosts.serve("tls.example", echo, 443)
    hosts.serve("new.example", echo, 7000)
    hosts.serve("newer.example", echo, 7000)


def test_a_socket_that_does_not_block(same: Same, hosts: Peers) -> None:
    connectable(hosts)
    words = same(KINDS + NOT_BLOCKING)
    assert words[:3] == ["tls 2 EINPROGRESS 4 ok", "ok EISCONN False", "True True"]
    assert len(words) == 50


BLOCKING = program_beside(__file__, "blocking.py")


def test_a_socket_that_blocks(same: Same, hosts: Peers) -> None:
    connectable(hosts)
    words = same(KINDS + BLOCKING)
    assert words[:2] == ["tls 2 ok EISCONN", "True True"]
    assert words[-4:] == ["ENETUNREACH"] * 4


TIMEOUTS = program_beside(__file__, "timeouts.py")


def test_its_own_timeout_and_a_change_of_mind(same: Same, hosts: Peers) -> None:
    hosts.serve("live.example", echo, 7000)
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = same(TIMEOUTS)
    assert words[:2] == ["EINPROGRESS EALREADY", "EALREADY EALREADY"]
    assert words[4:8] == [
        "EINPROGRESS ok",
        "EINPROGRESS 4 ok True",
        "EINPROGRESS ok",
        "ok 4 ok True",
    ]


SIGNALS = program_beside(__file__, "signals.py")


def test_interrupted_by_a_signal(same: Same, hosts: Peers) -> None:
    hosts.dead("deadtls.example", 443)
    hosts.dead("dead.example", 7000)
    words = same(SIGNALS)
    # Restarted is only what has no time limit: signal(7).
    ends = ["False 0", "False 1000", "True 0", "True 1000"]
    at = ["SIGALRM", "SIGALRM", "SIGUSR1", "SIGALRM"]
    expected = [f"{end} b'EINTR' at {name}" for end, name in zip(ends, at, strict=True)]
    assert [line.partition(" ")[2] for line in words[::2]] == expected * 3
    assert words[1::2] == ["EALREADY"] * 12


REFUSED = program_beside(__file__, "refused.py")


def test_refused_upstream(same: Same, hosts: Peers) -> None:
    hosts.serve("live.example", echo, 7000)
    hosts.refusing("tls.example", 443)
    hosts.refusing("new.example", 7000)
    hosts.refusing("newer.example", 7000)
    words = same(REFUSED)
    assert len(words) == 10
    assert words[0].startswith("('tls', <AddressFamily.AF_INET: 2>, ('EINPROGRESS', 28, 'ECONNREF")
    assert all("ECONNREFUSED" in line and line.endswith("('ok', True))") for line in words)


MANY = program_beside(__file__, "many.py")


def test_many_at_once(same: Same, hosts: Peers) -> None:
    hosts.serve("fresh.example", echo)
    hosts.serve("order.example", echo, numbered=True)
    hosts.serve("tls.example", echo, 443)
    words = same(MANY)
    assert words[:3] == ["{'EINPROGRESS'}", "{(4, 'ok')}", "True"]
    assert words[-1] == str(list(range(20)))


STREAMS = program_beside(__file__, "streams.py")


def test_what_goes_through_a_tunnel_and_beside_it(same: Same, hosts: Peers) -> None:
    hosts.serve("fresh.example", digest)
    hosts.serve("digest.example", digest)
    hosts.serve("reset.example", reset)
    aborted = hosts.serve("aborted.example", echo)
    hosts.serve("mail.example", speak)
    words = same(STREAMS)
    assert words[0] == "EINPROGRESS 4 ok (True, True)"
    assert words[2:5] == ["ok ECONNRESET", "b'x'", "b'220 ready\\r\\n' True"]
    assert aborted.await_ends(4) == ["ECONNRESET"] * 4
