"""Datagram sockets of one sandbox: they reach each other, and nothing else of the machine.

Programs use them among themselves (Gradle, statsd, getaddrinfo(3) asking for a route), and a
datagram needs no connect(2) that could be decided. So they are made in a network namespace of the
sandbox's own, whose only interface is `lo`: there a socket stays for good, so that whatever it is
bound to or sends to, no service of the machine's is there, its DNS server among them. What asks for
a name by a datagram, as musl does whatever resolv.conf says, is answered there by nono.

Who owns a user namespace has all capabilities over it, and the program is the same user: the filter
refuses what would use them on such a socket (`shims.linux.network_administration`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import threading
from _socket import AF_INET, CMSG_LEN, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, SOCK_DGRAM, SOL_SOCKET

from nono.supervisor.errors import failure

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import socket
    from typing import Final

    from nono.supervisor.linux.network.name_datagrams import Answer, NameDatagrams
    from nono.supervisor.linux.own_process import OwnProcess

_PROGRAM: Final = os.path.join(os.path.dirname(__file__), "lo_only.py")
_SO_NETNS_COOKIE: Final = 71
_COOKIE_BYTES: Final = 8
_DESCRIPTOR: Final = struct.Struct("@i")
_NAME_SERVER: Final = 0
"""Instead of a family, for `lo_only.py`."""
_LENGTH: Final = CMSG_LEN(_DESCRIPTOR.size)


class Datagrams:
    """Starts the program that makes them when the first one is asked for. Thread-safe.

    Close it at the end of the sandbox.
    """

    def __init__(self, answer: Answer | None = None) -> None:
        """`answer` is the reply to whoever asks for a name; where there is none nobody listens."""
        self._answer = answer
        self._names: NameDatagrams | None = None
        self._lock = threading.Lock()
        self._maker: OwnProcess | None = None
        self._cookie = b""
        self.refused = 0
        """Why there are none: the errno of making the namespace."""

    @property
    def is_ready(self) -> bool:
        """True when `make` need not wait, be it to say that there are none."""
        return bool(self._cookie or self.refused)

    def start(self) -> None:
        """Make the namespace. Takes the time that Python needs to start. Raises nothing."""
        import socket  # which a start does without

        with self._lock:
            if self.is_ready:
                return
            try:
                self._start()
                with socket.socket(fileno=self._request(AF_INET)) as probe:
                    self._cookie = _cookie(probe)
                if self._answer is not None:
                    self._serve_names(self._answer)
            except OSError as error:
                self.refused = error.errno or errno.EPERM

    def make(self, family: int) -> int:
        """A new socket, as a descriptor. Raises OSError: EPROTONOSUPPORT when there are none."""
        if not self._cookie:
            raise failure(errno.EPROTONOSUPPORT)
        with self._lock:
            return self._request(family)

    def is_own(self, sock: socket.socket) -> bool:
        """True when the socket is in the sandbox's own namespace, and not in the machine's."""
        if sock.type != SOCK_DGRAM or not self._cookie:
            return False
        try:
            return _cookie(sock) == self._cookie
        except OSError:
            return False

    def _serve_names(self, answer: Answer) -> None:
        import socket

        from nono.supervisor.linux.network.name_datagrams import NameDatagrams

        sock = socket.socket(fileno=self._request(_NAME_SERVER))
        with contextlib.suppress(RuntimeError):  # no thread is left: names are asked for over TCP
            self._names = NameDatagrams(sock, answer)

    def close(self) -> None:
        if self._names is not None:
            self._names.close()
        if self._maker is not None:
            self._maker.close()

    def _start(self) -> None:
        # Only where a program makes such a socket.
        from nono.supervisor.linux.own_process import OwnProcess

        self._maker = OwnProcess(_PROGRAM)
        refused = self._maker.control.recv(1)
        if refused != b"\0":
            raise failure(refused[0] if refused else errno.EPERM)

    def _request(self, family: int) -> int:
        assert self._maker is not None
        control = self._maker.control
        try:
            control.send(bytes((family,)), MSG_NOSIGNAL)
            answer, ancillary, _, _ = control.recvmsg(1, _LENGTH, MSG_CMSG_CLOEXEC)
        except OSError:
            # What came later would be taken for the answer to another request.
            control.close()
            raise failure(errno.EPROTONOSUPPORT) from None
        for _, _, content in ancillary:
            (made,) = _DESCRIPTOR.unpack(content)
            return int(made)
        raise failure(answer[0] if answer else errno.EPROTONOSUPPORT)


def _cookie(sock: socket.socket) -> bytes:
    """What tells one network namespace from another. Raises OSError before Linux 5.14."""
    return sock.getsockopt(SOL_SOCKET, _SO_NETNS_COOKIE, _COOKIE_BYTES)
