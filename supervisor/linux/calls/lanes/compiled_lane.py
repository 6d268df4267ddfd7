"""Receiving through the lane in C, where there is one: shims/linux/lane.c.

It answers by a table of the floor and of the rules (`Decisions.table`). What it does beyond the
floor it writes down itself where there is an audit (`Sharing`); where somebody else is told, it
does nothing beyond. A table is made once it pays, and again after floor or rules were replaced: a
run of a few calls has none. Beyond the table it answers what was decided on here before: connects
(`known_ports.py`), names (`known_names.py`), and opens (`known_answers.py`). What it leaves is
served as if it had been received here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from nono.broker import Allow, Connect
from nono.broker.requests import RecordedProcess
from nono.shims.linux import landlock, lane
from nono.shims.linux.landlock import FS
from nono.shims.linux.lane import Options
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.lanes.fast_lane import FastLane

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.shims.linux.journal import Journal
    from nono.supervisor.decisions.witness import Sharing
    from nono.supervisor.linux.calls.lanes.known_answers import KnownAnswers
    from nono.supervisor.linux.calls.lanes.known_names import KnownNames
    from nono.supervisor.linux.calls.lanes.known_ports import KnownPorts
    from nono.supervisor.linux.calls.own.own_objects import OwnObjects
    from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.network.service import NetworkService

# As plain numbers: they are put together for each call that the lane leaves.
_TRUNCATE, _CHANGES = Options.TRUNCATE_IS_ASKED, Options.CHANGES_ARE_TOLD
_FOLLOWS, _PERFORMS = Options.FOLLOWS, Options.PERFORMS
_NOTES, _MAKES = Options.NOTES, Options.MAKES
_CONNECTS, _CONNECTS_OWN = Options.CONNECTS, Options.CONNECTS_OWN
_NOBODY = RecordedProcess(0, "", ())
"""The policy goes by no process."""

_FEW_CALLS = 32
_CALLS_A_RULE = 2
"""Of the floor's rules. A table takes as long as the lane in Python does for so many opens."""
_CALLS_BEFORE_RULES = 200
"""The same for a table of all rules, which the handlers are held against."""


