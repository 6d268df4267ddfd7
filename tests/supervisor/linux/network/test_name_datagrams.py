"""Who asks for a name by a datagram, and what is no question."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.network.look_ups import cut_short
from nono.supervisor.linux.network.name_datagrams import NameDatagrams, answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

KINDS = ("A", "AAAA", "TXT", "MX", "ANY")


@given(st.binary(max_size=600) | st.binary(max_size=40).map(lambda end: bytes(5) + b"\1" + end))
def test_odd_bytes_have_no_answer_or_a_short_one(message: bytes) -> None:
    reply = answer(message, SyntheticNames())
    assert reply is None or (reply[:2] == message[:2] and len(reply) <= 512 + 16)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_as_a_complete_reader_has_it(kind: str) -> None:
    asked = dns.message.make_query("A.Example", kind, use_edns=0, id=9)
    reply = answer(asked.to_wire(), SyntheticNames())
    assert reply is not None
    found = dns.message.from_wire(reply)
    assert found.id == 9
    is_whole = kind in ("A", "AAAA")
    assert bool(found.flags & dns.flags.TC) != is_whole
    assert [len(each) for each in found.answer] == ([1] if kind == "A" else [])


def test_a_reply_is_no_question() -> None:
    reply = dns.message.make_response(dns.message.make_query("a.example", "A"))
    assert cut_short(reply.to_wire()) is None


def test_it_ends_with_nothing_left_open() -> None:
    before = {*os.listdir("/proc/self/fd")}
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    place = sock.getsockname()
    serving = NameDatagrams(sock, lambda message: message[::-1] or None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        for _ in range(2000):  # more than there is room for
            asking.sendto(b"", place)
        assert _reply(asking, place) == b"ba"
    serving.close()
    assert {*os.listdir("/proc/self/fd")} == before
    assert "nono-names" not in {each.name for each in threading.enumerate()}


def _reply(asking: socket.socket, place: tuple[str, int]) -> bytes:
    """Asked again where it was lost, as programs do."""
    for _ in range(100):
        asking.sendto(b"ab", place)
        with contextlib.suppress(TimeoutError):
            return asking.recv(10)
    return b""
