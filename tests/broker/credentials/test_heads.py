"""The strict reader of HTTP/1.1, and h11 beside it: what h11 refuses, it refuses."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker.credentials import heads
from nono.broker.credentials.bodies import body
from nono.broker.credentials.heads import CHUNKED, MAX_FIELDS, MAX_HEAD, NotHTTP

_HOST = b"Host: a\r\n"
_GET = b"GET /x HTTP/1.1\r\n"


def _ours(data: bytes, role: str = "request") -> tuple[object, ...]:
    """What is read of a message: first line, fields, body, and what follows. Raises NotHTTP."""
    end = heads.end_of_head(data)
    if end < 0:
        raise NotHTTP("no head")
    first: tuple[object, ...]
    if role == "request":
        request = heads.request(data[:end])
        first, fields = (request.method, request.target), request.fields
        reading = body(request.length or 0)
    else:
        answer = heads.response(data[:end], b"GET")
        if answer.status < 200:
            return (answer.status, answer.reason), answer.fields
        first, fields = (answer.status, answer.reason), answer.fields
        reading = body(answer.length)
    text = reading.feed(data[end:])
    if not reading.is_whole:
        reading.end()
    return first, _plain(fields), text, reading.rest


def _theirs(data: bytes, role: str = "request") -> tuple[object, ...]:
    """The same by h11. Raises h11.RemoteProtocolError."""
    side = h11.Connection(h11.SERVER if role == "request" else h11.CLIENT)
    if role == "answer":
        side.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        side.send(h11.EndOfMessage())
    side.receive_data(data)
    first, text = None, b""
    ended = False
    while True:
        event = side.next_event()
        if event is h11.NEED_DATA:
            if ended:
                raise h11.RemoteProtocolError("it breaks off")
            side.receive_data(b"")
            ended = True
        elif isinstance(event, (h11.Request, h11.Response, h11.InformationalResponse)):
            first = event
            if isinstance(event, h11.InformationalResponse):
                return (event.status_code, event.reason), list(event.headers)
        elif isinstance(event, h11.Data):
            text += bytes(event.data)
        else:
            break
    rest = side.trailing_data[0]
    if isinstance(first, h11.Request):
        return (first.method, first.target), _plain(list(first.headers)), text, rest
    assert isinstance(first, h11.Response)
    return (first.status_code, first.reason), _plain(list(first.headers)), text, rest


def _plain(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """h11 joins what is folded by one space, and writes codings in small letters."""
    return [
        (name, value.lower() if name == b"transfer-encoding" else b" ".join(value.split()))
        for name, value in fields
        # Of two it leaves out the one that does not count.
    ]


_PIECES = (
    *(b"GET", b"POST", b"get", b" ", b"  ", b"\t", b"/x", b"*", b"http://a/", b"a:1", b"HTTP/1.1"),
    *(b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"\r\n", b"\r\n", b"\r\n\r\n", b"\n", b"\n\n", b"\r"),
    *(b"Host: a\r\n", b"Host:a", b"Host : a\r\n", b"Host: b\r\n", b": x\r\n", b"X: \0\r\n"),
    *(b"X: a\r\n b\r\n", b"X:\r\n", b"X\r\n", b"X: \xff\r\n", b"X: \x01\r\n", b"X: \x7f\r\n"),
    *(b"Content-Length: 3\r\n", b"Content-Length: +3\r\n", b"Content-Length: 3, 3\r\n"),
    *(b"Content-Length: 0x3\r\n", b"Content-Length:\r\n", b"Content-Length: -1\r\n"),
    *(b"Content-Length: 3_0\r\n", b"Content-Length: \xb2\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: Chunked\r\n"),
    *(b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked, chunked\r\n"),
    *(b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer_Encoding: chunked\r\n"),
    *(b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Upgrade: websocket\r\n"),
    *(
        b"abc",
        b"3\r\nabc\r\n",
        b"3;x=y\r\nabc\r\n",
        b"3 \r\nabc\r\n",
        b"03\r\nabc\r\n",
        b"3\nabc\n",
    ),
    *(b"0\r\n\r\n", b"0\r\nT: x\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n", b"-3\r\n", b"0x3\r\n"),
    *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 204 No\r\n", b"HTTP/1.1 099 x\r\n", b"HTTP/1.1 200\r\n"),
    *(b"HTTP/1.1 304 x\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 2000 x\r\n", b"HTTP/1.1 103 x\r\n"),
)
_SOUND_REQUESTS = (
    _GET + _HOST + b"\r\n",
    _GET + _HOST + b"X: a\r\n\tb\r\n\r\n",
    b"POST /x HTTP/1.1\r\n" + _HOST + b"Content-Length: 3\r\n\r\nabc",
    b"POST /x HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\n\r\n",
    b"GET /x HTTP/1.0\r\n\r\n",
)
_SOUND_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nabc",
    b"HTTP/1.1 204 None\r\n\r\n",
    b"HTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n",
)


@st.composite
def _messages(draw: st.DrawFn, sound: tuple[bytes, ...]) -> bytes:
    data = draw(st.sampled_from((*sound, b"")))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(data)))
        until = at + draw(st.sampled_from((0, 0, 1, 8)))
        piece = draw(st.sampled_from(_PIECES) | st.binary(max_size=2))
        data = data[:at] + piece + data[until:]
    return data


def _agree(data: bytes, role: str) -> None:
    try:
        ours = _ours(data, role)
    except NotHTTP:
        return
    assert ours == _theirs(data, role)


@settings(max_examples=1500, deadline=None)
@given(_messages(_SOUND_REQUESTS))
@example(b"GET /x HTTP/1.1\r\nHost: a\r\n \r\n\r\n")
@example(b"GET /X:\r\n HTTP/1.1\r\nHost: a\r\n\r\n")
def test_a_request_that_is_read_is_read_as_h11_reads_it(data: bytes) -> None:
    _agree(data, "request")


@settings(max_examples=1500, deadline=None)
@given(_messages(_SOUND_ANSWERS))
@example(b"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Length: +3\r\n\r\n")
@example(b"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3, 3\r\n\r\n")
def test_an_answer_that_is_read_is_read_as_h11_reads_it(data: bytes) -> None:
    _agree(data, "answer")


@pytest.mark.parametrize("data", _SOUND_REQUESTS)
def test_sound_requests_are_read(data: bytes) -> None:
    assert _ours(data) == _theirs(data)


@pytest.mark.parametrize("data", _SOUND_ANSWERS)
def test_sound_answers_are_read(data: bytes) -> None:
    assert _ours(data, "answer") == _theirs(data, "answer")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /x HTTP/1.1\nHost: a\n\n\r\n\r\n", 400),
        (_GET + b"\r\n", 400),
        (_GET + _HOST + _HOST + b"\r\n", 400),
        (b"GET /x HTTP/1.0\r\n" + _HOST + _HOST + b"\r\n", 400),
        (b"GET  /x HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
        (b"GET /x\0 HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
        (b"GET /x HTTP/2.0\r\n" + _HOST + b"\r\n", 400),
        (b"GET /x\r\n\r\n", 400),
        (b"\r\n" + _GET + _HOST + b"\r\n", 400),
        (b" " + _GET + _HOST + b"\r\n", 400),
        (b"GET /X:\r\n HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
        (_GET + b" X: folded into the first line\r\n" + _HOST + b"\r\n", 400),
        (_GET + _HOST + b"X: a\rb\r\n\r\n", 400),
        (_GET + _HOST + b"X: a\nb\r\n\r\n", 400),
        (_GET + _HOST + b"X: a\0b\r\n\r\n", 400),
        (_GET + _HOST + b"X: a\x01b\r\n\r\n", 400),
        (_GET + _HOST + b"X : a\r\n\r\n", 400),
        (_GET + _HOST + b"X\r\n\r\n", 400),
        (_GET + _HOST + b": a\r\n\r\n", 400),
        (_GET + _HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (_GET + _HOST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (_GET + _HOST + b"Content-Length: +3\r\n\r\nabc", 400),
        (_GET + _HOST + b"Content-Length: \r\n\r\nabc", 400),
        (_GET + _HOST + b"Content-Length: 9" + b"9" * 30 + b"\r\n\r\n", 400),
        (_GET + _HOST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (_GET + _HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (_GET + _HOST + b"Transfer-Encoding: identity\r\n\r\n", 501),
        (_GET + _HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (_GET + _HOST + b"X: y\r\n" * MAX_FIELDS + b"\r\n", 431),
        (_GET + _HOST + b"X: " + b"y" * MAX_HEAD + b"\r\n\r\n", 431),
        (_GET + b"y" * (MAX_HEAD + 1), 431),
    ],
)
def test_what_is_not_written_as_it_should_be(data: bytes, status: int) -> None:
    with pytest.raises(NotHTTP) as refused:
        _ours(data)
    assert refused.value.status == status


def test_a_length_beside_chunks_does_not_count_in_an_answer() -> None:
    read = heads.response(
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET"
    )
    assert read.length == CHUNKED and read.announced is None and not read.keeps


@pytest.mark.parametrize("status", [103, 204, 304])
def test_these_answers_have_no_body(status: int) -> None:
    head = b"HTTP/1.1 %d x\r\nContent-Length: 3\r\n\r\n" % status
    assert heads.response(head, b"GET").length == 0
    assert heads.response(b"HTTP/1.1 200 x\r\nContent-Length: 3\r\n\r\n", b"HEAD").announced == 3


@pytest.mark.parametrize("data", [b"\x16\x03\x01", b"\r\n", b" GET", b"GET\t/", b"\xff", b"PRI@"])
def test_what_no_request_begins_with_is_told_at_once(data: bytes) -> None:
    with pytest.raises(NotHTTP):
        heads.check_beginning(data)
    for end in range(len(_GET)):
        heads.check_beginning(_GET[:end])


def test_what_is_in_no_head_is_told_before_its_end() -> None:
    """By whatever pieces it comes in; and of heads that can be read, nothing is."""
    for sound in (*_SOUND_REQUESTS, *_SOUND_ANSWERS):
        head = sound[: sound.index(b"\r\n\r\n") + 4]
        for end in range(len(head)):
            for known in range(end + 1):
                heads.check_begun(head[:end], known)
    for wrong in (b"a\nb", b"a\rb", b"\nb", b"a\r\rb", b"a\0b", b"a\x7fb", b"\r\n\nb"):
        seen = [known for known in range(len(wrong)) if _is_told(wrong[: known + 1], known)]
        assert seen, wrong


def _is_told(data: bytes, known: int) -> bool:
    try:
        heads.check_begun(data, known)
    except NotHTTP:
        return True
    return False


@given(st.binary(max_size=40).filter(lambda name: b":" not in name), st.binary(max_size=40))
def test_what_is_written_is_one_head_or_known_not_to_be(name: bytes, value: bytes) -> None:
    head = heads.written(b"GET / HTTP/1.1", [(b"Host", b"a"), (name, value)])
    if heads.is_request(head):
        read = heads.request(head)
        assert read.fields[1] == (name.lower(), value.strip(b" \t"))
        assert len(read.fields) == 2
