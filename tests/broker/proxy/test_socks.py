"""SOCKS5 as a server hears it: what is wanted, and what is answered, bytes in and bytes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.proxy.socks import handshake
from nono.broker.proxy.targets import Target

HELLO = b"\x05\x01\x02"
LOGIN = b"\x01\x04nono\x05token"
SHOWN = HELLO + LOGIN
WELCOME = b"\x05\x02\x01\x00"


WAITS = Target("more", 0)


def hear(data: bytes) -> tuple[bytes, Target | None, int]:
    """What is answered to these bytes, what is wanted, and how many bytes were left.

    WAITS for what is not complete."""
    steps = handshake(lambda name, password: (name, password) == (b"nono", b"token"))
    said = b""
    try:
        step = next(steps)
        while True:
            if isinstance(step, bytes):
                said += step
                step = next(steps)
            else:
                assert 0 < step <= 255
                if len(data) < step:
                    return said, WAITS, len(data)
                taken, data = data[:step], data[step:]
                step = steps.send(taken)
    except StopIteration as end:
        target: Target | None = end.value
        return said, target, len(data)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (b"\x03\x09a.example", "a.example"),
        (b"\x03\x0aA.EXAMPLE.", "a.example"),
        (b"\x03\x09127.0.0.1", "127.0.0.1"),
        (b"\x01\xc0\x00\x02\x01", "192.0.2.1"),
        (b"\x04" + bytes(10) + b"\xff\xff\xa9\xfe\xa9\xfe", "169.254.169.254"),
        (b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01", "2001:db8::1"),
    ],
)
def test_a_request(address: bytes, host: str) -> None:
    said, target, left = hear(SHOWN + b"\x05\x01\x00" + address + b"\x01\xbbrest")
    assert (said, target, left) == (WELCOME, Target(host, 443), len(b"rest"))


REFUSED = {
    "another version": (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b""),
    "no method": (b"\x05\x00", b""),
    "no password": (b"\x05\x02\x00\x01", b"\x05\xff"),
    "another version of the password": (HELLO + b"\x05\x00\x00", b"\x05\x02"),
    "another password": (HELLO + b"\x01\x04nono\x05tokeN", b"\x05\x02\x01\x01"),
    "neither name nor password": (HELLO + b"\x01\x00\x00", b"\x05\x02\x01\x01"),
    "a request of another version": (SHOWN + b"\x04\x01\x00\x01", WELCOME),
    "something reserved": (SHOWN + b"\x05\x01\x01\x01", WELCOME),
    "BIND": (SHOWN + b"\x05\x02\x00\x01", WELCOME + b"\x05\x07\x00\x01" + bytes(6)),
    "UDP ASSOCIATE": (SHOWN + b"\x05\x03\x00\x01", WELCOME + b"\x05\x07\x00\x01" + bytes(6)),
    "a kind of address": (SHOWN + b"\x05\x01\x00\x02", WELCOME + b"\x05\x08\x00\x01" + bytes(6)),
    **{
        what: (
            SHOWN + b"\x05\x01\x00\x03" + bytes((len(name),)) + name + port,
            WELCOME + b"\x05\x02\x00\x01" + bytes(6),
        )
        for what, name, port in (
            ("an empty name", b"", b"\x01\xbb"),
            ("a NUL", b"a\x00.example", b"\x01\xbb"),
            ("an escape", b"a%2eexample", b"\x01\xbb"),
            ("a number", b"2130706433", b"\x01\xbb"),
            ("brackets", b"[::1]", b"\x01\xbb"),
            ("userinfo", b"me@a.example", b"\x01\xbb"),
            ("a port in the name", b"a.example:80", b"\x01\xbb"),
            ("no port", b"a.example", b"\x00\x00"),
        )
    },
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_ends_it(what: str) -> None:
    data, answer = REFUSED[what]
    assert hear(data)[:2] == (answer, None)


@given(st.binary(max_size=600), st.booleans())
def test_any_bytes_end_it_or_are_waited_for(data: bytes, shown: bool) -> None:
    said, target, _ = hear((SHOWN if shown else b"") + data)
    assert len(said) <= len(WELCOME) + 10
    assert target in (None, WAITS) or said == WELCOME
