"""The filtered network: only what the rules name, wherever a name leads."""

from __future__ import annotations

import errno

import pytest

from nono.broker import (
    OWN_OBJECT,
    PRIVATE_RULES,
    Allow,
    Ask,
    Bind,
    Connect,
    ConnectHost,
    Deny,
    Effect,
    OriginKind,
    ServerName,
    Socket,
)
from nono.broker.rules.rule import builtin
from tests.broker.networks import NETWORK, allowed, by_host
from tests.broker.worlds import CALLER

PUBLIC = "93.184.215.14"


def by_address(address: str, port: int, host: str | None = None, own: bool = False) -> bool:
    return allowed(Connect(CALLER, address, port, host, own))


@pytest.mark.parametrize(
    ("host", "port", "answer"),
    [
        ("api.example.org", 443, True),
        ("api.example.org", 80, True),
        ("API.Example.ORG.", 443, True),
        ("api.example.org", 8443, False),
        ("api.example.org..", 443, False),
        ("api.example.org\0", 443, False),
        ("api.example.org\0.evil.org", 443, False),
        ("evil.org\0.api.example.org", 443, False),
        ("x.api.example.org", 443, False),
        ("example.org", 443, False),
        ("apiXexample.org", 443, False),
        ("db.example.org", 5432, True),
        ("db.example.org", 443, False),
        ("bücher.example", 443, True),
        ("BÜCHER.example.", 443, True),
        ("xn--bcher-kva.EXAMPLE", 443, True),
        ("bucher.example", 443, False),
        ("a.cdn.example.org", 443, True),
        ("a.b.cdn.example.org", 443, True),
        ("cdn.example.org", 443, False),
        ("evilcdn.example.org", 443, False),
        ("bad.cdn.example.org", 443, False),
        ("BAD.cdn.example.org.", 443, False),
        ("x.bad.cdn.example.org", 443, True),
        ("any.where.example", 9418, True),
        ("localhost", 6379, True),
        ("LOCALHOST.", 6379, True),
        ("db.localhost", 6379, True),
        ("localhost", 5432, False),
        ("localhost", 9418, False),
        ("l" * 255 + ".cdn.example.org", 443, False),
        ("", 9418, False),
        ("10.0.0.5", 5432, True),
        ("10.0.0.5", 80, False),
        ("10.0.0.5.", 5432, False),
        ("127.0.0.1", 6379, True),
        ("127.1", 6379, False),
        (PUBLIC, 9418, True),
        ("10.0.0.6", 9418, False),
        ("169.254.169.254", 9418, False),
        ("api.example.org", -1, False),
        ("api.example.org", 10**30, False),
    ],
)
def test_a_name(host: str, port: int, answer: bool) -> None:
    assert by_host(host, port) == answer


@pytest.mark.parametrize(
    ("address", "port", "answer"),
    [
        (PUBLIC, 443, False),
        (PUBLIC, 9418, True),
        ("10.0.0.5", 5432, True),
        ("::ffff:10.0.0.5", 5432, True),
        ("10.0.0.5", 22, False),
        ("10.0.0.6", 5432, False),
        ("::10.0.0.5", 5432, False),
        ("64:ff9b::10.0.0.5", 5432, False),
        ("192.0.2.1", 12345, True),
        ("192.0.2.66", 12345, False),
        ("::ffff:192.0.2.66", 12345, False),
        ("fd00::1", 22, True),
        ("fd00::1", 23, False),
        ("fd00:0:0:1::1", 22, False),
        ("127.0.0.1", 6379, True),
        ("127.9.9.9", 6379, True),
        ("::1", 6379, True),
        ("::ffff:127.0.0.1", 6379, True),
        ("0.0.0.0", 6379, True),
        ("::", 6379, True),
        ("127.0.0.1", 5432, False),
        ("0.0.0.0", 5432, False),
        ("127.0.0.1", 9418, False),
        ("::ffff:10.0.0.1", 9418, False),
        ("2606:2800:21f::1", 9418, True),
        ("169.254.169.254", 6379, False),
        ("not an address", 9418, False),
        ("", 9418, False),
    ],
)
def test_an_address(address: str, port: int, answer: bool) -> None:
    assert by_address(address, port) == answer


@pytest.mark.parametrize(
    ("address", "port", "host", "answer"),
    [
        (PUBLIC, 443, "api.example.org", True),
        ("2606:2800:21f::1", 443, "api.example.org", True),
        (PUBLIC, 443, "API.example.org.", True),
        (PUBLIC, 443, "evil.org", False),
        (PUBLIC, 443, "", False),
        (PUBLIC, 443, "api.example.org\0", False),
        (PUBLIC, 8443, "api.example.org", False),
        (PUBLIC, 9418, "evil.org", True),
        ("10.0.0.1", 9418, "evil.org", False),
        ("127.0.0.1", 443, "api.example.org", False),
        ("::1", 443, "api.example.org", False),
        ("0.0.0.0", 443, "api.example.org", False),
        ("10.0.0.1", 443, "api.example.org", False),
        ("::ffff:10.0.0.1", 443, "api.example.org", False),
        ("169.254.169.254", 443, "api.example.org", False),
        ("192.0.2.66", 443, "api.example.org", False),
        ("198.18.0.7", 443, "api.example.org", True),
        # Named by a rule of its own, for this port.
        ("10.0.0.5", 443, "api.example.org", True),
        ("10.0.0.5", 80, "api.example.org", False),
        # A rule on an address says nothing to a name that none allows.
        ("10.0.0.5", 443, "evil.org", False),
        ("127.0.0.1", 6379, "evil.org", False),
        # What is an address already did not come from a name.
        ("10.0.0.5", 443, "10.0.0.5", True),
        (PUBLIC, 443, "10.0.0.5", False),
    ],
)
def test_where_a_name_leads(address: str, port: int, host: str, answer: bool) -> None:
    assert by_address(address, port, host) == answer


