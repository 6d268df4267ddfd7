"""What the lane in C is told of ports of the sandbox's own, where hosts are known by their names.

Programs talk to servers of their own all the time. The second connect to such a port is decided on
here, apart: who listens there now, and what the policy says of it. The lane connects the next ones
while nobody else listens there, which it finds out each time anew, as `own_ports.py` does.
"""

from __future__ import annotations

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
"""An IPv6 address has more to it, which a connect of ours leaves out."""
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
        if host != _LOOPBACK or port == _NAME_SERVER or not inet_diag.is_told():
            return
        request = Connect(_NOBODY, host, port)
        if isinstance(self._decisions.verdict(request)[1], Allow):
            return  # whoever listens
        try:
            listeners = OwnPort(self._own, host, port).listeners()
        except OSError:
            return
        request = Connect(_NOBODY, host, port, own=True)
        decided, verdict = self._decisions.verdict(request)
        if not listeners or decided is not request:
            return
        if not isinstance(verdict, Allow) or verdict.rule is not OWN_OBJECT:
            return
        told = b"", b""
        if self._sharing is not None:
            origin = verdict.rule.origin
            told = self._sharing.packed_request(request), self._sharing.packed_origin(origin)
        self._lane.allow_place(place, host.encode(), *told, listeners=listeners)

    def forget(self) -> None:
        """Policy or floor is another one."""
        self._asked.clear()
