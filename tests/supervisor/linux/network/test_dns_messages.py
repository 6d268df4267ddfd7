"""What the sandbox's name server makes of messages that no resolver sends."""

from __future__ import annotations

import struct

import dns.message
import dns.tsig
import pytest
from dns.rcode import Rcode
from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.linux.network.dns_answers import MAX_ANSWER, answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from tests.supervisor.linux.network.queries import ask, label, record, records, replied, wire

FIRST = "198.18.0.1"


def counted(body: bytes, questions: int, answers: int, authority: int, additional: int) -> bytes:
    return struct.pack("!6H", 7, 0, questions, answers, authority, additional) + body


QUESTION = label(b"a") + b"\0\0\1\0\1"
OPT = record(41)


@pytest.mark.parametrize(
    "query",
    [
        counted(b"", 0, 0, 0, 0),
        counted(b"", 1, 0, 0, 0),
        counted(QUESTION[:-1], 1, 0, 0, 0),
        counted(QUESTION + b"\0", 1, 0, 0, 0),
        counted(QUESTION * 2, 2, 0, 0, 0),
        counted(QUESTION, 65535, 0, 0, 0),
        counted(QUESTION, 1, 0, 0, 1),
        counted(QUESTION + OPT * 2, 1, 0, 0, 2),
        counted(QUESTION + record(41, owner=label(b"a") + b"\0"), 1, 0, 0, 1),
        counted(QUESTION + OPT[:-1], 1, 0, 0, 1),
        counted(QUESTION + OPT, 1, 0, 0, 0),
        counted(QUESTION + record(16) * 4, 1, 0, 0, 4),
        counted(QUESTION, 1, 65535, 65535, 65535),
        counted(b"\xc0\x0c\0\1\0\1", 1, 0, 0, 0),
        counted(b"\x40a\0\0\1\0\1", 1, 0, 0, 0),
        counted(b"\xff\xff\0\1\0\1", 1, 0, 0, 0),
    ],
)
def test_malformed_queries(query: bytes) -> None:
    expected = struct.pack("!6H", 7, 0x8080 | Rcode.FORMERR, 0, 0, 0, 0)
    assert answer(query, SyntheticNames()) == expected


def test_records_that_no_query_needs_are_not_read() -> None:
    # HIP and TSIG, whose content is none: what they say cannot cost time or be an error.
    for extra in (record(55, b"\xff" * 100), record(250, b"\xc0\x0c" * 100), OPT + record(1)):
        reply = answer(
            counted(QUESTION + extra, 1, 0, 0, 1 + extra.startswith(OPT)), SyntheticNames()
        )
        assert reply is not None
        assert records(dns.message.from_wire(reply)) == [f"A {FIRST}"]


def test_a_signed_query_gets_an_unsigned_answer() -> None:
    query = dns.message.make_query("example.org", "A")
    query.use_tsig(dns.tsig.Key("key.example", b"secret"))
    reply = replied(query)
    assert not reply.had_tsig
    assert records(reply) == [f"A {FIRST}"]


@pytest.mark.parametrize("length", range(12))
def test_without_a_header_there_is_no_reply(length: int) -> None:
    assert answer(bytes(length), SyntheticNames()) is None


def test_a_response_gets_no_reply() -> None:
    query = dns.message.make_query("example.org", "A")
    assert answer(dns.message.make_response(query).to_wire(), SyntheticNames()) is None


def check(query: bytes) -> dns.message.Message | None:
    """What holds for every message. The reply, when there is one."""
    reply = answer(query, SyntheticNames())
    if len(query) < 12 or query[2] & 0x80:
        assert reply is None
        return None
    assert reply is not None
    assert len(reply) <= min(MAX_ANSWER, 1024)
    parsed = dns.message.from_wire(reply)
    assert reply[:2] == query[:2]
    assert parsed.opcode() == query[2] >> 3 & 15
    assert parsed.flags & ~0x780F == 0x8080 | (query[2] & 1) << 8
    assert bool(parsed.answer) <= (parsed.rcode() == Rcode.NOERROR)
    return parsed


@given(st.binary(max_size=600))
def test_arbitrary_bytes(query: bytes) -> None:
    check(query)


# Headers of queries before arbitrary bytes get further than arbitrary bytes alone.
@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.binary(max_size=300))
def test_arbitrary_bytes_after_a_header(
    questions: int, authority: int, additional: int, body: bytes
) -> None:
    check(counted(body, questions, 0, authority, additional))


NAMES = st.sampled_from(
    ["example.org", "localhost", "1.0.0.127.in-addr.arpa", "1." + "0." * 31 + "ip6.arpa", "a.onion"]
)
QUERIES = st.builds(
    lambda name, kind, edns: dns.message.make_query(name, kind, use_edns=edns).to_wire(),
    NAMES,
    st.sampled_from(["A", "AAAA", "PTR", "ANY", "HTTPS", "IXFR"]),
    st.sampled_from([False, 0, 1]),
)
EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 3), st.binary(max_size=3)), max_size=4
)


@given(QUERIES, EDITS)
def test_damaged_queries(query: bytes, edits: list[tuple[int, int, bytes]]) -> None:
    for start, removed, put in edits:
        query = query[:start] + put + query[start + removed :]
    check(query)


@given(
    st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=6),
    st.integers(0, 65535),
    st.sampled_from([1, 255]),
)
def test_arbitrary_names_and_types(labels: list[bytes], kind: int, rdclass: int) -> None:
    reply = check(wire(b"".join(map(label, labels)) + b"\0", kind, rdclass))
    assert reply is not None
    assert reply.question[0].name.labels == (*labels, b"")
    if reply.answer:
        assert (
            b".".join(labels)
            .decode()
            .replace("_", "a")
            .replace("-", "a")
            .replace(".", "")
            .isalnum()
        )


@given(st.text("abcXYZ019-_", min_size=1, max_size=63), st.data())
def test_every_case_of_a_name_has_the_same_answer(name: str, data: st.DataObject) -> None:
    names = SyntheticNames()
    flips = data.draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    other = "".join(c.swapcase() if flip else c for c, flip in zip(name, flips, strict=True))
    first, second = ask(f"{name}.org", names=names), ask(f"{other}.org", names=names)
    assert first.rcode() == second.rcode()
    assert records(first) == records(second)
