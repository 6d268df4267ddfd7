"""TLS with services, each verified, and begun with what the last connection left.

Beginning with the session of another connection is half the work of a whole handshake, but nobody
shows a certificate in it. So nothing is used for longer than an hour: neither sessions, nor the
authorities that were read, nor connections; and no session behind the end of its certificate.
"""

from __future__ import annotations

import math
import os
import socket
import ssl
import time
from typing import Final

import trio

from nono.broker.credentials.services import Service, Upstream
from nono.broker.visible import visible

_MAX_AGE: Final = 3600.0
_MAX_SESSIONS: Final = 64
"""Of one service: so many connections may end before others begin."""
_RESUMING_SECONDS: Final = 10.0
"""How long a service may take to go on with a session, before it is asked without."""


class NotResumed(Exception):
    """A service did not go on with a session. It may do without, on another connection."""


class Encryption:
    """That of one run. Sessions are kept by the names of services."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._since = 0.0
        """When it was made: seconds since the epoch, which go on while the machine sleeps."""
        self._reading = trio.Lock()
        self._sessions: dict[str, list[tuple[ssl.SSLSession, float]]] = {}
        """One for each connection that ended, with the end of the certificate that was shown."""
        self._refusing: set[str] = set()
        """Services that do not go on with sessions."""

    async def begin(self, sock: socket.socket, service: Service, *, anew: bool) -> ssl.SSLSocket:
        """A connection whose service was verified; `anew` without a session.

        Raises NotResumed, and OSError. `sock` is closed then.
        """
        encrypted: socket.socket = sock
        session: ssl.SSLSession | None = None
        try:
            context = await self._verifying()
            is_refused = anew or service.name in self._refusing
            session = None if is_refused else self._left(service.name)
            sock.setblocking(False)
            encrypted = made = context.wrap_socket(
                sock,
                server_hostname=service.upstream.host,
                do_handshake_on_connect=False,
                # An end that the service did not sign is none: RFC 9112 section 9.8.
                suppress_ragged_eofs=False,
                session=session,
            )
            with trio.fail_after(_RESUMING_SECONDS if session else math.inf):
                await _shake_hands(made)
        except ssl.SSLCertVerificationError:
            encrypted.close()
            raise
        except (OSError, trio.TooSlowError):
            encrypted.close()
            if session is None:
                raise
            raise NotResumed from None
        except BaseException:
            encrypted.close()
            raise
        if anew:
            self._offer_none(service)
        return made

    def broken_off(self, service: Service, encrypted: ssl.SSLSocket) -> None:
        """The service ended the connection before the end of an answer.

        In TLS 1.3 our handshake is over before a service has decided about what was offered.
        """
        if encrypted.session_reused:
            self._offer_none(service)

    def _offer_none(self, service: Service) -> None:
        self._refusing.add(service.name)
        self._sessions.pop(service.name, None)

    def leave(self, service: Service, encrypted: ssl.SSLSocket) -> None:
        """The connection is used no more: what it knows can begin the next one."""
        session = encrypted.session
        if session is None or not session.has_ticket or service.name in self._refusing:
            return
        certificate = encrypted.getpeercert()
        if certificate and self.is_fresh(encrypted):
            end = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
            left = self._sessions.setdefault(service.name, [])
            if len(left) < _MAX_SESSIONS:
                left.append((session, end))

    def is_fresh(self, encrypted: ssl.SSLSocket) -> bool:
        """Whether it was verified by the authorities that count now."""
        return encrypted.context is self._context and not self._is_old

    @property
    def _is_old(self) -> bool:
        return not 0 <= time.time() - self._since < _MAX_AGE

    def _left(self, name: str) -> ssl.SSLSession | None:
        """A session, to be used once: one that does not work is not tried again."""
        left = self._sessions.get(name)
        session, end = left.pop() if left else (None, 0.0)
        return session if time.time() < end else None

    async def _verifying(self) -> ssl.SSLContext:
        async with self._reading:
            context = self._context
            if context is None or self._is_old:
                since = time.time()
                # Reading the machine's certificates takes a while. SSL_CERT_FILE names others.
                context = await trio.to_thread.run_sync(_context)
                self._sessions.clear()  # which can be used with the old one only
                self._context, self._since = context, since
            return context


def failure(upstream: Upstream, cause: OSError) -> str:
    """Why no connection was begun, for people."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        named = os.environ.get("SSL_CERT_FILE")
        trusted = "certificates of your own: export SSL_CERT_FILE=/PATH before nono"
        if named:
            lacks = "" if os.path.isfile(named) else ", which is not there"
            trusted = f"what is trusted is SSL_CERT_FILE={visible(named)}{lacks}"
        why = f"the certificate of {upstream.host} cannot be verified: {cause.verify_message}"
        return f"{why}; {trusted}"
    return f"{upstream.authority} does not speak TLS as it should"


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    # So that only reading ever waits for writing, and not the other way round.
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


async def _shake_hands(encrypted: ssl.SSLSocket) -> None:
    while True:
        try:
            encrypted.do_handshake()
            return
        except ssl.SSLWantReadError:
            await trio.lowlevel.wait_readable(encrypted)
        except ssl.SSLWantWriteError:
            await trio.lowlevel.wait_writable(encrypted)
