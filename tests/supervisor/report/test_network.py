"""The report on the network: one line for a host, however many addresses and ports it has."""

from __future__ import annotations

import contextlib
import errno
import json

import pytest

from nono.broker import Bind, Connect, ConnectHost, Deny, Policy, Request, ServerName, Socket
from nono.broker.requests import DATAGRAMS_IPV4, RecordedProcess
from nono.broker.rules.rule import NO_DATAGRAMS
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.learning.observe import Learner
from nono.supervisor.learning.profile import Outcome
from nono.supervisor.report import learned
from nono.supervisor.report import run as report
from tests.broker.worlds import World

ME = RecordedProcess(1)


@pytest.fixture
def decisions() -> Decisions:
    network = make_plan(Options(allow_domain=["inside.example"])).policy.network
    policy = Policy(network=network)
    return Decisions(policy, policy.floor(World({})))


def refuse(decisions: Decisions, *requests: Request) -> list[str]:
    for request in requests:
        with contextlib.suppress(OSError):
            decisions.require(request)
    return report.text(decisions)[1:]


def test_the_addresses_of_a_name_are_one_line(decisions: Decisions) -> None:
    addresses = [f"10.0.0.{n}" for n in range(1, 8)]
    lines = refuse(decisions, *(Connect(ME, a, 443, "inside.example") for a in addresses))
    assert lines == [
        "  connect to inside.example (10.0.0.1) port 443 and 6 more: the name leads to 10.0.0.1, "
        "which is denied by built-in rule private addresses (10.0.0.0/8)"
        "  hint: --allow-domain 10.0.0.1:443"
    ]


def test_what_one_flag_opens_is_one_line(decisions: Decisions) -> None:
    hosts = [("evil.example", 443), ("evil.example", 80), ("evil.example", 22), ("b.example", 443)]
    lines = refuse(decisions, *(ConnectHost(ME, *host) for host in hosts * 2))
    assert lines == [
        "  connect to evil.example port 443 and 1 more (4 times): no rule allows it"
        "  hint: --allow-domain evil.example",
        "  connect to evil.example port 22 (2 times): no rule allows it"
        "  hint: --allow-domain evil.example:22",
        "  connect to b.example port 443 (2 times): no rule allows it"
        "  hint: --allow-domain b.example",
    ]


def test_every_kind_of_request_has_a_record(decisions: Decisions) -> None:
    refuse(
        decisions,
        ConnectHost(ME, "evil.example", 443),
        Connect(ME, "10.0.0.1", 443, "inside.example"),
        Connect(ME, "127.0.0.1", 6379),
        ServerName(ME, "inside.example", 443, "evil\x1b.example"),
        ServerName(ME, "inside.example", 443, None),
        Bind(ME, "0.0.0.0", 8000),
    )
    records = json.loads(report.as_json(decisions))["denials"]
    told = [
        {key: each[key] for key in ("request", "host", "address", "port", "name") if key in each}
        for each in records
    ]
    assert told == [
        {"request": "ConnectHost", "host": "evil.example", "port": "443"},
        {"request": "Connect", "host": "inside.example", "address": "10.0.0.1", "port": "443"},
        {"request": "Connect", "address": "127.0.0.1", "port": "6379"},
        {
            "request": "ServerName",
            "host": "inside.example",
            "port": "443",
            "name": "evil\\x1b.example",
        },
        {"request": "ServerName", "host": "inside.example", "port": "443"},
        {"request": "Bind", "address": "0.0.0.0", "port": "8000"},
    ]
    assert records[2]["fix"] == ["--open-port", "6379"]


def test_what_a_learned_program_did_without_is_not_told(decisions: Decisions) -> None:
    """A server asks for a socket of datagrams to sort addresses by; no profile would give one."""
    with contextlib.suppress(OSError):
        decisions.refuse(Socket(ME, DATAGRAMS_IPV4), Deny(NO_DATAGRAMS, errno.EPROTONOSUPPORT))
    outcome = Outcome({})
    for has_failed in (True, False):
        said = "\n".join(learned.text(Learner(), outcome, decisions, has_failed))
        assert ("refused while learning" in said) == ("datagrams" in said) == has_failed


def test_a_socket_of_a_blocked_network_has_a_line() -> None:
    policy = Policy(network=make_plan(Options(block_net=True)).policy.network)
    blocked = Decisions(policy, policy.floor(World({})))
    assert refuse(blocked, Socket(ME, "IPv4"), Socket(ME, "IPv6")) == [
        "  make a socket for IPv4: denied by flag --block-net",
        "  make a socket for IPv6: denied by flag --block-net",
    ]
