"""Who is told of every decision as it is made: an audit, or who learns what a program needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from nono.broker import Ask, Deny, Origin, Request, Verdict


class Witness(Protocol):
    """Told from any thread, before the call is performed or refused.

    `every_call` asks for the calls of the fast lane as well. While `refuses` is true every call is
    refused; `may_refuse` says whether it ever will be. The methods may raise OSError, which is what
    the call then fails with.
    """

    @property
    def every_call(self) -> bool: ...

    @property
    def refuses(self) -> bool: ...

    @property
    def may_refuse(self) -> bool: ...

    def decision(self, request: Request, decided: Request, verdict: Verdict) -> None:
        """The policy's verdict on `decided`, which is `request` or stands for it."""

    def native(self, request: Request, refused: Deny | Ask | None = None) -> None:
        """A call that the floor alone decides, `refused` or not."""

    def unresolved(self, host: str, why: str) -> None:
        """A host has no known address."""


class Sharing(Protocol):
    """A witness that also lets another part of nono write down what it does: an audit."""

    def share(self, make: Callable[[], Any]) -> Any:
        """What was made by the first who asked, and writes from now on; None where it cannot."""

    def packed_origin(self, origin: Origin) -> bytes:
        """As what was made has to write it."""

    def packed_request(self, request: Request) -> bytes:
        """The same of what was decided."""
