"""What the lane in C is told of ports of this machine, where hosts are known by their names.

Programs talk to the same servers all the time. The second connect to a port on loopback is decided
on here, apart. One that the policy opens is connected to by the lane whoever listens there. Of one
of the sandbox's own it is told who listens now; it connects the next ones while nobody else does,
which it finds out each time anew, as `own_ports.py` does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from nono.broker import OWN_OBJECT, Allow, Connect
from nono.broker.requests import RecordedProcess
from nono.shims.linux import inet_diag
from nono.shims.linux.lane import Lane, Place, place_name
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.own.own_ports import OwnPort

if TYPE_CHECKING:
    from nono.supervisor.decisions.witness import Sharing
    from nono.supervisor.linux.calls.own.own_objects import OwnObjects

_NOBODY = RecordedProcess(0, "", ())
_LOOPBACK = "127.0.0.1"
_OPENED = frozenset((_LOOPBACK, "::1"))
"""Only for opened ports: of an own one the address is made anew, and one of IPv6 has more to it."""
_NAME_SERVER = 53
"""The port on loopback by which names are looked up."""
_MAX_ASKED = 64


class KnownPorts:
    """Used from the loop's thread."""

    def __init__(
        self, lane: Lane, decisions: Decisions, own: OwnObjects, sharing: Sharing | None
    ) -> None:
        self._lane = lane
        self._decisions = decisions
        self._own = own
        self._sharing = sharing
        self._asked: set[Place] = set()

    def note(self, place: Place) -> None:
        """A connect there was left. To be called before it is decided on."""
        if place in self._asked:
            self._learn(place)
            return
        if len(self._asked) >= _MAX_ASKED:
            self._asked.clear()
        self._asked.add(place)

    def _learn(self, place: Place) -> None:
        host, port = place_name(place)
        if host not in _OPENED or port == _NAME_SERVER:
            return
        request = Connect(_NOBODY, host, port)
        decided, verdict = self._decisions.verdict(request)
        if isinstance(verdict, Allow):
            # Where all the rest is allowed, what is the sandbox's own is told of as that.
            if decided is request and self._decisions.policy.network.rest is None:
                self._tell(place, request, verdict)
        elif host == _LOOPBACK and inet_diag.is_told():
            self._learn_own(place, host, port)

    def _learn_own(self, place: Place, host: str, port: int) -> None:
        try:
            listeners = OwnPort(self._own, host, port).listeners()
        except OSError:
            return
        request = Connect(_NOBODY, host, port, own=True)
        decided, verdict = self._decisions.verdict(request)
        if not listeners or decided is not request:
            return
        if isinstance(verdict, Allow) and verdict.rule is OWN_OBJECT:
            self._tell(place, request, verdict, listeners)

    def _tell(
        self,
        place: Place,
        request: Connect,
        allowed: Allow,
        listeners: Collection[int] = (),
    ) -> None:
        told = b"", b""
        if self._sharing is not None:
            origin = allowed.rule.origin
            told = self._sharing.packed_request(request), self._sharing.packed_origin(origin)
        self._lane.allow_place(place, request.address.encode(), *told, listeners=listeners)

    def forget(self) -> None:
        """Policy or floor is another one."""
        self._asked.clear()
