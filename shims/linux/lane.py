"""The fast lane in C, where it was compiled when nono was installed: see lane.c.

It holds no lock of the interpreter while it waits and answers, so whatever other threads do delays
no call that it answers.
"""

from __future__ import annotations

import functools
import os
import struct
from _socket import AF_INET, inet_ntop, ntohs
from collections.abc import Callable, Collection

from nono.shims.errors import failure
from nono.shims.linux.libc import ffi
from nono.shims.linux.notify import NOTIFICATION, Notification
from nono.shims.linux.syscall_classes import machine, table
from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Any

    from nono.shims.linux.lane_name_server import LaneNameServer

_LIBRARY = os.path.join(os.path.dirname(__file__), "liblane.so")
_INTERFACE = 14 << 16 | ffi.sizeof("struct lane")
_ASKED = 2
"""What is returned for a client of the name server."""


class Options:
    """What the lane may do, as numbers: the enum of the same names in lane.c."""

    TRUNCATE_IS_ASKED = 1
    CHANGES_ARE_TOLD = 2
    FOLLOWS = 4
    PERFORMS = 8
    NOTES = 16
    MAKES = 32
    CONNECTS = 64
    CONNECTS_OWN = 128


class Found:
    """What a table says of a path and an access, as numbers to be added."""

    COVERED = 1
    ALLOWED = 2
    UNSURE = 4
    BY_ITSELF = 8


@functools.cache
def library() -> tuple[Any, str]:
    """The library, or None and why there is none, for people."""
    try:
        found = ffi.dlopen(_LIBRARY)
        interface = found.nono_lane_interface()
    except (OSError, AttributeError):
        missing = not os.path.exists(_LIBRARY)
        return None, "not compiled" if missing else "cannot be loaded"
    if interface != _INTERFACE:
        return None, "compiled from another version of nono"
    return found, ""


COUNTED = ("openat", "open", "sendto", "connect")
"""The calls that are counted; of each, those let continue, those performed, those refused."""


class Counts(NamedTuple):
    """What a lane has answered so far: by COUNTED, in the order that is said there."""

    calls: tuple[int, ...]
    nanoseconds: tuple[int, ...]
    buckets: tuple[int, ...]
    """How many took how long, by the buckets of `bucket`."""


Place = bytes
"""An IP address and a port, as `struct place` has them; `place_name` tells which."""
_PLACE = struct.Struct("=HH16s")


def place_name(place: Place) -> tuple[str, int]:
    """The address as text, and the port."""
    family, port, address = _PLACE.unpack(place)
    is_4 = family == AF_INET
    # As the handler has it, which is not always as inet_ntop(3) writes it.
    host = inet_ntop(family, address[:4]) if is_4 else _ipv6(address)
    return host, ntohs(port)


def _ipv6(address: bytes) -> str:
    import ipaddress

    return str(ipaddress.IPv6Address(address))


class AskedOpen(NamedTuple):
    """An open that the table does not answer: of a canonical path, with READ, WRITE or both."""

    path: bytes
    access: int
    identity: bytes
    """Of the object, where it may be the sandbox's own: as file_identity.py has it. Or nothing."""