class CompiledLane:
    """Used from the loop's thread."""

    def __init__(
        self,
        received: lane.Lane,
        fast_lane: FastLane,
        listener: Listener,
        decisions: Decisions,
        own: OwnObjects,
        restrictions: OwnRestrictions,
        init_pid: int,
        injected: InjectedFiles | None,
        at_once: bool = False,
    ) -> None:
        """With `at_once` tables are made whether they pay or not."""
        self._init_pid = init_pid
        self._injected = injected
        self._answers: KnownAnswers | None = None
        self._lane = received
        self._fast_lane = fast_lane
        self._at_once = at_once
        self._listener = listener
        self._decisions = decisions
        self._own = own
        self._restrictions = restrictions
        self._version: int | None = None
        self._has_rules = False
        self._left = 0
        self._told: Journal | None = None
        witness = decisions.witness
        # By what it can do and not by its class, which a start need not load.
        self._sharing: Sharing | None = witness if hasattr(witness, "share") else None  # type: ignore[assignment]
        self._can_be_told = witness is None or self._sharing is not None
        self.makes = False
        """Whether the thread that receives has a umask of its own."""
        self.connects = False
        """Whether an address means what it says, and sockets can be copied."""
        self.connects_own = False
        """Whether addresses of this machine do, and others stand for names."""
        self.network: NetworkService | None = None
        """Where hosts are known by their names."""
        self._names: KnownNames | None = None
        self._ports: KnownPorts | None = None
        self.begun = 0
        """The id of a call whose connect was decided on and begun: it is only waited for."""
        self._fixed = 0
        if FS.TRUNCATE in landlock.running().fs:
            self._fixed = _TRUNCATE

    def receive(self) -> Notification | None:
        """The next call that the lane leaves; None once no process is left. Raises OSError."""
        if not self._has_table():
            if self._names is not None:
                self._names.let_all_go()
            return self._listener.receive()
        if self._answers is not None:
            self._answers.renew()
        if self._names is not None and self._names.is_full:
            self._names.look_for_room()
        self._lane.allow(self._options())
        received = self._lane.receive()
        if received is not None and self._lane.is_known:
            self._fast_lane.left = received.id
        if self._answers is not None and (asked := self._lane.asked_open) is not None:
            self._answers.note(asked)
        if received is not None and self._lane.is_begun:
            self.begun = received.id
        elif self.connects and received is not None:
            if (place := self._lane.asked) is not None:
                self._learn(place)
        elif self._ports is not None and (place := self._lane.asked) is not None:
            self._ports.note(place)
        return received

    def _learn(self, place: lane.Place) -> None:
        """The next connect to a place that the policy allows is performed in the lane."""
        host, port = lane.place_name(place)
        request = Connect(_NOBODY, host, port)
        decided, verdict = self._decisions.verdict(request)
        witness = self._sharing
        if not isinstance(verdict, Allow) or decided is not request:
            return
        told = b"", b""
        if witness is not None:
            origin = verdict.rule.origin
            told = witness.packed_request(request), witness.packed_origin(origin)
        self._lane.allow_place(place, host.encode(), *told)

    @property
    def give(self) -> Callable[[int, int, int], bool]:
        """Performs the open of a handle that was decided here: see `Lane.give`."""
        return self._lane.give

    def count(self) -> None:
        """Count from now on what the lane answers."""
        self._lane.count()

    @property
    def counts(self) -> lane.Counts | None:
        """What it has answered; None where that is not counted. From any thread."""
        return self._lane.counts

    def close(self) -> None:
        """When nothing is received any more."""
        self._lane.close()
        if self._names is not None:
            self._names.close()
        if self._answers is not None:
            self._answers.close()

    def _has_table(self) -> bool:
        self._left += 1
        if self._version != int.from_bytes(self._decisions.version, sys.byteorder):
            if self._version is not None:
                self._version, self._has_rules, self._left = None, False, 0
            few = _FEW_CALLS + _CALLS_A_RULE * len(self._decisions.floor.rules)
            if self._left <= few and not self._at_once:
                return False
            self._make_table(with_rules=self._at_once)
        elif not self._has_rules and self._left > _CALLS_BEFORE_RULES and self._may_perform():
            self._make_table(with_rules=True)
        return True

    def _make_table(self, *, with_rules: bool) -> None:
        witness, spelled = self._sharing, None
        if with_rules and witness is not None:
            spelled = witness.packed_origin
            self._share(witness)
        self._version, flat = self._decisions.table(with_rules, spelled)
        self._has_rules, self._left = with_rules, 0
        if with_rules and self.connects:
            self._lane.connect()
        if with_rules and self.connects_own and self._ports is None:
            self._lane.connect(self._own.shared_ports)
            self._ports = self._known_ports()
            self._names = self._known_names()
        if with_rules and self._answers is None:
            self._answers = self._known_answers()
        self._lane.forget_places()
        if self._ports is not None:
            self._ports.forget()
        if self._names is not None:
            self._names.forget()
        if self._answers is not None:
            self._answers.forget()
        self._lane.use(flat, self._version, self._decisions.version)

    def _known_answers(self) -> KnownAnswers:
        from nono.supervisor.linux.calls.lanes.known_answers import (
            KnownAnswers,  # only in long runs
        )

        parts = self._decisions, self._own, self._sharing
        return KnownAnswers(self._lane, *parts, self._init_pid, self._injected)

    def _known_ports(self) -> KnownPorts:
        from nono.supervisor.linux.calls.lanes.known_ports import KnownPorts

        return KnownPorts(self._lane, self._decisions, self._own, self._sharing)

    def _known_names(self) -> KnownNames | None:
        from nono.supervisor.linux.calls.lanes.known_names import KnownNames

        try:
            if self.network is not None:
                return KnownNames(self._lane, self._decisions, self.network)
        except OSError:
            pass  # no socket for it: the name server of the sandbox is there
        return None

    def _share(self, witness: Sharing) -> None:
        """From here on the lane writes down what it does."""
        if self._told is None:
            from nono.shims.linux import journal  # only long runs get this far

            self._told = witness.share(journal.made)
            if self._told is not None:
                self._lane.tell(self._told.pointer, self._own.marks)

    def _may_perform(self) -> bool:
        """Who is to be told can be, and nobody may have less than the rules say."""
        return self._can_be_told and self._restrictions.are_none

    def _options(self) -> int:
        options = self._fixed
        if self._own.may_have_changed:
            options |= _CHANGES
        notes = self._has_rules and (self._told is not None or self._decisions.witness is None)
        if notes:
            options |= _NOTES
        if not self._decisions.refuses_names:
            options |= _FOLLOWS
            if notes and self._restrictions.are_none:
                options |= _PERFORMS | _MAKES if self.makes else _PERFORMS
        if notes and self._restrictions.are_none:
            options |= _CONNECTS if self.connects else _CONNECTS_OWN if self._ports else 0
        return options


def wanted() -> str:
    """What NONO_LANE says, which is for tests and comparisons.

    `python` for the lane in Python alone, `compiled` for all tables before the first call.
    """
    is_known = sys.getfilesystemencoding() == "utf-8"
    return os.environ.get("NONO_LANE", "") if is_known else "python"


def compiled_lane(
    fast_lane: FastLane | None,
    listener: Listener,
    decisions: Decisions,
    own: OwnObjects,
    restrictions: OwnRestrictions,
    init_pid: int,
    injected: InjectedFiles | None,
) -> CompiledLane | None:
    """None where the lane in Python has to serve, or there is none since each call is told of."""
    witness = decisions.witness
    is_told = witness is not None and witness.may_refuse
    if fast_lane is None or is_told or wanted() == "python":
        return None
    received = lane.made(listener.fd, decisions.since)
    if received is None:
        return None
    at_once = wanted() == "compiled"
    parts = fast_lane, listener, decisions, own, restrictions
    return CompiledLane(received, *parts, init_pid, injected, at_once)
