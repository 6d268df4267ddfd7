"""The answers of the sandbox's name server, for good questions, odd ones and bad ones."""

from __future__ import annotations

import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.update
import pytest
from dns.rcode import Rcode

from nono.broker.network.look_ups import TTL
from nono.supervisor.linux.network.dns_answers import answer
from nono.supervisor.linux.network.synthetic_names import SYNTHETIC, SyntheticNames
from tests.supervisor.linux.network.queries import ask, label, records, replied, wire

FIRST = "198.18.0.1"
ABSENT = ("AAAA", "HTTPS", "SVCB", "TXT", "MX", "SRV", "NS", "SOA", "CNAME", "PTR", "CAA")
UNKNOWN = ("TYPE0", "TYPE4711", "TYPE65535")
NEVER = ("invalid", "a.invalid", "A.INVALID", "onion", "expyuzz4wqqyqhjn.onion")
ADDRESSES = ("127.0.0.1", "1.2.3.4", "10.1", "1234", "a.123", "0x7f000001")


def test_a_name_has_a_synthetic_address() -> None:
    reply = ask("api.example.org")
    assert reply.rcode() == Rcode.NOERROR
    assert records(reply) == [f"A {FIRST}"]
    assert reply.answer[0].ttl == TTL
    assert reply.flags == dns.flags.QR | dns.flags.RA | dns.flags.RD
    assert (reply.authority, reply.additional, reply.edns) == ([], [], -1)


def test_flags_of_the_query_that_promise_nothing_are_not_repeated() -> None:
    query = dns.message.make_query("example.org", "A")
    query.flags = dns.flags.AD | dns.flags.CD | dns.flags.AA | dns.flags.TC | dns.flags.RA
    assert replied(query).flags == dns.flags.QR | dns.flags.RA


def test_each_name_has_its_own_address_in_every_spelling() -> None:
    names = SyntheticNames()
    for spelling in ("example.org", "EXAMPLE.org", "eXaMpLe.OrG."):
        reply = ask(spelling, names=names)
        assert records(reply) == [f"A {FIRST}"]
        asked = dns.name.from_text(spelling)
        # Names are equal in any case, their bytes are not (draft-vixie-dnsext-dns0x20).
        assert reply.question[0].name.labels == asked.labels
        assert reply.answer[0].name.labels == asked.labels
    assert records(ask("example.com", names=names)) == ["A 198.18.0.2"]
    assert names.host_of(FIRST) == "example.org"


@pytest.mark.parametrize("kind", ABSENT + UNKNOWN)
def test_every_other_type_of_a_name_is_absent(kind: str) -> None:
    reply = ask("example.org", kind)
    assert reply.rcode() == Rcode.NOERROR
    assert (reply.answer, reply.authority) == ([], [])
    assert dns.rdatatype.to_text(reply.question[0].rdtype) == kind


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
def test_there_are_no_transfers(kind: str) -> None:
    assert ask("example.org", kind).rcode() == Rcode.REFUSED


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "a.localhost", "a.b.LOCALHOST"])
def test_localhost_is_this_machine(name: str) -> None:
    assert records(ask(name, "A")) == ["A 127.0.0.1"]
    assert records(ask(name, "AAAA")) == ["AAAA ::1"]
    assert records(ask(name, "ANY")) == ["A 127.0.0.1", "AAAA ::1"]
    reply = ask(name, "MX")
    assert (reply.rcode(), reply.answer) == (Rcode.NOERROR, [])


@pytest.mark.parametrize("name", ["localhost", "a.localhost"])
def test_localhost_of_a_machine_that_has_it_for_ipv4_alone(name: str) -> None:
    names = SyntheticNames(lambda host: ("127.0.0.1",) if host == "localhost" else ())
    assert records(ask(name, "A", names)) == ["A 127.0.0.1"]
    assert (ask(name, "AAAA", names).rcode(), records(ask(name, "AAAA", names))) == (0, [])


