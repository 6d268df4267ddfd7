"""The server name in a ClientHello: what real clients send, and everything else."""

from __future__ import annotations

import itertools
import ssl
import struct
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.network.client_hello import MAX_HANDSHAKE, Hello, HelloReader, NotTls

SERVER_NAME, ALPN, ECH = 0, 16, 0xFE0D


def real_hello(
    host: str | None,
    alpn: Iterable[str] = (),
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> bytes:
    """The first flight of Python's own TLS client."""
    context = ssl.create_default_context()
    context.check_hostname = host is not None
    context.maximum_version = newest
    if alpn:
        context.set_alpn_protocols(list(alpn))
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=host)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


REAL = [
    (real_hello("api.openai.com"), "api.openai.com"),
    (real_hello("API.OpenAI.com", alpn=["h2", "http/1.1"]), "API.OpenAI.com"),
    (real_hello("pypi.org", newest=ssl.TLSVersion.TLSv1_2), "pypi.org"),
    (real_hello("b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example"), "xn--bcher-kva.example"),
    (real_hello(None), None),
    (real_hello("127.0.0.1"), None),
]


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size, "big") + data


def extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + vector(2, data)


def server_name(*names: bytes, kind: int = 0) -> bytes:
    listed = b"".join(bytes([kind]) + vector(2, name) for name in names)
    return extension(SERVER_NAME, vector(2, listed))


def hello(
    *extensions: bytes,
    version: int = 0x0303,
    session: bytes = b"",
    ciphers: bytes = b"\x13\x01",
    compression: bytes = b"\0",
    rest: bytes | None = None,
) -> bytes:
    """A ClientHello message; `rest` is what stands in place of the list of extensions."""
    body = version.to_bytes(2, "big") + bytes(32) + vector(1, session) + vector(2, ciphers)
    body += vector(1, compression)
    body += vector(2, b"".join(extensions)) if rest is None else rest
    return b"\x01" + vector(3, body)


def record(fragment: bytes, version: int = 0x0301, kind: int = 22) -> bytes:
    return struct.pack(">BHH", kind, version, len(fragment)) + fragment


def read(data: bytes) -> Hello | NotTls | None:
    return HelloReader().feed(data)


def reason(data: bytes) -> str:
    result = read(data)
    assert isinstance(result, NotTls), result
    return result.reason


@pytest.mark.parametrize(("data", "name"), REAL)
def test_a_real_client(data: bytes, name: str | None) -> None:
    assert read(data) == Hello(name, encrypted=False)
    assert read(data[:-1]) is None
    # What comes after it (a change of cipher, early data) is not looked at.
    assert read(data + record(b"\x01", 0x0303, kind=20) + b"\xff" * 9) == read(data)


@given(st.sampled_from(REAL), st.data())
def test_any_pieces_of_a_real_hello(real: tuple[bytes, str | None], data: st.DataObject) -> None:
    whole, name = real
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1))))
    reader = HelloReader()
    for start, end in zip([0, *cuts], cuts, strict=False):
        assert reader.feed(whole[start:end]) is None
    assert reader.feed(whole[cuts[-1] if cuts else 0 :]) == Hello(name, encrypted=False)


@given(st.sampled_from(REAL), st.data())
def test_a_hello_in_several_records(real: tuple[bytes, str | None], data: st.DataObject) -> None:
    message, name = real[0][5:], real[1]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(message) - 1), max_size=40)))
    edges = [0, *cuts, len(message)]
    records = [record(message[a:b]) for a, b in itertools.pairwise(edges)]
    assert read(b"".join(records)) == Hello(name, encrypted=False)
    assert read(b"".join(records[:-1])) is None


def test_one_byte_at_a_time() -> None:
    for whole, name in REAL:
        reader = HelloReader()
        results = [reader.feed(whole[at : at + 1]) for at in range(len(whole))]
        assert results == [None] * (len(whole) - 1) + [Hello(name, encrypted=False)]
        assert reader.feed(b"more") == results[-1]


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    assert isinstance(read(data), Hello | NotTls | None)
    if data[:1] not in (b"", b"\x16"):
        assert isinstance(read(data), NotTls)


@given(st.binary(max_size=300), st.data())
def test_any_bytes_in_a_record(body: bytes, data: st.DataObject) -> None:
    whole = record(b"\x01" + vector(3, body))
    expected = read(whole)
    assert expected is not None
    cut = data.draw(st.integers(0, len(whole)))
    reader = HelloReader()
    assert (reader.feed(whole[:cut]), reader.feed(whole[cut:]))[1] == expected


@given(st.sampled_from(REAL), st.integers(0), st.integers(0, 255))
def test_one_wrong_byte_never_makes_another_reading(
    real: tuple[bytes, str | None], place: int, value: int
) -> None:
    """It is the name with one byte changed, no name, no TLS, or a hello that is not complete."""
    whole, name = bytearray(real[0]), real[1]
    whole[place % len(whole)] = value
    result = read(bytes(whole))
    if isinstance(result, Hello) and result.server_name is not None and name is not None:
        assert len(result.server_name) == len(name)
        assert sum(a != b for a, b in zip(result.server_name, name, strict=True)) <= 1


@given(st.binary(min_size=1, max_size=300))
def test_a_name_is_read_as_it_was_sent(name: bytes) -> None:
    result = read(record(hello(server_name(name))))
    if len(name) <= 255 and all(0x21 <= byte <= 0x7E for byte in name):
        assert result == Hello(name.decode("ascii"), encrypted=False)
    else:
        assert isinstance(result, NotTls)


