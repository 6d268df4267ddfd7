"""A connected socket that never blocks, with TLS or without, and the line that it wakes."""

from __future__ import annotations

import contextlib
import select
import selectors
import socket
import ssl
import struct
from typing import Final

from nono.supervisor.credentials.poll import Line, Poll

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE
CHUNK: Final = 1 << 16
MAX_PIECES: Final = 16
"""That a connection passes on in one go, before others have their turn."""
_RECORD: Final = 1 << 14  # RFC 8446 section 5.1: one call reads no more
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # struct linger: socket(7)
_NOTHING_YET: Final = (BlockingIOError, ssl.SSLWantReadError)


class Wire:
    """`line` is whose it is; None while it is kept for another one.

    `ready` are the events that came and were not used up.
    """

    __slots__ = (
        *("_events", "_full", "_poll", "_readiness", "_sock", "_wants"),
        *("has_answered", "is_open", "line", "ready"),
    )

    def __init__(self, sock: socket.socket, poll: Poll, line: Line | None) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._poll = poll
        self._full = _RECORD if isinstance(sock, ssl.SSLSocket) else CHUNK
        self._events = 0
        self._wants = 0
        """What TLS waits for before it can read."""
        self._readiness = select.poll()
        self._readiness.register(sock, select.POLLIN)
        self.is_open = True
        self.has_answered = False
        """True once an answer came whole on it."""
        self.line = line
        self.ready = 0

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def encrypted(self) -> ssl.SSLSocket | None:
        """The socket, where it has TLS."""
        return self._sock if isinstance(self._sock, ssl.SSLSocket) else None

    @property
    def is_silent(self) -> bool:
        """False when the other side has closed it, or said something that nobody asked for."""
        if not self.is_open:
            return False
        if not self._readiness.poll(0):
            return True
        self.ready |= READ
        try:
            # TLS has messages of its own (RFC 8446 section 4.6).
            return self.receive() is None
        except OSError:
            return False

    def watch(self, events: int) -> None:
        """Wake the line when one of these is possible."""
        events |= self._wants
        if events != self._events:
            self._poll.watch(self, self._events, events)
            self._events = events

    def wake(self, events: int) -> None:
        """One of them is possible."""
        if not self.is_open:  # since a moment ago
            return
        self.ready |= events
        if self.line is not None:
            self.line.go()
        elif not self.is_silent:
            self.close()

    def receive(self) -> bytes | None:
        """What has come; empty at the end, None while there is nothing. Raises OSError."""
        if not self.ready:
            return None
        try:
            data = self._sock.recv(CHUNK)
        except _NOTHING_YET:
            self.ready = self._wants = 0
            return None
        except ssl.SSLWantWriteError:
            self.ready, self._wants = 0, WRITE
            return None
        self._wants = 0
        if len(data) < self._full:
            self.ready = 0  # the selector tells what comes later
        return data

    def send(self, data: bytes) -> bytes:
        """Send as much as can be sent now; the rest. Raises OSError."""
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return data
        return data[sent:] if sent < len(data) else b""

    def end(self) -> None:
        """Nothing more will be sent. Raises OSError."""
        self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close it so that the other side sees an error: what came was not all."""
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.close()

    def close(self) -> None:
        """At once, whatever was on its way."""
        if self.is_open:
            self.is_open = False
            if self._events:
                self._poll.watch(self, self._events, 0)
            with contextlib.suppress(OSError):
                self._sock.close()
