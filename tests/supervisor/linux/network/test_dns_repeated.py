"""What is answered without being read again is what reading it again would give."""

import socket

import dns.message
import pytest
import trio

from nono.supervisor.faults import Faults
from nono.supervisor.linux.network.dns_answers import answer
from nono.supervisor.linux.network.dns_repeated import Repeated
from nono.supervisor.linux.network.dns_stub import serve
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

NAMES = [
    *("host.example", "HOST.example", "localhost", "a.localhost", "x.invalid", "x.onion", "."),
    *("here.example", "1.0.18.198.in-addr.arpa", "a b.example", "1.2.3.4"),
]
LATER = bytes.fromhex("beef")


def queries(name: str) -> list[bytes]:
    made = [dns.message.make_query(name, kind, use_edns=False) for kind in ("A", "AAAA", "TXT")]
    made += [dns.message.make_query(name, kind, use_edns=True) for kind in ("A", "AAAA", "ANY")]
    made.append(dns.message.make_query(name, "A", rdclass="CH"))
    wires = [each.to_wire() for each in made]
    return [*wires, wires[0][:-1], wires[0] + b"x", wires[0][:2] + b"\x81" + wires[0][3:], b"x"]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_words_have_the_same_answer(name: str) -> None:
    names = SyntheticNames(lambda host: ("127.0.0.1",) if host == "here.example" else ())
    repeated, known = Repeated(names), 0
    for query in queries(name):
        assert repeated.answer(query) is None
        reply = answer(query, names)
        if reply is None:
            continue
        repeated.note(query, reply)
        again = LATER + query[2:]
        found = repeated.answer(again)
        assert found in (None, answer(again, names))
        known += found is not None
    assert known == (4 if name.lower() == "host.example" else 0)


def test_what_a_name_means_may_become_another() -> None:
    here: dict[str, tuple[str, ...]] = {}
    names = SyntheticNames(lambda host: here.get(host, ()))
    repeated, query = Repeated(names), queries("host.example")[0]
    here["host.example"] = ("127.0.0.1",)
    on_loopback = answer(query, names)
    assert on_loopback
    here.clear()  # just then
    repeated.note(query, on_loopback)
    assert repeated.answer(query) is None
    reply = answer(query, names)
    assert reply
    assert reply != on_loopback
    repeated.note(query, reply)
    assert repeated.answer(query) == reply
    here["host.example"] = ("127.0.0.1",)
    assert repeated.answer(query) is None


def test_not_all_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nono.supervisor.linux.network.dns_repeated._MAX_KNOWN", 3)
    names = SyntheticNames()
    repeated = Repeated(names)
    asked = [queries(f"h{number}.example")[0] for number in range(10)]
    for query in asked:
        reply = answer(query, names)
        assert reply
        repeated.note(query, reply)
    assert sum(repeated.answer(query) is not None for query in asked) in range(1, 4)


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
    known, other = (dns.message.make_query(name, "A").to_wire() for name in ("a.b", "c.d"))
    again, names, faults = LATER + known[2:], SyntheticNames(), Faults()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, listener, names, lambda *_: True, faults)
            for questions in (
                [known],  # not known yet
                [again],
                [again, other, again],
                [again] * 5,
                [other, known],
            ):
                client = asked_at_once(listener, framed(*questions))
                answers = [answer(each, names) or b"" for each in questions]
                assert await everything(client) == framed(*answers)
            for part in (1, 2, 7):  # what is not whole is not answered
                client = asked_at_once(listener, framed(again)[:-part])
                assert await everything(client) == b""
            too_long = (4097).to_bytes(2) + again
            assert await everything(asked_at_once(listener, too_long)) == b""
            nursery.cancel_scope.cancel()
    assert faults.texts == []
