"""Reading a chain of records: whatever was done to it is found, and where. See `chain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgpack

from nono.broker.audit.chain import EMPTY, MAX_BODY, Seal
from nono.broker.dataclass import dataclass
from nono.broker.digest import sha256
from nono.broker.enumeration import Enum
from nono.broker.errors import InvalidRecord
from nono.broker.named_tuple import NamedTuple

_UNREADABLE = (msgpack.exceptions.UnpackException, ValueError)


def is_last(record: bytes) -> bool:
    """Whether these bytes are the last record of a session that ended properly. Checks nothing."""
    try:
        body, _ = msgpack.unpackb(record)
        return msgpack.unpackb(body, unicode_errors="surrogateescape")[2] is True
    except (*_UNREADABLE, TypeError, LookupError):
        return False


class Damage(InvalidRecord):
    """The chain is broken at the record with this number, counted from 0."""

    def __init__(self, position: int, what: str) -> None:
        super().__init__(f"record {position}: {what}")
        self.position = position
        self.what = what


class Link(NamedTuple):
    """A record whose place in the chain was checked. `seal` is what the seal was after it."""

    is_last: bool
    content: object
    seal: Seal


def links(chunks: Iterable[bytes]) -> Iterator[Link]:
    """Every record in turn, from the first. Raises Damage where the chain is broken.

    A record that lacks its end is not given: it may be one that was being written.
    """
    seal, closed = EMPTY, False
    for record, end in _records(chunks):
        if closed:
            raise Damage(seal.records, "it stands behind the last one")
        link = _checked(record, seal, end)
        yield link
        seal, closed = link.seal, link.is_last


def _records(chunks: Iterable[bytes]) -> Iterator[tuple[object, int]]:
    """What msgpack reads, and where it ends."""
    unpacker = _unpacker()
    count = 0
    for chunk in chunks:
        try:
            unpacker.feed(chunk)
            for record in unpacker:
                yield record, unpacker.tell()
                count += 1
        except _UNREADABLE:
            raise Damage(count, "it cannot be read") from None


def _unpacker() -> msgpack.Unpacker:
    return msgpack.Unpacker(
        max_buffer_size=2 * MAX_BODY,
        max_bin_len=MAX_BODY,
        max_array_len=2,
        max_str_len=0,
        max_map_len=0,
        max_ext_len=0,
    )


def _checked(record: object, before: Seal, end: int) -> Link:
    number = before.records
    match record:
        case [bytes(body), bytes(digest)]:
            pass
        case _:
            raise Damage(number, "it is not a record")
    if sha256(body).digest() != digest:
        raise Damage(number, "it was changed")
    try:
        link = msgpack.unpackb(body, unicode_errors="surrogateescape")
    except _UNREADABLE:
        raise Damage(number, "it cannot be read") from None
    match link:
        case [bytes(previous), int(place), bool(is_last), content]:
            pass
        case _:
            raise Damage(number, "it is not a record")
    if place != number:
        raise Damage(number, f"record {place} stands in its place")
    if previous != before.digest:
        raise Damage(number, "the one before it was changed")
    return Link(is_last, content, Seal(number + 1, end, before.size, digest))


class Ending(Enum):
    """How the records end. The value is for people."""

    CLOSED = "the session ended and every record is there"
    OPEN = "nono was killed or still runs; every record up to then is there"
    STOPPED = "nothing more could be written; every record up to then is there"
    EMPTY = "nothing was recorded (a full disk?), or all of it was emptied"
    CUT = "records are missing at the end"
    DAMAGED = "the records are not as they were written"


@dataclass(frozen=True, slots=True)
class Verification:
    """`count` records are good; the next one is not, if there is `damage`."""

    count: int
    ending: Ending
    digest: bytes
    damage: str = ""

    @property
    def is_intact(self) -> bool:
        return self.ending in (Ending.CLOSED, Ending.OPEN, Ending.STOPPED)


def verify(chunks: Iterable[bytes], seal: bytes) -> Verification:
    """Check a whole chain, given in pieces of any size, against its seal. Never raises.

    It finds what was changed, removed, added or moved, and where.
    """
    before = now = EMPTY
    closed = False
    size = 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for chunk in chunks:
            size += len(chunk)
            yield chunk

    try:
        for link in links(counted()):
            before, now, closed = now, link.seal, link.is_last
        if not size and not seal:
            return Verification(0, Ending.EMPTY, now.digest)
        sealed = Seal.unpack(seal)
    except InvalidRecord as error:
        return Verification(now.records, Ending.DAMAGED, now.digest, str(error))
    ending, damage = _ending(before, now, sealed, closed, size)
    what = f"record {now.records}: {damage}" if damage else ""
    return Verification(now.records, ending, now.digest, what)


def _ending(before: Seal, now: Seal, sealed: Seal, closed: bool, size: int) -> tuple[Ending, str]:
    """How good records end, of which the last two left the seals `before` and `now`."""
    if now.records < sealed.records:
        if size >= sealed.size:
            return Ending.DAMAGED, "it cannot be read"
        return Ending.CUT, f"it is missing: {sealed.records} were written, {now.records} are there"
    # nono may have been killed between a record and its seal.
    if sealed._replace(stopped=False) not in (now, before):
        return Ending.DAMAGED, "it is not the end that the seal tells of"
    if not closed:
        return (Ending.STOPPED if sealed.stopped else Ending.OPEN), ""
    if size > now.size:
        return Ending.DAMAGED, "it stands behind the last one"
    return Ending.CLOSED, ""
