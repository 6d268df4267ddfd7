"""Heads of answers, made anew, and known again when the same bytes come for the same request."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest

from nono.broker.credentials.heads import NotHTTP
from nono.broker.credentials.services import own_service
from nono.supervisor.credentials import told as telling
from nono.supervisor.credentials.issued import Issued
from nono.supervisor.credentials.judged import Judge, Judged
from nono.supervisor.credentials.told import Teller
from nono.supervisor.credentials.upstreams import UpstreamFailure
from tests.supervisor.credentials.fake import REAL_KEY

_END = b"\r\n\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2"


def _teller(first: bytes = b"GET /t/api/x HTTP/1.1", *fields: bytes) -> Teller:
    issued = Issued([own_service("t", "http://localhost:1/api", "env://K", "K")], {"K": REAL_KEY})
    token = b"Authorization: Bearer " + issued.tokens["t"]
    judged = Judge(issued, 99).judge(b"\r\n".join((first, b"Host: a", token, *fields)) + _END)
    assert isinstance(judged, Judged)
    return judged.teller


def test_a_head_is_known_again_by_all_of_its_bytes() -> None:
    teller = _teller()
    head = _OK + b"\r\nX: " + REAL_KEY.encode() + _END
    first = teller.told(head)
    assert teller.told(bytes(bytearray(head))) is first
    masked = b"*" * len(REAL_KEY)
    assert first.head == b"HTTP/1.1 200 OK\r\nx: " + masked + b"\r\nContent-Length: 2" + _END
    for at in range(len(head)):
        other = head[:at] + bytes((head[at] ^ 1,)) + head[at + 1 :]
        with contextlib.suppress(NotHTTP, UpstreamFailure):
            assert teller.told(other) is not first


def test_another_request_makes_another_answer_of_the_same_head() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked" + _END
    told = [
        _teller(first, *fields).told(head)
        for first, fields in (
            (b"GET /t/api/x HTTP/1.1", ()),
            (b"GET /t/api/x HTTP/1.0", ()),
            (b"GET /t/api/x HTTP/1.1", (b"Connection: close",)),
            (b"HEAD /t/api/x HTTP/1.1", ()),
        )
    ]
    assert [each.adds_chunks for each in told] == [True, False, True, False]
    assert [each.tells_its_end for each in told] == [True, False, True, True]
    assert [each.keeps_client for each in told] == [True, False, False, True]


def test_of_many_heads_few_are_known_again() -> None:
    teller = _teller()
    for number in range(3 * telling._MAX_KNOWN):
        teller.told(_OK + b"\r\nX-Request-Id: %d" % number + _END)
    teller.told(_OK + b"\r\nX: " + b"y" * telling._MAX_LENGTH + _END)
    assert len(teller._known) == telling._MAX_KNOWN
    assert max(map(len, teller._known)) < telling._MAX_LENGTH


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip" + _END,
        b"HTTP/1.1 200 OK\r\nX: " + b"\\%" * 20_000 + _END,
        b"HTTP/1.1 200 OK\r\nX: " + b"&bsol;" * 2_000 + _END,
        b"HTTP/1.1 200 OK\r\nX: " + REAL_KEY[:9].encode() * 7_000 + _END,
        b"HTTP/1.1 200 OK" + b"".join(b"\r\nX: " + b"&bsol;" * 20 for _ in range(200)) + _END,
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket" + _END,
    ],
)
def test_what_is_refused_is_refused_again(head: bytes) -> None:
    teller = _teller()
    for _ in range(2):
        with pytest.raises(UpstreamFailure):
            teller.told(head)


_SIGNED = b"https://a.example/%2Fb%20c?X-Credential=s%2Fk%3D&X-Date=2026&X-Signature=c2%2Bs%3D"


@pytest.mark.parametrize(
    "value",
    [
        b", ".join([b'<%b>; rel="preload"' % _SIGNED] * 350),
        b"default-src 'none'; script-src " + b" ".join([b"'sha256-c2stcmU/a2V5+s%3D='"] * 900),
        b"id=" + b"a%3Db%26%6Bc%2Fd+e" * 450,
        b"id=" + quote('{"user": "sk@a.example", "roles": ["\u540d"]}' * 280).encode(),
        b"/x?title=" + quote("\u540d" * 342 + "sk-" * 1400).encode(),
    ],
    ids=["Link", "Content-Security-Policy", "Set-Cookie", "JSON in a cookie", "Location"],
)
def test_long_fields_of_honest_services_are_looked_through(value: bytes) -> None:
    """Kilobytes, with thousands of characters that may be spelt."""
    assert len(value) > 7_000 and value.count(b"%") + value.count(b"=") > 1024
    told = _teller().told(_OK + b"\r\nX: " + value + b" %73" + REAL_KEY[1:].encode() + _END)
    assert told.head.split(b"\r\n")[1] == b"x: " + value + b" " + b"*" * (len(REAL_KEY) + 2)


def test_where_a_redirect_leads_belongs_to_the_proxy_of_the_run() -> None:
    head = b"HTTP/1.1 307 There\r\nLocation: /api/y\r\nContent-Length: 0" + _END
    assert b"\r\nlocation: http://127.0.0.1:99/t/api/y\r\n" in _teller().told(head).head


def test_what_comes_before_the_final_answer_is_not_told() -> None:
    assert _teller().told(b"HTTP/1.1 103 Early Hints\r\nLink: x" + _END).head == b""


@pytest.mark.parametrize(
    "field", [b"X: " + b"\\%" * 20_000, b"Sec-WebSocket-Extensions: permessage-deflate"]
)
def test_a_websocket_that_cannot_be_looked_through_is_refused(field: bytes) -> None:
    """Nothing was offered that a service could use, and a head is looked through at once."""
    asked = b"Connection: Upgrade", b"Upgrade: websocket"
    teller = _teller(b"GET /t/api/x HTTP/1.1", *asked)
    head = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade"
    assert teller.told(head + _END).status == telling.SWITCHING
    with pytest.raises(UpstreamFailure, match=r"cannot be read|nobody asked"):
        teller.told(head + b"\r\n" + field + _END)
