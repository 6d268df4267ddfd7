"""The sandbox's name server for those that ask by datagrams, in the sandbox's own namespace.

A thread, since it is started in the middle of a run, by the first datagram socket. Nobody but the
sandbox's own programs reaches it, and it waits for none of them: what has no room is lost, as
datagrams are.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Callable

from nono.broker.network.look_ups import MAX_QUESTION, cut_short
from nono.supervisor.linux.network.plain_look_ups import plain_answer
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

Answer = Callable[[bytes], bytes | None]
"""The reply to a message; None for one that gets none."""


def answer(message: bytes, names: SyntheticNames) -> bytes | None:
    """What is not plain is told to be asked for over TCP, where all is answered."""
    plain = plain_answer(message, names, names.on_loopback)
    return cut_short(message) if plain is None or len(plain) > MAX_QUESTION else plain


class NameDatagrams:
    """From now on. Close it at the end. Raises RuntimeError where no thread can be started."""

    def __init__(self, sock: socket.socket, answer: Answer) -> None:
        """`sock` is at the address of the name server, and this one's to close."""
        self._socket = sock
        self._answer = answer
        self._ends = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._serve, name="nono-names", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        poll = select.poll()
        for fd in (self._socket.fileno(), self._ends):
            poll.register(fd, select.POLLIN)
        while self._ends not in {fd for fd, _ in poll.poll()}:
            with contextlib.suppress(OSError):  # nobody is there any more, or there is no room
                message, client = self._socket.recvfrom(MAX_QUESTION + 1, socket.MSG_DONTWAIT)
                if reply := self._answer(message):
                    self._socket.sendto(reply, socket.MSG_DONTWAIT, client)

    def close(self) -> None:
        os.eventfd_write(self._ends, 1)
        self._thread.join()
        os.close(self._ends)
        self._socket.close()
