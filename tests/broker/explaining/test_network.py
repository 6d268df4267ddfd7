"""Words for what the network refuses, and the flags that would allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from nono.broker import (
    Access,
    AddressBlock,
    Allow,
    Anything,
    Bind,
    Connect,
    ConnectHost,
    Effect,
    Explanation,
    HostName,
    LocalPort,
    Mode,
    Network,
    NetworkRequest,
    Origin,
    OriginKind,
    Pattern,
    Policy,
    PublicPort,
    Rule,
    ServerName,
    Socket,
    explain,
)
from nono.broker.network.host_entries import parse_host
from tests.broker.explaining.words import is_safe
from tests.broker.networks import NETWORK
from tests.broker.requests import network_requests
from tests.broker.worlds import CALLER


def flag(pattern: Pattern, name: str, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, Access.CONNECT, effect, Origin(OriginKind.FLAG, name))


API = flag(HostName("api.openai.com"), "--allow-domain api.openai.com")
FILTERED = Network(Mode.FILTERED, rules=(API, flag(PublicPort(22), "--allow-connect-port 22")))
NO_NET = flag(Anything(), "--block-net", Effect.DENY)
BLOCKED = Network(Mode.BLOCKED, rules=(NO_NET,))
NO_RULE = "no rule allows it"
FITS = "TLS must name the host that the connection was made to"


def said(request: NetworkRequest, network: Network = FILTERED) -> Explanation:
    policy = Policy(network=network)
    return explain(policy, request, policy.decide(request))


@pytest.mark.parametrize(
    ("request_", "summary", "reason", "fix"),
    [
        (
            ConnectHost(CALLER, "evil.example", 443),
            "connect to evil.example port 443",
            NO_RULE,
            ("--allow-domain", "evil.example"),
        ),
        (
            ConnectHost(CALLER, "Evil.Example.", 80),
            "connect to Evil.Example. port 80",
            NO_RULE,
            ("--allow-domain", "evil.example"),
        ),
        (
            ConnectHost(CALLER, "api.openai.com", 8443),
            "connect to api.openai.com port 8443",
            NO_RULE,
            ("--allow-domain", "api.openai.com:8443"),
        ),
        (
            ConnectHost(CALLER, "a\x1b[2J", 443),
            "connect to a\\x1b[2J port 443",
            "denied by built-in rule not the name of a host",
            (),
        ),
        (
            Connect(CALLER, "93.184.215.14", 443),
            "connect to 93.184.215.14 port 443",
            NO_RULE,
            ("--allow-domain", "93.184.215.14"),
        ),
        (
            Connect(CALLER, "::ffff:10.0.0.5", 5432),
            "connect to ::ffff:10.0.0.5 port 5432",
            NO_RULE,
            ("--allow-domain", "10.0.0.5:5432"),
        ),
        (
            Connect(CALLER, "fd00::1", 5432),
            "connect to fd00::1 port 5432",
            NO_RULE,
            ("--allow-domain", "[fd00::1]:5432"),
        ),
        (
            Connect(CALLER, "127.0.0.1", 6379),
            "connect to 127.0.0.1 port 6379",
            NO_RULE,
            ("--open-port", "6379"),
        ),
        (
            Connect(CALLER, "::", 6379),
            "connect to :: port 6379",
            NO_RULE,
            ("--open-port", "6379"),
        ),
        (
            ConnectHost(CALLER, "localhost", 6379),
            "connect to localhost port 6379",
            NO_RULE,
            ("--open-port", "6379"),
        ),
        (Connect(CALLER, "127.0.0.1", 0), "connect to 127.0.0.1 port 0", NO_RULE, ()),
        (Connect(CALLER, "239.0.0.1", 80), "connect to 239.0.0.1 port 80", NO_RULE, ()),
        (
            Connect(CALLER, "10.0.0.5", 22),
            "connect to 10.0.0.5 port 22",
            "denied by built-in rule private addresses (10.0.0.0/8)",
            ("--allow-domain", "10.0.0.5:22"),
        ),
        (
            Connect(CALLER, "10.0.0.5", 443, "api.openai.com"),
            "connect to api.openai.com (10.0.0.5) port 443",
            "the name leads to 10.0.0.5, which is denied by built-in rule private addresses "
            "(10.0.0.0/8)",
            ("--allow-domain", "10.0.0.5:443"),
        ),
        (
            Connect(CALLER, "127.0.0.1", 443, "api.openai.com"),
            "connect to api.openai.com (127.0.0.1) port 443",
            "the name leads to 127.0.0.1, which is denied by built-in rule loopback addresses "
            "(127.0.0.0/8)",
            ("--open-port", "443"),
        ),
        (
            Connect(CALLER, "0.0.0.0", 443, "api.openai.com"),
            "connect to api.openai.com (0.0.0.0) port 443",
            "the name leads to 0.0.0.0, which is denied by built-in rule unspecified addresses "
            "(0.0.0.0/8)",
            (),
        ),
        (
            Connect(CALLER, "169.254.169.254", 443, "api.openai.com"),
            "connect to api.openai.com (169.254.169.254) port 443",
            "the name leads to 169.254.169.254, which is denied by built-in rule cloud metadata "
            "addresses (169.254.0.0/16)",
            (),
        ),
        (
            Connect(CALLER, "9.9.9.9", 443, "evil.example"),
            "connect to evil.example (9.9.9.9) port 443",
            NO_RULE,
            ("--allow-domain", "evil.example"),
        ),
        (
            Bind(CALLER, "0.0.0.0", 8000),
            "listen on 0.0.0.0 port 8000",
            NO_RULE,
            ("--listen-port", "8000"),
        ),
        (Bind(CALLER, "::", 0), "listen on :: port 0", NO_RULE, ()),
        (
            ServerName(CALLER, "api.openai.com", 443, "evil.example"),
            "TLS for evil.example on the connection to api.openai.com",
            FITS,
            (),
        ),
        (
            ServerName(CALLER, "api.openai.com", 443, None),
            "no server name in TLS on the connection to api.openai.com",
            FITS,
            ("--no-sni-check", "api.openai.com"),
        ),
        (
            ServerName(CALLER, "api.openai.com", 443, "api.openai.com", encrypted=True),
            "an encrypted server name in TLS on the connection to api.openai.com",
            FITS,
            ("--no-sni-check", "api.openai.com"),
        ),
    ],
)
def test_refusals(
    request_: NetworkRequest, summary: str, reason: str, fix: tuple[str, ...]
) -> None:
    explanation = said(request_)
    assert (explanation.summary, explanation.reason, explanation.fix) == (summary, reason, fix)
    assert explanation.layer == "broker"


@pytest.mark.parametrize(
    "request_",
    [
        ConnectHost(CALLER, "api.openai.com", 443),
        Connect(CALLER, "127.0.0.1", 80),
        Connect(CALLER, "10.0.0.5", 443, "api.openai.com"),
        Bind(CALLER, "0.0.0.0", 8000),
        ServerName(CALLER, "api.openai.com", 443, None),
        Socket(CALLER, "IPv4"),
    ],
)
def test_a_blocked_network_has_one_reason_and_no_fix(request_: NetworkRequest) -> None:
    explanation = said(request_, BLOCKED)
    assert (explanation.reason, explanation.fix) == ("denied by flag --block-net", ())
    is_socket = isinstance(request_, Socket)
    assert explanation.layer == ("kernel floor" if is_socket else "broker")


def test_a_socket() -> None:
    assert said(Socket(CALLER, "IPv4"), BLOCKED).summary == "make a socket for IPv4"


def test_a_permission_names_what_was_written() -> None:
    reason = said(ConnectHost(CALLER, "API.openai.com", 443)).reason
    assert reason == "allowed by flag --allow-domain api.openai.com"
    reason = said(ConnectHost(CALLER, "ssh.example", 22)).reason
    assert reason == "allowed by flag --allow-connect-port 22 (port 22 of every public host)"


@pytest.mark.long
@settings(max_examples=1000)
@given(network_requests)
def test_the_words_are_safe_and_the_flags_help(request_: NetworkRequest) -> None:
    explanation = said(request_, NETWORK)
    assert explanation.summary and is_safe(explanation.summary)
    assert explanation.reason and is_safe(explanation.reason)
    if not explanation.fix:
        return
    name, value = explanation.fix
    parts: dict[str, Any] = {
        "rules": NETWORK.rules,
        "listen": NETWORK.listen,
        "unchecked": NETWORK.unchecked,
    }
    kinds: dict[str, tuple[str, Callable[[str], Any]]] = {
        "--allow-domain": ("rules", parse_host),
        "--open-port": ("rules", lambda text: LocalPort(int(text))),
        "--listen-port": ("listen", lambda text: LocalPort(int(text))),
        "--no-sni-check": ("unchecked", parse_host),
    }
    part, parse = kinds[name]
    parts[part] = (*parts[part], flag(parse(value), name))
    helped = Network(Mode.FILTERED, **parts)
    verdict = helped.decide(request_)
    # A name is one refusal, the private address that it leads to another one.
    may_lead_elsewhere = isinstance(request_, Connect) and request_.host is not None
    in_private = isinstance(verdict.rule.pattern, AddressBlock)
    assert isinstance(verdict, Allow) or (may_lead_elsewhere and in_private)