def test_hellos_without_a_name() -> None:
    none = Hello(None, encrypted=False)
    assert read(record(hello(rest=b""))) == none  # TLS 1.0, without extensions
    assert read(record(hello(version=0x0301))) == none
    assert read(record(hello(extension(ALPN, vector(2, b"\x02h2"))))) == none


def test_an_encrypted_hello_is_told() -> None:
    both = hello(server_name(b"front.example"), extension(ECH, b"\0" + bytes(40)))
    assert read(record(both)) == Hello("front.example", encrypted=True)


OTHER_PROTOCOLS = {
    "http": b"GET / HTTP/1.1\r\nHost: api.openai.com\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.9\r\n",
    "sslv2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
    "alert": record(b"\x02\x28", kind=21),
    "application data": record(b"x" * 20, kind=23),
}


@pytest.mark.parametrize("protocol", OTHER_PROTOCOLS)
def test_another_protocol_is_told_from_its_first_byte(protocol: str) -> None:
    assert "no TLS handshake" in reason(OTHER_PROTOCOLS[protocol])
    assert "no TLS handshake" in reason(OTHER_PROTOCOLS[protocol][:1])


GOOD = server_name(b"good.example")
MALFORMED = {
    "record of version 3.0": record(hello(GOOD), version=0x0300),
    "record of version 3.4": record(hello(GOOD), version=0x0304),
    "record of version 2": record(hello(GOOD), version=0x0002),
    "empty record": record(b"") + record(hello(GOOD)),
    "empty record inside": record(hello(GOOD)[:9]) + record(b"") + record(hello(GOOD)[9:]),
    "record too long": b"\x16\x03\x01\x40\x01",
    "other record inside": record(hello(GOOD)[:9]) + record(b"\x01", kind=20),
    "other message": record(b"\x02" + hello(GOOD)[1:]),
    "hello too long": record(b"\x01" + (MAX_HANDSHAKE - 3).to_bytes(3, "big")),
    "bytes after the hello": record(hello(GOOD) + b"\0"),
    "two hellos in a record": record(hello(GOOD) * 2),
    "hello of version 3.0": record(hello(GOOD, version=0x0300)),
    "hello of version 3.4": record(hello(GOOD, version=0x0304)),
    "session of 33 bytes": record(hello(GOOD, session=bytes(33))),
    "no cipher": record(hello(GOOD, ciphers=b"")),
    "half a cipher": record(hello(GOOD, ciphers=b"\x13\x01\x13")),
    "no compression": record(hello(GOOD, compression=b"")),
    "half a length": record(hello(rest=b"\0")),
    "extensions beyond the hello": record(hello(rest=b"\x00\x10" + GOOD)),
    "hello beyond the extensions": record(hello(rest=vector(2, GOOD) + b"\0")),
    "half an extension": record(hello(GOOD, b"\0\x10\0")),
    "extension too long": record(hello(GOOD, b"\0\x10\0\x05\0")),
    "two server_name extensions": record(hello(GOOD, GOOD)),
    "two other extensions": record(hello(GOOD, extension(ALPN, b""), extension(ALPN, b""))),
    "empty extension": record(hello(extension(SERVER_NAME, b""))),
    "empty list": record(hello(extension(SERVER_NAME, vector(2, b"")))),
    "empty name": record(hello(server_name(b""))),
    "two names": record(hello(server_name(b"good.example", b"evil.example"))),
    "another type of name": record(hello(server_name(b"good.example", kind=1))),
    "name beyond the list": record(hello(extension(SERVER_NAME, vector(2, b"\0\0\x09good")))),
    "list beyond the extension": record(hello(extension(SERVER_NAME, b"\0\x0a\0\0\x04good"))),
    "extension beyond the list": record(
        hello(extension(SERVER_NAME, vector(2, b"\0\0\x04good") + b"\0"))
    ),
    "name with a NUL": record(hello(server_name(b"good.example\0.evil.example"))),
    "name with a space": record(hello(server_name(b"good.example "))),
    "name in UTF-8": record(hello(server_name("\N{LATIN SMALL LETTER U}\u0308.example".encode()))),
    "name of 256 bytes": record(hello(server_name(b"a" * 256))),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed(case: str) -> None:
    assert reason(MALFORMED[case])
    reader = HelloReader()
    results = [reader.feed(MALFORMED[case][i : i + 1]) for i in range(len(MALFORMED[case]))]
    assert results[-1] == read(MALFORMED[case])


def test_the_longest_hello_and_a_longer_one() -> None:
    def of_length(length: int) -> list[bytes]:
        padding = length - len(hello(extension(21, b""), GOOD))
        message = hello(extension(21, bytes(padding)), GOOD)
        assert len(message) == length
        return [record(message[at : at + 2**14]) for at in range(0, length, 2**14)]

    # Its extensions have a length of two bytes, which is less than the limit for the whole.
    longest = of_length(MAX_HANDSHAKE - 8)
    assert read(b"".join(longest)) == Hello("good.example", encrypted=False)
    assert "ClientHello of" in reason(record(b"\x01" + MAX_HANDSHAKE.to_bytes(3, "big")))


def test_a_result_stays() -> None:
    endless = record(hello(GOOD)[:4] + bytes(100)) + b"\x16\x03\x01\x00\x00"
    reader = HelloReader()
    assert isinstance(reader.feed(endless), NotTls)
    assert reader.feed(record(hello(GOOD))) == read(endless)
