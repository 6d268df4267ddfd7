"""SRV, TXT and MX look-ups: of allowed hosts they are answered, of others nobody is asked."""

from __future__ import annotations

import dns.message
import dns.name
import pytest
import trio
from dns.rcode import Rcode

from nono.broker import Floor, Policy
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.network.dns_answers import answer, record_asked
from nono.supervisor.linux.network.dns_records import MAX_RECORDS, MAX_TEXT, Records
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from nono.supervisor.network.resolver import Resolver
from tests.conftest import Nono, program_beside
from tests.supervisor.linux.network.peers import Peers
from tests.supervisor.network.world import World

PROGRAM = program_beside(__file__, "records.js")
SRV = "SRV 1 2 27017 shard-0.db.example."


@pytest.mark.requires(landlock=2, commands=["node"])
def test_a_driver_finds_its_hosts(nono: Nono, hosts: Peers) -> None:
    hosts.world.dns.records = {
        "_mongodb._tcp.db.example": [SRV],
        "_mongodb._tcp.other.example": [SRV],
        "db.example": ['TXT "replicaSet=a"', "MX 10 mail.db.example."],
        "other.example": ["TXT secret"],
        "below.db.example": [],
    }
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=db.example:27017")
    below = ("--allow-domain=*.db.example", "--deny-domain=closed.db.example")
    done = nono("run", *options, *below, "--", "node", "-e", PROGRAM)
    target = '{"name":"shard-0.db.example","port":27017,"priority":1,"weight":2}'
    assert done.stdout.splitlines() == [
        'TXT db.example [["replicaSet=a"]]',
        'MX db.example [{"exchange":"mail.db.example","priority":10}]',
        f"SRV _mongodb._tcp.db.example [{target}]",
        'TXT below.db.example "ENODATA"',
        'MX below.db.example "ENODATA"',
        'SRV _mongodb._tcp.below.db.example "ENOTFOUND"',
        'TXT other.example "ENODATA"',
        'MX other.example "ENODATA"',
        'SRV _mongodb._tcp.other.example "ENODATA"',
        'SRV _what-is-too-long._tcp.db.example "ENODATA"',
        'SRV _secret._words.db.example "ENODATA"',
        'SRV _missing._tcp.db.example "ENOTFOUND"',
        'TXT closed.db.example "ENODATA"',
        'NS db.example "ENODATA"',
        'CAA db.example "ENODATA"',
    ], done.stderr
    assert "nono: other.example: to look up its services takes --allow-domain other.example" in (
        done.stderr
    )
    asked = {name for name, _ in hosts.world.dns.queries}
    assert asked == {
        "db.example",
        "below.db.example",
        "_mongodb._tcp.db.example",
        "_mongodb._tcp.below.db.example",
        "_missing._tcp.db.example",
    }


def found(records: dict[str, list[str]], name: str, kind: str) -> dns.message.Message:
    """What the stub replies where a server answers with these records."""
    policy = make_plan(Options(allow_domain=["a.example"])).policy
    decisions = Decisions(Policy(network=policy.network), Floor(()))
    query = dns.message.make_query(name, kind).to_wire()
    asked = record_asked(query)
    assert asked is not None
    with World() as world:
        world.dns.records = records
        resolver = Resolver([(world.dns.address, world.dns.port)])
        given = trio.run(Records(decisions, resolver).find, *asked)
    reply = answer(query, SyntheticNames(), given)
    assert reply is not None
    return dns.message.from_wire(reply)


def test_answers_are_bounded_and_name_hosts_only() -> None:
    many = [f"MX {number} m{number}.example." for number in range(MAX_RECORDS + 5)]
    reply = found({"a.example": many}, "A.example", "MX")
    assert len(reply.answer[0]) == MAX_RECORDS
    assert reply.answer[0].name == dns.name.from_text("A.example")
    odd = ["MX 1 a\\.b.example.", "MX 2 10.0.0.1.", "MX 3 .", "MX 4 good.example."]
    reply = found({"a.example": odd}, "a.example", "MX")
    assert sorted(each.to_text() for each in reply.answer[0]) == ["3 .", "4 good.example."]
    long = [f'TXT "{"x" * 255}{number:0>3}"'.replace("xxx", "", 1) for number in range(30)]
    reply = found({"a.example": long}, "a.example", "TXT")
    assert 0 < sum(len(each.strings[0]) for each in reply.answer[0]) <= MAX_TEXT


@pytest.mark.parametrize("kind", ["A", "AAAA", "HTTPS", "SVCB", "NS", "ANY", "PTR", "NULL"])
def test_nothing_else_is_asked_of_a_server(kind: str) -> None:
    assert record_asked(dns.message.make_query("a.example", kind).to_wire()) is None


@pytest.mark.parametrize("query", [b"", b"x" * 12, bytes(12), b"\0" * 400])
def test_what_is_no_question_is_none(query: bytes) -> None:
    assert record_asked(query) is None


def test_a_name_that_no_host_has_is_not_asked_for() -> None:
    for name, kind in (
        ("_a._tcp", "SRV"),
        ("x y.a.example", "TXT"),
        ("_x.a.example", "MX"),
        ("a.example", "TXT"),
    ):
        reply = found({}, name, kind)
        assert (reply.rcode(), reply.answer) == (Rcode.NOERROR, [])
