"""Who holds a sandbox to its limits here: decided before it starts, undone when it is closed.

Memory, processes and processor time are held for all of the sandbox by a control group of its own.
Without one, processes are counted by the broker, and the rest is an error: with `best_effort` each
process is then held by the kernel (setrlimit(2)), and their sum is looked at.
"""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator, Sequence

from nono.broker.limits import KINDS, Limits, Reached
from nono.broker.settings import BY_NAME
from nono.supervisor.errors import StartError
from nono.supervisor.linux.calls.fork_count import ForkCount
from nono.supervisor.linux.limits import use
from nono.supervisor.linux.limits.cgroup import Cgroup
from nono.supervisor.linux.limits.delegation import LOCK, find, go_back, name_of_ours, sweep
from nono.supervisor.linux.limits.held import Held
from nono.supervisor.linux.limits.looks import Look, Looks, Measured, processors
from nono.supervisor.linux.limits.scope import BOOTED
from nono.supervisor.linux.processes import name_of

OWN_GROUP = f"systemd-run {'--user ' if os.geteuid() else ''}--scope -p Delegate=yes nono run ..."
"""How a person gets a control group of version 2 to run nono in."""
_CONTROLLERS = {"memory": "memory", "processes": "pids"}
_LEAST_FILES = 16


class Holding:
    """Made by `hold`. From any thread."""

    def __init__(
        self, limits: Limits, group: Cgroup | None, notes: Sequence[str], *, counts: bool
    ) -> None:
        self.limits = limits
        self.notes = notes
        """What is held less well than was asked for."""
        self.group = group
        self.forks = self._counting(limits.processes) if counts and limits.processes else None
        self._programs: list[Held] = []
        self._number = 0
        self._ended_by: Reached | None = None
        self._looks: Looks | None = None

    def _counting(self, limit: int) -> ForkCount:
        return ForkCount(limit, self._tasks)

    def _tasks(self) -> int:
        """Of those that run, and one for each that is about to: nobody sees that one yet."""
        starting = sum(each.is_starting for each in [*self._programs])
        return starting + use.tasks(self._inits())

    def _inits(self) -> list[int]:
        return [each.init_pid for each in [*self._programs] if each.init_pid]

    def begin(self, name: str) -> Held:
        """A program is about to be started. Raises StartError."""
        if self.forks is not None:
            try:
                self.forks.start_program()
            except OSError as error:
                raise StartError(f"{KINDS['processes'].called}: no room for {name}") from error
        self._number += 1
        leaf = None
        if self.group is not None:
            try:
                leaf = self.group.below(f"program-{self._number}")
                with contextlib.suppress(OSError):  # nothing of memory is enabled here
                    leaf.write("memory.oom.group", 1)
            except OSError as error:
                raise StartError.of_step("make a control group", error.errno or 0) from error
        held = Held(self, name, leaf, list(self._rlimits()))
        self._programs.append(held)
        return held

    def _rlimits(self) -> Iterator[tuple[int, int, int]]:
        """What each process gets, by the kernel's numbers: soft and hard."""
        limits = self.limits
        if limits.open_files is not None:
            yield resource.RLIMIT_NOFILE, limits.open_files, limits.open_files
        if limits.written is not None:
            yield resource.RLIMIT_FSIZE, limits.written, limits.written
        if self.group is None and limits.memory is not None:
            yield resource.RLIMIT_DATA, limits.memory, limits.memory
        if self.group is None and limits.cpu_time is not None:
            most = max(1, round(limits.cpu_time))
            # At the hard one the kernel kills, which says nothing; at the soft one SIGXCPU does.
            yield resource.RLIMIT_CPU, most, most + 1

    def watch(self) -> None:
        """A program has started: look at what has to be looked at. Raises RuntimeError."""
        looks = [] if self._looks is not None else [*self._wanted_looks()]
        if looks:
            self._looks = Looks(looks, self._reached)
            self._looks.start()

    def _wanted_looks(self) -> Sequence[Look]:
        limits, found = self.limits, []
        if limits.cpu_time is not None:
            fast = float(processors())
            measure = self._cpu_of_group if self.group is not None else self._cpu_of_processes
            adds_up = self.group is None
            pace = fast if self.group is not None else None
            look = Look("cpu_time", limits.cpu_time, measure, per_second=pace, adds_up=adds_up)
            found.append(look)
        if limits.written is not None:
            found.append(Look("written", limits.written, self._written, adds_up=True))
        if limits.memory is not None and self.group is None:
            found.append(Look("memory", limits.memory, self._memory))
        return found

    def _cpu_of_group(self) -> Measured:
        assert self.group is not None
        return Measured(self.group.counts("cpu.stat").get("usage_usec", 0) / 1e6)

    def _cpu_of_processes(self) -> Measured:
        return Measured(use.cpu_seconds(self._inits()))

    def _written(self) -> Measured:
        return Measured(use.written_bytes(self._inits()))

    def _memory(self) -> Measured:
        return Measured(*use.memory_bytes(self._inits(), self.limits.memory or 0))

    def _reached(self, look: Look) -> None:
        """In the thread of the looks: end everything."""
        program = ""
        with contextlib.suppress(OSError):
            program = name_of(look.last.pid) if look.last.pid else ""
        running = [each for each in [*self._programs] if each.init_pid]
        named = program or (running[-1].name if running else "")
        # What a limit is in whole numbers, its peak is, too.
        peak = look.last.used if look.name == "cpu_time" else int(look.last.used)
        self._ended_by = Reached(look.name, look.limit, named, peak, is_ended=True)
        for each in running:
            each.kill()

    def reached(self) -> list[Reached]:
        """Those of the sandbox as a whole, so far."""
        found = [] if self._ended_by is None else [self._ended_by]
        limit = self.limits.processes
        if self.forks is not None and self.forks.refused:
            forks = self.forks
            found.append(Reached("processes", forks.limit, forks.program, times=forks.refused))
        elif self.group is not None and limit is not None:
            times = self.group.counts("pids.events").get("max", 0)
            if times:
                peak = self.group.number("pids.peak")
                found.append(Reached("processes", limit, self._only(), peak, times))
        return found

    def _only(self) -> str:
        names = {each.name for each in self._programs}
        return names.pop() if len(names) == 1 else ""

    @property
    def faults(self) -> list[str]:
        """Tracebacks of what failed in our own code."""
        return [] if self._looks is None else self._looks.faults.texts

    def all_reached(self) -> list[Reached]:
        """Those of the sandbox and of each of its programs, each once."""
        own = (found for each in self._programs for found in each.own_reached())
        found: dict[tuple[str, str], Reached] = {}
        for one in (*self.reached(), *own):
            found.setdefault((one.name, one.program), one)
        return [*found.values()]

    def close(self) -> None:
        """When no process is left. Nothing stays behind."""
        if self._looks is not None:
            self._looks.close()
        for each in self._programs:
            each.note()
        if self.group is not None:
            self.group.end()
            go_back(os.path.dirname(self.group.path))