class Lane:
    """Receives from a listener, for one thread. Made by `made`."""

    def __init__(self, compiled: Any, listener: int, since: int = 0) -> None:
        """Rules of the floor's on files are believed of what has not changed `since` then, in
        nanoseconds of the epoch."""
        self._library = compiled
        known = table(machine())
        self._lane = ffi.new("struct lane *")
        self._lane.listener, self._lane.since = listener, since
        for name in ("kept", "descriptors", "handle_link"):
            setattr(self._lane, name, -1)
        for name in COUNTED:
            setattr(self._lane, f"nr_{name}", known[name].number if name in known else -1)
        self._call = ffi.buffer(ffi.addressof(self._lane, "call"))
        self._kept: tuple[Any, ...] = ()
        self._told: tuple[Any, ...] = ()
        self._marks: Any = None
        self._places: Any = None
        self._shared: Any = None
        self._asked: Callable[[], None] | None = None
        self._answers: Any = None
        self._counts: Any = None

    def count(self) -> None:
        """Count from now on what is answered, and how long it takes."""
        self._counts = self._lane.counts = ffi.new("struct counts *")

    @property
    def counts(self) -> Counts | None:
        """None where nothing is counted. From any thread, also once it is closed."""
        found = self._counts
        if found is None:
            return None
        return Counts(tuple(found.calls), tuple(found.nanoseconds), tuple(found.buckets))

    def use(self, flat: bytes, version: int, current: bytearray) -> None:
        """Answer by this table for as long as `current` holds the version that it is of."""
        kept = ffi.from_buffer(flat), ffi.from_buffer("uint32_t[]", current)
        self._lane.table, self._lane.current = kept
        self._lane.table_size, self._lane.version = len(flat), version
        self._kept = kept

    def tell(self, journal: Any, own: bytearray) -> None:
        """What to write down what is done in, as a pointer; and which objects may be own ones."""
        marks = ffi.from_buffer(own)
        self._lane.journal, self._lane.own = journal, marks
        self._told = journal, marks

    def connect(self, is_shared: bytearray | None = None) -> None:
        """Perform connects from now on, to what is allowed by `allow_place`.

        `is_shared` holds a number that is not 0 from before any socket of the sandbox gets
        SO_REUSEPORT. Without it each may have that.
        """
        if self._places is None:
            self._places = self._lane.places = ffi.new("struct places *")
            self._places.pidfd = self._places.diag = -1
            if is_shared is not None:
                self._shared = ffi.from_buffer("uint32_t[]", is_shared)
                self._places.is_shared = self._shared

    def lead_look_ups(self, listener: socket.socket, asked: Callable[[], None]) -> LaneNameServer:
        """Connect who looks up a name to this socket of ours from now on; after `connect`.

        `asked` is called from within `receive` for what the name server does not answer by itself.
        """
        from nono.shims.linux.lane_name_server import LaneNameServer  # only where names are known

        server = LaneNameServer(self._library, listener)
        self._places.names, self._asked = server.pointer, asked
        return server

    @property
    def asked(self) -> Place | None:
        """Where the call that was received last is to connect to, if that may be allowed."""
        places = self._places
        if places is None or not places.asked.family:
            return None
        return bytes(ffi.buffer(ffi.addressof(places, "asked")))

    @property
    def is_begun(self) -> bool:
        """The call that was received last connects already, is written down, and has to wait."""
        return self._places is not None and bool(self._places.is_begun)

    def allow_place(
        self,
        place: Place,
        about: bytes,
        request: bytes,
        origin: bytes,
        listeners: Collection[int] = (),
    ) -> None:
        """It may be connected to. An audit tells of it by these; the last two are msgpack.

        With `listeners` only while some of the sockets with these cookies listen on the port, and
        no other one does.
        """
        if self._places is None:
            return
        made = ffi.new("struct allowed *")
        parts = {"place": place, "request": request, "origin": origin, "about": about}
        for field, value in parts.items():
            room = ffi.buffer(ffi.addressof(made, field))
            if len(value) > len(room):
                return
            room[: len(value)] = value
        made.request_length, made.about_length = len(request), len(about)
        made.origin_length = len(origin)
        if len(listeners) > len(made.cookies):
            return
        made.listeners = len(listeners)
        for number, cookie in enumerate(listeners):
            made.cookies[number] = cookie
        self._library.nono_lane_allow_place(self._places, made)

    def forget_places(self) -> None:
        """None may be connected to any more."""
        if self._places is not None:
            self._library.nono_lane_forget_places(self._places)

    def answer(self, own: bytearray) -> None:
        """Answer opens from now on by what is told by `tell_answer`; `own` as in `tell`."""
        if self._answers is None:
            marks = ffi.from_buffer(own)
            self._lane.own = marks
            self._answers = self._lane.answers = ffi.new("struct answers *")
            self._marks = marks

    @property
    def asked_open(self) -> AskedOpen | None:
        """What the call that was received last is to open, if `tell_answer` may tell of it."""
        answers = self._answers
        if answers is None or not answers.length:
            return None
        path = bytes(ffi.buffer(answers.path, answers.length))
        identity = bytes(ffi.buffer(answers.identity.bytes, answers.identity.length))
        return AskedOpen(path, answers.access, identity)

    def tell_answer(
        self, asked: AskedOpen, error: int, origin: bytes, source: int = -1
    ) -> int | None:
        """Such an open fails with an error, or with 0 is performed: of an own object.

        With a `source` what this descriptor of ours refers to is opened instead, to be read.
        An audit tells of it by the origin, which is msgpack. The number by which `answered_opens`
        counts it, which may have been another's; None where it cannot be told of.
        """
        made = ffi.new("struct answer *")
        parts = {"origin": origin, "path": asked.path}
        if any(len(part) > ffi.sizeof(getattr(made, name)) for name, part in parts.items()):
            return None
        for name, part in parts.items():
            ffi.buffer(getattr(made, name))[: len(part)] = part
        ffi.buffer(made.identity.bytes)[: len(asked.identity)] = asked.identity
        made.identity.length, made.access = len(asked.identity), asked.access
        made.length, made.origin_length, made.error = len(asked.path), len(origin), error
        made.source = source
        number: int = self._library.nono_lane_answer(self._answers, made)
        return None if number < 0 else number

    def answered_opens(self, number: int) -> int:
        """How often a refusal was given by this number so far. From any thread."""
        count: int = self._answers.known[number].count
        return count

    def forget_answers(self) -> None:
        """No open is answered by what was told before."""
        if self._answers is not None:
            self._library.nono_lane_forget_answers(self._answers)

    @property
    def is_known(self) -> bool:
        """Of the call that was received last: the floor is known not to cover it obviously."""
        return bool(self._lane.is_known)

    def allow(self, options: int) -> None:
        """What it may do from the next call on: Options, as a number."""
        self._lane.options = options

    @property
    def answered(self) -> tuple[int, int]:
        """How many calls it has let continue, and how many it has performed."""
        return self._lane.continued, self._lane.performed

    def receive(self) -> Notification | None:
        """The next call that the table does not answer; None once no process is left.

        Only after `use`. Raises OSError.
        """
        while (result := self._library.nono_lane_receive(self._lane)) == _ASKED:
            if self._asked is not None:
                self._asked()
        if result < 0:
            raise failure(-result)
        return Notification._make(NOTIFICATION.unpack(self._call)) if result else None

    def give(self, id: int, handle: int, flags: int) -> bool:
        """Open what a handle is for reading, with these flags of open(2), for the call of this id.

        False when nothing was done: the caller is gone, or it is no open of these. For the thread
        that receives, after the decision, and for a regular file or a directory.
        """
        return bool(self._library.nono_lane_give(self._lane, id, handle, flags))

    def close(self) -> None:
        """When nothing is received any more."""
        self._library.nono_lane_close(self._lane)

    def serve(self, call: Notification) -> bool:
        """Whether this call is answered; for tests, which have a listener of their own."""
        self._call[:] = NOTIFICATION.pack(*call)
        return bool(self._library.nono_lane_serve(self._lane))


def made(listener: int, since: int) -> Lane | None:
    """A lane for this listener, None where none was compiled; `since` as for `Lane`."""
    compiled, _ = library()
    return None if compiled is None else Lane(compiled, listener, since)


def look_up(flat: bytes, path: bytes, access: int, refused: int = 0) -> tuple[int, int]:
    """What the table says, as the lane reads it, and by which rule; only where there is one.

    `refused` are rights whose refusal refuses it as well. Rules are counted from 1; 0 for none.
    """
    compiled, _ = library()
    rule = ffi.new("uint32_t *")
    table = ffi.from_buffer(flat), len(flat)
    found = compiled.nono_lane_look_up(*table, path, len(path), access, refused, rule)
    return found, rule[0]


def bucket(value: int) -> int:
    """The bucket of a number of nanoseconds, as the lane counts it; only where there is one."""
    found, _ = library()
    number: int = found.nono_lane_bucket(value)
    return number
