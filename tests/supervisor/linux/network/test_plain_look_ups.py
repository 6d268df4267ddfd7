"""What is read by the strict reader, and answered by it, is what the complete one gives."""

import socket
import struct

import dns.flags
import dns.message
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.network import look_ups
from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.dns_answers import answer
from nono.supervisor.linux.network.dns_stub import serve
from nono.supervisor.linux.network.plain_look_ups import plain_answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames
from tests.supervisor.linux.network.queries import label, record, wire

NAMES = [
    *("host.example", "HOST.example", "localhost", "a.localhost", "x.invalid", "x.onion", "."),
    *("here.example", "1.0.18.198.in-addr.arpa", "a b.example", "1.2.3.4", "a.0x1f", "-a.example"),
    *("_a._tcp.example", "a-.example", "a." * 120 + "example", ".".join(["x" * 63] * 4)[:253]),
]
ANSWERED = {"host.example", "HOST.example", "_a._tcp.example"} | set(NAMES[-2:])


def here(host: str) -> tuple[str, ...]:
    return ("127.0.0.1",) if host == "here.example" else ()


def check(query: bytes) -> bytes | None:
    """Whatever is answered plainly is answered as the complete reader does, from the same start."""
    names, same = SyntheticNames(here), SyntheticNames(here)
    found = plain_answer(query, names, here)
    assert found in (None, answer(query, same))
    return found


def queries(name: str) -> list[bytes]:
    made = [dns.message.make_query(name, kind, use_edns=False) for kind in ("A", "AAAA", "TXT")]
    made += [dns.message.make_query(name, kind, use_edns=True) for kind in ("A", "AAAA", "ANY")]
    made.append(dns.message.make_query(name, "A", rdclass="CH"))
    made.append(dns.message.make_query(name, "A", use_edns=True, want_dnssec=True, payload=4096))
    made.append(dns.message.make_query(name, "A", flags=dns.flags.AD))
    made.append(dns.message.make_query(name, "A", flags=dns.flags.TC))
    made.append(dns.message.make_query(name, "A", use_edns=1))
    wires = [each.to_wire() for each in made]
    return [*wires, wires[0][:-1], wires[0] + b"x", wires[0][:2] + b"\x81" + wires[0][3:], b"x"]


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_questions_are_answered_and_others_left(name: str) -> None:
    found = [check(query) is not None for query in queries(name)]
    assert sum(found) == (6 if name in ANSWERED else 0)


QUESTION = label(b"a") + b"\0\0\1\0\1"
OPT = record(41)


def counted(body: bytes, *counts: int) -> bytes:
    return struct.pack("!6H", 7, 0, *counts) + body


@pytest.mark.parametrize(
    "query",
    [
        *(bytes(length) for length in range(14)),
        counted(QUESTION * 2, 2, 0, 0, 0),
        counted(QUESTION + OPT * 2, 1, 0, 0, 2),
        counted(QUESTION + record(1), 1, 1, 0, 0),
        counted(QUESTION + record(16), 1, 0, 0, 1),
        counted(QUESTION + record(41, owner=label(b"a") + b"\0"), 1, 0, 0, 1),
        counted(QUESTION + OPT[:-1], 1, 0, 0, 1),
        counted(QUESTION + OPT + b"\0", 1, 0, 0, 1),
        counted(b"\xc0\x0c\0\1\0\1", 1, 0, 0, 0),
        counted(label(b"a") + b"\xc0\x0c\0\1\0\1", 1, 0, 0, 0),
        counted(b"\x40" + b"a" * 64 + b"\0\0\1\0\1", 1, 0, 0, 0),
        counted(label(b"a.b") + b"\0\0\1\0\1", 1, 0, 0, 0),
        counted(label(b"a") * 127 + b"\1a\0\0\1\0\1", 1, 0, 0, 0),
        counted(b"\0\0\1\0\1", 1, 0, 0, 0),
        counted(QUESTION + OPT + bytes(512), 1, 0, 0, 1),
    ],
)
def test_what_is_odd_is_left(query: bytes) -> None:
    assert check(query) is None


@given(st.binary(max_size=600))
def test_arbitrary_bytes(query: bytes) -> None:
    check(query)


EDITS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 3), st.binary(max_size=3)), max_size=3
)


@given(
    st.sampled_from(["A", "AAAA", "PTR", "ANY"]),
    st.sampled_from([False, 0, 1]),
    st.sampled_from(["example.org", "a.b", "x." * 100 + "y"]),
    EDITS,
)
def test_damaged_queries(
    kind: str, edns: int, name: str, edits: list[tuple[int, int, bytes]]
) -> None:
    query = dns.message.make_query(name, kind, use_edns=edns).to_wire()
    for start, removed, put in edits:
        query = query[:start] + put + query[start + removed :]
    check(query)


@given(
    st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=6),
    st.sampled_from([1, 28, 16, 255]),
    st.sampled_from([1, 255]),
    st.integers(0, 0xFFFF),
)
def test_arbitrary_names(labels: list[bytes], kind: int, of_class: int, flags: int) -> None:
    check(wire(b"".join(map(label, labels)) + b"\0", kind, of_class, flags))


@given(st.text("abcXYZ019-_", min_size=1, max_size=63), st.booleans())
def test_hosts(name: str, edns: bool) -> None:
    query = dns.message.make_query(f"{name}.org", "A", use_edns=edns).to_wire()
    assert (check(query) is None) == (name[0] == "-" or name[-1] == "-")


def test_what_is_read_has_a_bound() -> None:
    query = dns.message.make_query("a.b", "A", use_edns=True, pad=512).to_wire()
    assert len(query) == look_ups.MAX_QUESTION
    assert check(query)
    longer = query[:-2] + b"\1\0" + query[-2:]
    assert check(longer) is None


def test_without_an_address_left_it_is_the_complete_one_s() -> None:
    class Used(SyntheticNames):
        def address_of(self, host: str) -> None:
            return None

    query = dns.message.make_query("a.b", "A").to_wire()
    assert plain_answer(query, Used(), here) is None


def asked_at_once(listener: socket.socket, data: bytes) -> socket.socket:
    """A client whose questions are there before it is accepted."""
    client = socket.create_connection(listener.getsockname())
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    client.setblocking(False)
    return client


async def everything(client: socket.socket) -> bytes:
    received = b""
    with trio.fail_after(30), trio.socket.from_stdlib_socket(client) as stream:
        while more := await stream.recv(4096):
            received += more
    return received


def framed(*messages: bytes) -> bytes:
    return b"".join(len(each).to_bytes(2) + each for each in messages)


async def test_what_is_asked_before_a_client_is_accepted_is_answered_once_and_in_order() -> None:
    plain, odd = (dns.message.make_query(name, "A").to_wire() for name in ("a.b", "localhost"))
    names, faults = SyntheticNames(), Faults()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, listener, names, lambda *_: True, faults)
            for questions in ([plain], [plain, odd, plain], [plain] * 5, [odd, plain]):
                client = asked_at_once(listener, framed(*questions))
                answers = [answer(each, names) or b"" for each in questions]
                assert await everything(client) == framed(*answers)
            for part in (1, 2, 7):  # what is not whole is not answered
                client = asked_at_once(listener, framed(plain)[:-part])
                assert await everything(client) == b""
            too_long = (4097).to_bytes(2) + plain
            assert await everything(asked_at_once(listener, too_long)) == b""
            nursery.cancel_scope.cancel()
    assert faults.texts == []
