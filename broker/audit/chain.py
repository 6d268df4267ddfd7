"""A chain of records: each holds the SHA-256 of the one before.

A record is one msgpack array `[body, SHA-256 of body]`, and a body
`[SHA-256 of the body before, number, is the last, content]`. Beside the records stands
a *seal*, rewritten after each of them: how many there are, where they end, and
the SHA-256 of the last. It tells a run that was killed, whose records end as the
seal says, from records that were cut off. Whoever can write both files can make
a new chain; a SHA-256 that was noted elsewhere shows that, too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from zlib import crc32

from nono.broker.digest import sha256
from nono.broker.errors import InvalidRecord
from nono.broker.named_tuple import NamedTuple
from nono.broker.packed import Packed, beginning, packed

MAX_BODY = 16 << 20
"""Bytes; the first record holds a whole policy."""
_SEAL = struct.Struct(">QQQ32s?")
_CHECK = struct.Struct(">I")


class Seal(NamedTuple):
    """`records` of them end at byte `size`, the last begins at byte `last`.

    `stopped` says that no more could be written.
    """

    records: int
    size: int
    last: int
    digest: bytes
    stopped: bool = False

    def pack(self) -> bytes:
        data = _SEAL.pack(self.records, self.size, self.last, self.digest, self.stopped)
        return data + _CHECK.pack(crc32(data))

    @staticmethod
    def unpack(data: bytes) -> Seal:
        """Raises InvalidRecord."""
        fields, check = data[: _SEAL.size], data[_SEAL.size :]
        if len(fields) != _SEAL.size or check != _CHECK.pack(crc32(fields)):
            raise InvalidRecord("the seal is missing or damaged")
        return Seal(*_SEAL.unpack(fields))


EMPTY = Seal(0, 0, 0, bytes(32))
"""Of no record."""
_OF_FOUR = beginning(4)


class Writer:
    """Makes the bytes of record after record. Used by one thread at a time."""

    def __init__(self, many: bool = False) -> None:
        self.seal = EMPTY
        """Of all records so far."""
        self._pack: Callable[[object], bytes] = packed
        if many:
            self.expect_many()

    def expect_many(self) -> None:
        """From now on `msgpack` packs, which has to be loaded and is five times as fast."""
        import msgpack

        self._pack = msgpack.Packer(unicode_errors="surrogateescape").pack

    def append(self, content: object, last: bool = False) -> bytes:
        """The next record. It counts as written."""
        seal, pack = self.seal, self._pack
        held = content if isinstance(content, Packed) else pack(content)
        body = _OF_FOUR + pack(seal.digest) + pack(seal.records) + pack(last) + held
        digest = sha256(body).digest()
        record = pack((body, digest))
        self.seal = Seal(seal.records + 1, seal.size + len(record), seal.size, digest)
        return record
