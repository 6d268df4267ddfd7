"""What the lane in C is told of opens that were decided on here before: it answers the next ones.

Programs ask again for what they were refused, and open again what they made. The second time that
an open is left which only its path and its object decide, the policy is asked about it apart, and
the lane is told: which error a plain refusal has, or that the object is the sandbox's own. So both
say the same, for as long as policy and floor are what they are.

So it is told of files that the program is given instead of others, which each look-up of a host
opens again. Left is what is more than that: what somebody may be asked about, and what is harmless
for some programs and not for others.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nono.broker import OWN_OBJECT, Access, Allow, Deny, Open
from nono.broker.requests import RecordedProcess
from nono.shims.linux.lane import AskedOpen, Lane
from nono.supervisor.decisions.decide import OWN_COPY, Decisions
from nono.supervisor.decisions.denials import Counted, Counts

if TYPE_CHECKING:
    from nono.broker import Origin
    from nono.supervisor.decisions.witness import Sharing
    from nono.supervisor.linux.calls.own.own_objects import OwnObjects
    from nono.supervisor.linux.injected_files import InjectedFiles

_NOBODY = RecordedProcess(0, "", ())
"""The policy goes by no process."""
_MAX_ASKED = 256
"""Opens that were left once, in a row."""


class KnownAnswers:
    """Used from the loop's thread, but for `take`."""

    def __init__(
        self,
        lane: Lane,
        decisions: Decisions,
        own: OwnObjects,
        sharing: Sharing | None,
        init_pid: int,
        injected: InjectedFiles | None,
    ) -> None:
        self._lane = lane
        self._decisions = decisions
        self._own = own
        self._sharing = sharing
        self._init_pid = init_pid
        self._forgotten = own.forgotten
        self._injected = injected
        self._sources: dict[str, int] = {}
        self._asked: set[AskedOpen] = set()
        self._lock = threading.Lock()
        self._given: dict[int, tuple[Counted, int]] = {}
        lane.answer(own.marks)
        decisions.denials.add_source(self.take)

    def renew(self) -> None:
        """To be called before the lane goes on: what is no own object any more is forgotten."""
        if self._forgotten != self._own.forgotten:
            self._forgotten = self._own.forgotten
            self.forget()

    def note(self, asked: AskedOpen) -> None:
        """It was left. To be called before it is decided on."""
        if asked in self._asked:
            with contextlib.suppress(OSError):  # no descriptor is left: it stays with the handlers
                self._learn(asked)
            return
        if len(self._asked) >= _MAX_ASKED:
            self._asked.clear()
        self._asked.add(asked)

    def _learn(self, asked: AskedOpen) -> None:
        path, access = os.fsdecode(asked.path), Access(asked.access)
        own = bool(asked.identity) and self._own.is_own_by(path, asked.identity)
        if self._injected is not None and path in self._injected:
            if access == Access.READ and not asked.identity:
                self._lane.tell_answer(asked, 0, b"", self._source(self._injected, path))
            return
        if asked.identity and not own:
            return
        request = Open(_NOBODY, path, access, own)
        decided, verdict = self._decisions.verdict(request)
        if decided is not request or self._decisions.floor_covers(path, access):
            return
        match verdict:
            case Allow(rule) if rule is OWN_OBJECT:
                self._lane.tell_answer(asked, 0, self._packed(rule.origin))
            case Deny(rule, number) if rule is not OWN_COPY and not own:
                counted = self._decisions.denials.counted(request, verdict)
                if counted is not None and number:
                    self._tell(asked, number, counted, self._packed(rule.origin))

    def _source(self, injected: InjectedFiles, path: str) -> int:
        """A descriptor that is nothing else before `close`."""
        if path not in self._sources:
            self._sources[path] = injected.open(path)
        return self._sources[path]

    def _packed(self, origin: Origin) -> bytes:
        return b"" if self._sharing is None else self._sharing.packed_origin(origin)

    def _tell(self, asked: AskedOpen, error: int, counted: Counted, origin: bytes) -> None:
        number = self._lane.tell_answer(asked, error, origin)
        if number is None:
            return
        with self._lock:
            # The lane gives none before it receives again.
            before = [*self._counts(number)]
            self._given[number] = counted, self._lane.answered_opens(number)
        self._decisions.denials.add(before)

    def take(self) -> Iterable[Counts]:
        """How often the lane gave which refusal since this was asked last. From any thread."""
        with self._lock:
            return [each for number in self._given for each in self._counts(number)]

    def _counts(self, number: int) -> Iterable[Counts]:
        """Under the lock."""
        if number in self._given:
            counted, taken = self._given[number]
            count = self._lane.answered_opens(number)
            self._given[number] = counted, count
            if count != taken:
                yield counted, self._init_pid, count - taken

    def forget(self) -> None:
        """What was told holds no longer: policy or floor is another one."""
        self._asked.clear()
        self._lane.forget_answers()

    def close(self) -> None:
        """When nothing is received any more."""
        for fd in self._sources.values():
            os.close(fd)
        self._sources = {}
        self._decisions.denials.remove_source(self.take)