def test_a_name_that_the_machine_has_for_itself_is_this_machine() -> None:
    here = {"dev.test": ("127.0.0.1", "::1", "127.0.0.2"), "four.test": ("127.0.1.1",)}
    names = SyntheticNames(lambda host: here.get(host, ()))
    assert records(ask("dev.test", "A", names)) == ["A 127.0.0.1"]
    assert records(ask("Dev.Test", "AAAA", names)) == ["AAAA ::1"]
    assert records(ask("four.test", "A", names)) == ["A 127.0.1.1"]
    assert records(ask("four.test", "AAAA", names)) == []
    assert records(ask("other.test", "A", names)) == [f"A {FIRST}"]


@pytest.mark.parametrize("name", NEVER + ADDRESSES)
@pytest.mark.parametrize("kind", ["A", "AAAA", "ANY", "TXT"])
def test_names_that_never_exist(name: str, kind: str) -> None:
    names = SyntheticNames()
    reply = ask(name, kind, names)
    assert (reply.rcode(), reply.answer) == (Rcode.NXDOMAIN, [])
    assert names.host_of(FIRST) is None


@pytest.mark.parametrize("name", ["xinvalid", "invalid.org", "onion.example", "notlocalhost"])
def test_names_that_only_look_like_the_special_ones(name: str) -> None:
    assert records(ask(name)) == [f"A {FIRST}"]


@pytest.mark.parametrize("name", ["_dmarc.example.org", "a_b", "xn--bcher-kva.example", "a-b.c--d"])
def test_names_that_hosts_may_have(name: str) -> None:
    assert records(ask(name)) == [f"A {FIRST}"]


@pytest.mark.parametrize(
    "odd",
    [
        b"a.b",
        b"a\0b",
        b"\0",
        b"a b",
        b"a/b",
        b"a:80",
        b"a%b",
        b"*",
        b"a@b",
        b"b\xc3\xbccher",
        b"\xff",
        b"a\n",
        b"-a",
        b"a-",
        b"a\\.b",
        b"\xe2\x84\xaa",
    ],
)
def test_labels_that_no_host_has(odd: bytes) -> None:
    names = SyntheticNames()
    for name in (label(odd), label(odd) + label(b"org"), label(b"www") + label(odd)):
        reply = answer(wire(name + b"\0"), names)
        assert reply is not None
        assert dns.message.from_wire(reply).rcode() == Rcode.NXDOMAIN
    assert names.host_of(FIRST) is None


def test_the_longest_names() -> None:
    longest = (label(b"a" * 63) * 3) + label(b"b" * 61)
    for name, code in (
        (longest + b"\0", Rcode.NOERROR),
        (longest + label(b"c") + b"\0", Rcode.FORMERR),
    ):
        reply = answer(wire(name), SyntheticNames())
        assert reply is not None
        assert dns.message.from_wire(reply).rcode() == code


def test_the_root_exists_and_has_nothing() -> None:
    for kind in ("A", "NS", "ANY"):
        reply = ask(".", kind)
        assert (reply.rcode(), reply.answer) == (Rcode.NOERROR, [])


def test_any_gives_the_address() -> None:
    assert records(ask("example.org", "ANY")) == [f"A {FIRST}"]


def test_an_address_that_was_given_away_tells_its_name() -> None:
    names = SyntheticNames()
    ask("Example.Org", names=names)
    reply = ask("1.0.18.198.in-addr.arpa", "PTR", names)
    assert records(reply) == ["PTR example.org."]
    assert records(ask("1.0.18.198.IN-ADDR.ARPA", "PTR", names)) == ["PTR example.org."]
    reply = ask("1.0.18.198.in-addr.arpa", "A", names)
    assert (reply.rcode(), reply.answer) == (Rcode.NOERROR, [])


