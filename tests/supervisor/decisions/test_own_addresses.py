"""An address of this machine's own is told by the way that the kernel would take to it."""

import ipaddress
import socket

import pytest

from nono.broker import Connect, Deny, Floor, Policy
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions import own_addresses
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.own_addresses import is_of_this_machine, loopback_like

MAPPED = str(ipaddress.IPv6Address("::ffff:127.0.0.1"))
"""As Python spells it: in hexadecimal digits before 3.13, in decimals since then."""


@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:7f00:1", "::ffff:127.0.0.1", MAPPED])
def test_it_is_known_however_it_is_spelled(host: str) -> None:
    assert is_of_this_machine(host)
    assert loopback_like(host) == "127.0.0.1"


@pytest.mark.parametrize("host", ["", "localhost", "localhost.", "127.1", "0.0.0.0.0", "\0"])
def test_what_is_no_address_is_not_looked_up(host: str) -> None:
    assert not is_of_this_machine(host)


@pytest.mark.parametrize("host", ["192.0.2.77", "::ffff:192.0.2.77", "2001:db8::77"])
def test_others_are_not(host: str) -> None:
    """Whether or not there is a way to them: these are for documentation."""
    assert not is_of_this_machine(host)


def test_nothing_is_asked_of_one_platform_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in dir(socket):
        if name.startswith("SOCK_") and name not in ("SOCK_STREAM", "SOCK_DGRAM"):
            monkeypatch.delattr(socket, name)
    assert is_of_this_machine("127.0.0.1")


@pytest.mark.parametrize("host", ["192.0.2.2", "::ffff:192.0.2.2", "::ffff:c000:202"])
def test_a_port_of_every_host_is_none_of_this_machine(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor by the mapped form, in which an IPv6 socket reaches what listens for IPv4."""
    monkeypatch.setattr(own_addresses, "_source", lambda address: address)
    network = make_plan(Options(allow_connect_port=[7777])).policy.network
    decisions = Decisions(Policy(network=network), Floor())
    decided, verdict = decisions.verdict(Connect(RecordedProcess(1), host, 7777))
    assert isinstance(verdict, Deny)
    assert isinstance(decided, Connect)
    assert decided.address == "127.0.0.1"
