"""The server name that a TLS client asks for, out of the first bytes that it sends.

RFC 8446 section 5.1 (records) and 4.1.2 (ClientHello), RFC 6066 section 3 (server_name). Nothing
here is lenient: two readers that understand one hello differently are a way around the policy, so
a hello that is not exactly as the standard says is no hello.
"""

from __future__ import annotations

from typing import Final

from nono.broker.dataclass import dataclass

MAX_HANDSHAKE: Final = 64 * 1024
"""Bytes of a ClientHello, its header included; real ones have less than 4096."""

_HANDSHAKE: Final = 22  # ContentType
_CLIENT_HELLO: Final = 1  # HandshakeType
_HOST_NAME: Final = 0  # NameType
_SERVER_NAME: Final = 0  # ExtensionType
_ENCRYPTED_CLIENT_HELLO: Final = 0xFE0D  # ExtensionType, RFC 9849
_VERSIONS: Final = frozenset({0x0301, 0x0302, 0x0303})  # TLS 1.0 to 1.2; 1.3 looks like 1.2
_RECORD_HEADER: Final = 5
_MESSAGE_HEADER: Final = 4
_MAX_FRAGMENT: Final = 2**14
_MAX_NAME: Final = 255  # bytes of a domain name: RFC 1035 section 2.3.4


@dataclass(frozen=True, slots=True)
class Hello:
    """A whole ClientHello was read."""

    server_name: str | None
    """The host name as it was sent, printable ASCII; None when the hello has none."""
    encrypted: bool
    """True when the hello carries another one that only the server can read (or noise that
    looks the same): RFC 9849. Its name may differ from this one."""


@dataclass(frozen=True, slots=True)
class NotTls:
    """The bytes do not begin with a well-formed ClientHello."""

    reason: str


class HelloReader:
    """Reads one connection's first bytes in pieces of any size; bounded, and never raises.

    Each byte is looked at once or twice, however small the pieces and the records are.
    """

    def __init__(self) -> None:
        self._wire = bytearray()  # of a record that is not complete
        self._message = bytearray()
        self._result: Hello | NotTls | None = None

    def feed(self, data: bytes) -> Hello | NotTls | None:
        """Take the next bytes. None: more are needed. Once there is a result, it stays.

        What follows the record that ends the hello is not looked at: it is early data or
        part of the next flight, which belongs to the same connection.
        """
        if self._result is None:
            self._wire += data
            try:
                self._result = self._read_records()
            except _Malformed as error:
                self._result = NotTls(str(error))
            if self._result is not None:
                self._wire.clear()
                self._message.clear()
        return self._result

    def _read_records(self) -> Hello | None:
        start = 0
        while (fragment := _fragment(self._wire, start)) is not None:
            start += _RECORD_HEADER + len(fragment)
            self._message += fragment
            if _is_complete(self._message):
                return _hello(bytes(self._message))
        del self._wire[:start]
        return None


class _Malformed(Exception):
    """Its text is the reason, in the words of the standard."""


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise _Malformed(reason)


def _fragment(wire: bytearray, start: int) -> bytes | None:
    """The handshake bytes of the record at `start`; None when it is not complete.

    Each field of the header is judged as soon as it is there: who speaks another protocol and
    waits for an answer gets one.
    """
    header = wire[start : start + _RECORD_HEADER]
    _require(header[:1] in (b"", bytes([_HANDSHAKE])), "the first bytes are no TLS handshake")
    if len(header) >= 3:
        version = int.from_bytes(header[1:3], "big")
        _require(version in _VERSIONS, f"a record of the unknown version {version:#06x}")
    if len(header) < _RECORD_HEADER:
        return None
    length = int.from_bytes(header[3:], "big")
    _require(0 < length <= _MAX_FRAGMENT, f"a record of {length} bytes")
    start += _RECORD_HEADER
    return bytes(wire[start : start + length]) if len(wire) - start >= length else None


def _is_complete(message: bytearray) -> bool:
    _require(message[0] == _CLIENT_HELLO, "the first handshake message is no ClientHello")
    if len(message) < _MESSAGE_HEADER:
        return False
    length = _MESSAGE_HEADER + int.from_bytes(message[1:_MESSAGE_HEADER], "big")
    _require(length <= MAX_HANDSHAKE, f"a ClientHello of {length} bytes")
    # RFC 8446 section 5.1: it ends where its record ends.
    _require(len(message) <= length, "bytes after the ClientHello in its record")
    return len(message) == length


class _Fields:
    """The fields of a structure one after another, in the notation of RFC 8446 section 3."""

    def __init__(self, data: bytes, what: str) -> None:
        self._data = data
        self._what = what
        self._at = 0

    def opaque(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        _require(len(taken) == length, f"{self._what} ends too early")
        self._at += length
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.opaque(size), "big")

    def vector(self, size: int, shortest: int, longest: int) -> bytes:
        """`opaque data<shortest..longest>`, whose length has `size` bytes."""
        length = self.number(size)
        _require(shortest <= length <= longest, f"a vector of {length} bytes in {self._what}")
        return self.opaque(length)

    def more(self) -> bool:
        return self._at < len(self._data)

    def end(self) -> None:
        _require(not self.more(), f"bytes after the end of {self._what}")


def _hello(message: bytes) -> Hello:
    fields = _Fields(message[_MESSAGE_HEADER:], "the ClientHello")
    version = fields.number(2)
    _require(version in _VERSIONS, f"a ClientHello of the unknown version {version:#06x}")
    fields.opaque(32)  # random
    fields.vector(1, 0, 32)  # legacy_session_id
    _require(len(fields.vector(2, 2, 2**16 - 2)) % 2 == 0, "half a cipher suite")
    fields.vector(1, 1, 2**8 - 1)  # legacy_compression_methods
    if not fields.more():  # TLS 1.2 and before: RFC 5246 section 7.4.1.2
        return Hello(None, encrypted=False)
    extensions = _extensions(fields.vector(2, 0, 2**16 - 1))
    fields.end()
    name = extensions.get(_SERVER_NAME)
    return Hello(
        None if name is None else _host_name(name),
        encrypted=_ENCRYPTED_CLIENT_HELLO in extensions,
    )


def _extensions(data: bytes) -> dict[int, bytes]:
    fields = _Fields(data, "the list of extensions")
    extensions: dict[int, bytes] = {}
    while fields.more():
        kind = fields.number(2)
        _require(kind not in extensions, f"two extensions of the type {kind}")
        extensions[kind] = fields.vector(2, 0, 2**16 - 1)
    return extensions


def _host_name(extension: bytes) -> str:
    """`ServerNameList` with its only member: a second `host_name` is forbidden, and no other
    type of name was ever defined.
    """
    fields = _Fields(extension, "the server_name extension")
    names = _Fields(fields.vector(2, 1, 2**16 - 1), "the list of server names")
    fields.end()
    _require(names.number(1) == _HOST_NAME, "a server name that is no host_name")
    name = names.vector(2, 1, _MAX_NAME)
    _require(not names.more(), "more than one server name")
    _require(all(0x21 <= byte <= 0x7E for byte in name), "a server name that is not ASCII")
    return name.decode("ascii")