@pytest.mark.parametrize("name", ["1.0.0.127.in-addr.arpa", "1." + "0." * 31 + "ip6.arpa"])
def test_the_loopback_addresses_are_localhost(name: str) -> None:
    assert records(ask(name, "PTR")) == ["PTR localhost."]


@pytest.mark.parametrize(
    "name",
    [
        "2.0.18.198.in-addr.arpa",
        "8.8.8.8.in-addr.arpa",
        "2.0.0.127.in-addr.arpa",
        "01.0.18.198.in-addr.arpa",
        "1.0.0.18.198.in-addr.arpa",
        "18.198.in-addr.arpa",
        "in-addr.arpa",
        "ip6.arpa",
        "999.0.18.198.in-addr.arpa",
        "x.0.18.198.in-addr.arpa",
        "1" + ".0" * 30 + ".ip6.arpa",
        "2." + "0." * 31 + "ip6.arpa",
        "1.0.0.0.2.1.6.c." + "f." * 4 + "0." * 20 + "ip6.arpa",
    ],
)
@pytest.mark.parametrize("kind", ["PTR", "A"])
def test_other_addresses_have_no_name(name: str, kind: str) -> None:
    names = SyntheticNames()
    assert names.address_of("example.org") == FIRST
    assert ask(name, kind, names).rcode() == Rcode.NXDOMAIN
    assert names.address_of("example.com") == "198.18.0.2"


@pytest.mark.parametrize("labels", [[b"\xff"] * 4, [b"1.2", b"0", b"18", b"198"], [b"\0"] * 4])
def test_odd_labels_in_a_reverse_name(labels: list[bytes]) -> None:
    name = dns.name.Name((*labels, b"in-addr", b"arpa", b""))
    assert ask(name, "PTR").rcode() == Rcode.NXDOMAIN


def test_when_all_addresses_are_used() -> None:
    names = SyntheticNames()
    for number in range(len(SYNTHETIC)):
        names.address_of(str(number))
    assert ask("example.org", names=names).rcode() == Rcode.SERVFAIL
    assert records(ask("localhost", names=names)) == ["A 127.0.0.1"]


@pytest.mark.parametrize(("rdclass", "code"), [("CH", Rcode.NOTIMP), ("HS", Rcode.NOTIMP)])
def test_classes(rdclass: str, code: Rcode) -> None:
    reply = replied(dns.message.make_query("version.bind", "TXT", rdclass))
    assert (reply.rcode(), reply.answer) == (code, [])


def test_the_class_any() -> None:
    reply = replied(dns.message.make_query("example.org", "A", "ANY"))
    assert records(reply) == [f"A {FIRST}"]
    assert (reply.question[0].rdclass, reply.answer[0].rdclass) == (255, 1)


@pytest.mark.parametrize("opcode", range(1, 16))
def test_other_operations(opcode: int) -> None:
    reply = answer(wire(label(b"a") + b"\0", flags=opcode << 11 | 0x0100), SyntheticNames())
    assert reply == struct.pack("!6H", 7, 0x8180 | opcode << 11 | Rcode.NOTIMP, 0, 0, 0, 0)


def test_an_update() -> None:
    update = dns.update.UpdateMessage("example.org")
    update.add("a", 300, "A", "10.0.0.1")
    assert replied(update).rcode() == Rcode.NOTIMP


def test_edns() -> None:
    options: list[dns.edns.Option] = [
        dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"12345678")
    ]
    query = dns.message.make_query("example.org", "A", want_dnssec=True, options=options)
    reply = replied(query)
    assert records(reply) == [f"A {FIRST}"]
    assert (reply.edns, reply.ednsflags, reply.options) == (0, dns.flags.DO, ())
    assert replied(dns.message.make_query("example.org", "A", use_edns=0)).ednsflags == 0


def test_a_later_edns() -> None:
    reply = replied(dns.message.make_query("example.org", "A", use_edns=1))
    assert (reply.rcode(), reply.edns, reply.answer) == (Rcode.BADVERS, 0, [])
