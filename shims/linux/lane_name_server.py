"""The name server in C, which the lane in C is for those whom it connects: lane_name_server.h.

For the thread of the lane alone.
"""

from __future__ import annotations

import socket
from typing import Any

from nono.shims.linux.libc import ffi

MAX_QUESTION = 512
"""Bytes of the longest message, also of a reply."""
_MAX_RECEIVED = 2 + MAX_QUESTION

Signature = tuple[int, ...]
"""Of the machine's hosts file: time in nanoseconds, size, inode, device. Empty: there is none."""


class LaneNameServer:
    def __init__(self, compiled: Any, listener: socket.socket) -> None:
        """`listener` listens on 127.0.0.1, does not block, and is used by nobody else."""
        self._library = compiled
        self._listener = listener
        self.pointer = ffi.new("struct name_server *")
        self.pointer.listener, self.pointer.port = listener.fileno(), listener.getsockname()[1]

    @property
    def question(self) -> bytes | None:
        """The message that is not answered yet, of the client that was returned for; None when
        there is none of a length that is read, it is not all there, or nothing can be sent."""
        length = ffi.new("uint64_t *")
        found = self._library.nono_lane_question(self.pointer, length)
        return bytes(ffi.buffer(found, length[0])) if found else None

    def reply(self, message: bytes) -> None:
        """Answer it. Its client goes on being served."""
        self._library.nono_lane_reply(self.pointer, message, len(message))

    def know(self, question: bytes, reply: bytes, hosts: Signature) -> None:
        """Answer a question so from now on, while the hosts file is this one.

        Not all that is told is kept.
        """
        found = hosts or (0, 0, 0, 0)
        if tuple(self.pointer.hosts) != found:
            self.forget()
            self.pointer.hosts = found
        words = question, len(question), reply, len(reply)
        self._library.nono_lane_know(self.pointer, *words)

    def forget(self) -> None:
        """No question is known any more."""
        self._library.nono_lane_forget_questions(self.pointer)

    def let_go(self) -> tuple[socket.socket, bytes] | None:
        """The client that was returned for, or any, and what it has said and has no answer to.

        It is the caller's from here on. None when there is none.
        """
        received, size = ffi.new(f"uint8_t[{_MAX_RECEIVED}]"), ffi.new("uint64_t *")
        fd = self._library.nono_lane_let_go(self.pointer, received, size)
        return None if fd < 0 else (socket.socket(fileno=fd), bytes(ffi.buffer(received, size[0])))

    def take(self, *, nobody: bool) -> None:
        """Whether from now on whoever looks up a name is somebody else's client."""
        self.pointer.port = 0 if nobody else self._listener.getsockname()[1]

    def close(self) -> None:
        """After the lane was closed, which closes the clients."""
        self._listener.close()