def hold(limits: Limits, *, broker: bool, best_effort: bool) -> Holding:
    """What holds them.

    Raises StartError for a limit that nobody can hold here, unless `best_effort`.
    """
    if limits.open_files is not None and limits.open_files < _LEAST_FILES:
        raise StartError(
            f"{limits.open_files} open files are too few to start a program",
            f"{BY_NAME['limits.open_files'].flag} {_LEAST_FILES}",
        )
    with LOCK:
        group = _group(limits)
    counts = limits.processes is not None and not _holds(group, "pids.max")
    lacks = list(_lacks(limits, group, counts=counts, broker=broker))
    if lacks and not best_effort:
        name, why, how = lacks[0]
        if group is not None:
            group.end()
            go_back(os.path.dirname(group.path))
        flag = BY_NAME[f"limits.{name}"].flag
        if name == "processes":
            raise StartError(f"{flag}: {why}, and {how}", OWN_GROUP)
        otherwise = f"nothing was run. With --best-effort {how}"
        raise StartError(f"{flag}: {why}: {otherwise}", _way_out())
    notes = [f"{KINDS[name].called}: {why}: {how}" for name, why, how in lacks]
    if limits.written is not None:
        notes.append(f"{KINDS['written'].called}: {_LOOKED_AT}")
    return Holding(limits, group, notes, counts=counts and broker)


def _way_out() -> str:
    """What can be pasted here: without systemd nothing makes a group."""
    return OWN_GROUP if os.path.isdir(BOOTED) else "--best-effort"


_LOOKED_AT = (
    "the size of each file is held by the kernel, and what is written in all is looked at 20 times"
    " a second: a size for the file system holds more (docs/limits.md)"
)
_NO_GROUP = "no control group of version 2 is delegated to this account here"


def _lacks(
    limits: Limits, group: Cgroup | None, *, counts: bool, broker: bool
) -> list[tuple[str, str, str]]:
    """The limits that are not held as they should be, why, and how they are."""
    found = []
    if limits.memory is not None and not _holds(group, "memory.max"):
        how = "each process is held to it, and the sum of what they have in memory is looked at"
        found.append(("memory", _NO_GROUP, how))
    if limits.cpu_time is not None and group is None:
        how = "each process is held to it, and their sum is looked at"
        found.append(("cpu_time", _NO_GROUP, how))
    if counts and not broker:
        found.append(("processes", _NO_GROUP, "without the broker nobody counts them"))
    return found


def _holds(group: Cgroup | None, name: str) -> bool:
    return group is not None and os.path.exists(f"{group.path}/{name}")


def _group(limits: Limits) -> Cgroup | None:
    """A group with the limits in it that a group can hold; None where there can be none."""
    said = limits.said()
    wanted = frozenset(which for name, which in _CONTROLLERS.items() if name in said)
    if not wanted and limits.cpu_time is None:
        return None
    # Processes can be counted otherwise: the rest is worth more.
    for controllers in dict.fromkeys((wanted, wanted - {"pids"})):
        if not controllers and limits.cpu_time is None:
            continue
        directory = find(controllers)
        if directory is not None:
            sweep(directory)
            with contextlib.suppress(OSError):
                return _limited(f"{directory}/{name_of_ours()}", limits, controllers)
    return None


def _limited(path: str, limits: Limits, controllers: frozenset[str]) -> Cgroup:
    """Raises OSError."""
    group = Cgroup.made(path)
    try:
        if "memory" in controllers:
            group.write("memory.max", limits.memory)
            for swap in ("memory.swap.max", "memory.zswap.max"):
                with contextlib.suppress(FileNotFoundError):
                    group.write(swap, 0)
            group.enable(controllers)
        if "pids" in controllers:
            group.write("pids.max", limits.processes)
    except OSError:
        group.end()
        raise
    return group
