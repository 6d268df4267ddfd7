"""One program of a sandbox with limits: what its first process gets, and what it has reached."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from nono.broker.limits import Limits, Reached
from nono.supervisor import exit_status

if TYPE_CHECKING:
    from nono.supervisor.linux.limits.cgroup import Cgroup

_BY_SIGNAL = {signal.SIGXCPU: "cpu_time", signal.SIGXFSZ: "written"}
"""The limits whose end by the kernel can be told by a program's status: getrlimit(2)."""


class Whole(Protocol):
    """The sandbox that the program is in."""

    limits: Limits
    group: Cgroup | None

    def watch(self) -> None:
        """A program has started. Raises RuntimeError."""

    def reached(self) -> list[Reached]:
        """What all of it has reached."""


class Held:
    """Made by `Holding.begin`."""

    def __init__(
        self,
        holding: Whole,
        name: str,
        group: Cgroup | None,
        rlimits: Sequence[tuple[int, int, int]],
    ) -> None:
        self.name = name
        self.rlimits = rlimits
        """Numbers of setrlimit(2), each with its soft and its hard limit."""
        self.init_pid = 0
        """Of its init while it runs, else 0."""
        self.is_starting = True
        """Whether it has no init yet, and is to have one."""
        self.is_ended = False
        """Whether it was ended for a limit, by us."""
        self._holding = holding
        self._group = group
        self._kill: Callable[[], None] | None = None
        self._status: int | None = None
        self._of_memory: Reached | None = None

    @property
    def group(self) -> str:
        """The directory of the control group that it enters; empty for none."""
        return "" if self._group is None else self._group.path

    def launched(self, init_pid: int) -> None:
        """Its processes are below that one, from now on: before any call of theirs is answered."""
        self.init_pid, self.is_starting = init_pid, False

    def started(self, kill: Callable[[], None]) -> None:
        """They end by `kill`. Raises RuntimeError."""
        self._kill = kill
        if self.is_ended:  # a limit was reached by others meanwhile
            kill()
        self._holding.watch()

    def kill(self) -> None:
        """Ask for the end of all of it, since a limit was reached."""
        self.is_ended = True
        if self._kill is not None:
            self._kill()

    def ended(self, status: int | None) -> None:
        """All of it is gone; the program has ended with this wait status, if that is known."""
        self._status = status
        self.note()
        self.init_pid, self.is_starting = 0, False
        if self._group is not None:
            self._group.remove()

    def note(self) -> None:
        """Look at what the kernel has counted, which is gone with the group."""
        limit = self._holding.limits.memory
        if self._group is None or limit is None or self._of_memory is not None:
            return
        if self._group.counts("memory.events").get("oom_kill", 0):
            above = self._holding.group
            peak = None if above is None else above.number("memory.peak")  # Linux 5.19
            self._of_memory = Reached("memory", limit, self.name, peak, is_ended=True)

    def own_reached(self) -> list[Reached]:
        """Those that this program alone has met."""
        self.note()
        found = [] if self._of_memory is None else [self._of_memory]
        status = self._status
        code = None if status is None else exit_status.of_shell(exit_status.of_program(status))
        for number, name in _BY_SIGNAL.items():
            # Also as a shell tells of the program that it ran last.
            limit = self._holding.limits.said().get(name)
            if code == exit_status.of_shell(exit_status.of_signal(number)) and limit is not None:
                found.append(Reached(name, limit, self.name))
        return found

    def reached(self, status: int | None = None) -> list[Reached]:
        """What it has to do with: its own, and those of the whole sandbox.

        `status` is the program's wait status where it has ended and all of it may not be gone.
        """
        if status is not None:
            self._status = status
        own, known = self.own_reached(), set()
        found = []
        for each in (*self._holding.reached(), *own):
            if each.name not in known:
                known.add(each.name)
                found.append(each)
        return found
