"""What programs inside gave up by themselves, which nothing that we perform may give back.

A program that restricted itself with Landlock would lose that restriction wherever we make a call
for it. So from then on it gets what the kernel grants it (calls that are continued) and nothing
else. The kernel tells nobody a process's Landlock domain; but the filter hands over the call that
enters one, and the process is marked before it is continued. Domains are inherited, so a process
is restricted when it or an ancestor is marked. Where the ancestry is lost (its parent is a reaper:
the init, or whoever asked for PR_SET_CHILD_SUBREAPER), it is when it started after the first mark.
A child that is made a sibling (CLONE_PARENT) has no ancestry to go by, and is not made at all once
its maker is marked. A domain can be one thread's alone; here it is the whole process's.

A program that gave up capabilities has its calls performed with those that it has left, if they
are all that it can get back; otherwise they are refused. Nobody inside can change a user or group:
that takes CAP_SETUID, and a set-id program does nothing under no_new_privs.

Nothing is looked at before somebody has made one of these calls.
Sources: landlock(7), proc_pid_stat(5), PR_SET_CHILD_SUBREAPER in prctl(2), clone(2), capset(2).
"""

from __future__ import annotations

import errno
import os
import time

from nono.broker import Deny, Forbidden
from nono.broker.policy.policy import NEVER_ALLOWED
from nono.shims.linux import capabilities
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.processes import Started, started

_MAX_MARKS = 4096
_MAX_DEPTH = 4096
_MAX_WALKS = 16
_TICKS = os.sysconf("SC_CLK_TCK")


class OwnRestrictions:
    """Of the processes of one program's sandbox. Used from the loop's thread."""

    def __init__(self, init_pid: int, decisions: Decisions) -> None:
        self._init_pid = init_pid
        self._decisions = decisions
        self._marks: dict[int, int] = {}
        self._reapers: dict[int, int] = {}
        self._first = 0
        self._everybody = False
        self.fewer_capabilities = False
        """Somebody has given up some, and so may others."""

    @property
    def are_none(self) -> bool:
        """True as long as nobody gave anything up."""
        return not (self._first or self._everybody or self.fewer_capabilities)

    def mark(self, caller: Caller) -> None:
        """The caller is about to restrict itself with Landlock. Raises OSError when it is gone."""
        now = int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS)
        self._first = self._first or now
        self._everybody |= not _remember(self._marks, caller)

    def note_reaper(self, caller: Caller) -> None:
        """The caller is about to get the orphans below it as its children. Raises OSError."""
        self._everybody |= not _remember(self._reapers, caller)

    def note_capabilities(self) -> None:
        """Somebody is about to give up capabilities. Where nobody has any, that changes nothing."""
        self.fewer_capabilities = bool(capabilities.sets().permitted)

    def ensure_unrestricted(self, caller: Caller) -> None:
        """Raise OSError (EACCES), which the report tells, when nothing may be performed for it."""
        if self.has_restricted(caller):
            self._refuse(caller, "landlock_restrict_self")
        if self.fewer_capabilities:
            theirs = caller.capabilities
            if not theirs.permitted <= theirs.effective:
                # With its capabilities we see nothing of it, and those it can take back at any
                # time are more than it has.
                self._refuse(caller, "capset")

    def has_restricted(self, caller: Caller) -> bool:
        """True when the caller is in a Landlock domain of its own, or may be."""
        if not self._first:
            return False
        if self._everybody:
            return True
        pid = caller.pid
        for _ in range(_MAX_WALKS):
            found = self._walk(pid)
            if found is not None:
                return found
        return True

    def _walk(self, pid: int) -> bool | None:
        """Whether a process of that ancestry is restricted; None when that changed meanwhile."""
        child: Started | None = None
        for _ in range(_MAX_DEPTH):
            process = started(pid)
            if process is None or (child is not None and process.ticks > child.ticks):
                return None  # it has ended, or its number is another's by now
            if self._marks.get(pid) == process.ticks:
                return True
            if self._is_reaper(process.parent) and process.ticks >= self._first:
                return True
            if process.parent == self._init_pid:
                return False
            pid, child = process.parent, process
        return True

    def _is_reaper(self, pid: int) -> bool:
        if pid == self._init_pid:
            return True
        if pid not in self._reapers:
            return False
        process = started(pid)
        return process is None or process.ticks == self._reapers[pid]

    def capabilities_of(self, caller: Caller) -> frozenset[int]:
        """What this thread has that the caller has as well. Raises OSError when that is gone.

        All of it for a caller that can take back what it gave up: nothing is performed for it.
        """
        ours, theirs = capabilities.sets().permitted, caller.capabilities
        return ours & theirs.effective if theirs.permitted <= theirs.effective else ours

    def _refuse(self, caller: Caller, call: str) -> None:
        request = Forbidden(caller, call)
        self._decisions.refuse(request, Deny(NEVER_ALLOWED, errno.EACCES))


def _remember(processes: dict[int, int], caller: Caller) -> bool:
    """Add the caller's process; False when there are too many. Raises OSError when it is gone."""
    pid = caller.pid
    process = started(pid)
    if process is None:
        raise failure(errno.ESRCH)
    if len(processes) >= _MAX_MARKS:
        for known, ticks in list(processes.items()):
            other = started(known)
            if other is None or other.ticks != ticks:
                del processes[known]
    if len(processes) >= _MAX_MARKS:
        return False
    processes[pid] = process.ticks
    return True