def test_its_own_servers_are_open_to_the_sandbox() -> None:
    verdict = NETWORK.decide(Connect(CALLER, "127.0.0.1", 12345, own=True))
    assert verdict == Allow(OWN_OBJECT)
    assert not by_address("169.254.1.1", 80, own=True)
    assert not by_address("192.0.2.66", 80, own=True)


def test_the_reason_is_the_range_that_a_name_leads_into() -> None:
    verdict = NETWORK.decide(Connect(CALLER, "::ffff:192.168.1.1", 443, "api.example.org"))
    assert isinstance(verdict, Deny) and verdict.errno == errno.ECONNREFUSED
    assert verdict.rule in PRIVATE_RULES
    assert verdict.rule.pattern.spelled == "192.168.0.0/16"
    assert str(verdict.rule.origin) == "built-in rule private addresses"
    literal = NETWORK.decide(Connect(CALLER, "192.168.1.1", 443))
    assert isinstance(literal, Deny) and literal.rule.origin.kind is OriginKind.DEFAULT


def test_where_somebody_is_asked_a_range_that_a_name_leads_into_is_a_question() -> None:
    """As the address itself would be; what no rule opens stays refused."""
    asks = builtin("the default", Effect.ASK)
    verdict = NETWORK.decide(Connect(CALLER, "192.168.1.1", 443, "api.example.org"), asks)
    assert isinstance(verdict, Ask) and verdict.rule.pattern.spelled == "192.168.0.0/16"
    metadata = NETWORK.decide(Connect(CALLER, "169.254.169.254", 443, "api.example.org"), asks)
    assert isinstance(metadata, Deny)


def test_every_rule_that_speaks_is_considered_and_the_first_decides() -> None:
    request = ConnectHost(CALLER, "bad.cdn.example.org", 443)
    assert [each.effect for each in NETWORK.considered(request)] == [Effect.DENY, Effect.ALLOW]
    named = NETWORK.considered(Connect(CALLER, "10.0.0.5", 443, "api.example.org"))
    assert [each.pattern.spelled for each in named] == [
        "10.0.0.5:5432, 10.0.0.5:443",
        "10.0.0.0/8",
        "api.example.org",
    ]
    assert NETWORK.considered(Connect(CALLER, PUBLIC, 443)) == ()


@pytest.mark.parametrize(
    ("address", "port", "answer"),
    [
        ("127.0.0.1", 0, True),
        ("127.0.0.1", 5000, True),
        ("127.8.8.8", 5000, True),
        ("::1", 5000, True),
        ("::ffff:127.0.0.1", 5000, True),
        ("::127.0.0.1", 5000, False),
        ("0.0.0.0", 5000, False),
        ("::", 5000, False),
        ("0.0.0.0", 0, False),
        ("0.0.0.0", 6379, False),
        ("192.168.1.2", 5000, False),
        ("0.0.0.0", 8000, True),
        ("::", 8000, True),
        ("192.168.1.2", 8000, True),
        ("169.254.1.1", 8000, False),
        ("nonsense", 8000, False),
    ],
)
def test_listening(address: str, port: int, answer: bool) -> None:
    verdict = NETWORK.decide(Bind(CALLER, address, port))
    assert isinstance(verdict, Allow) == answer
    assert not isinstance(verdict, Deny) or verdict.errno == errno.EACCES


@pytest.mark.parametrize(
    ("host", "port", "name", "answer"),
    [
        ("api.example.org", 443, "api.example.org", True),
        ("api.example.org", 443, "API.EXAMPLE.ORG", True),
        ("api.example.org.", 443, "api.example.org", True),
        ("bücher.example", 443, "xn--bcher-kva.example", True),
        ("api.example.org", 443, "evil.org", False),
        ("api.example.org", 443, "example.org", False),
        ("api.example.org", 443, "x.api.example.org", False),
        ("api.example.org", 443, "api.example.org\0", False),
        ("api.example.org", 443, "", False),
        ("api.example.org", 443, None, False),
        ("\0", 443, "\0", False),
        ("api.example.org", 80, None, True),
        ("db.example.org", 443, None, True),
        ("DB.example.org.", 443, "evil.org", True),
        ("a.cdn.example.org", 443, "evil.org", True),
        ("cdn.example.org", 443, "evil.org", False),
        ("10.0.0.5", 443, None, True),
        ("fd00::1", 443, "any.example", True),
        ("localhost", 443, None, True),
    ],
)
def test_the_name_in_tls(host: str, port: int, name: str | None, answer: bool) -> None:
    verdict = NETWORK.decide(ServerName(CALLER, host, port, name))
    assert isinstance(verdict, Allow) == answer
    assert not isinstance(verdict, Deny) or verdict.errno == errno.ECONNREFUSED
    if not NETWORK.checks_name(host, port):
        assert answer
    # An encrypted name may be any.
    hidden = NETWORK.decide(ServerName(CALLER, host, port, name, encrypted=True))
    assert isinstance(hidden, Deny) == NETWORK.checks_name(host, port)


def test_when_the_name_in_tls_is_compared() -> None:
    checked = [("api.example.org", 443), ("cdn.example.org", 443), ("\0", 443), ("", 443)]
    for host, port in checked:
        assert NETWORK.checks_name(host, port)
    for host, port in [("api.example.org", 8443), ("db.example.org", 443), ("10.0.0.5", 443)]:
        assert not NETWORK.checks_name(host, port)


def test_sockets_are_the_kernels_matter() -> None:
    assert allowed(Socket(CALLER, "IPv4"))
