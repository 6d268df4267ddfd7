"""Where this account may make control groups with the controllers that limits need.

Three places, in turn: beside our own group, where whoever manages the group above has given it to
us (a user's terminal below `user@1000.service`, root's session); in our own group, where nobody but
we is in it (`systemd-run --user --scope -p Delegate=yes`, a container of its own); and at the root
of the hierarchy. A group with processes in it can give no controllers to those below it, so in the
second we move one down first. cgroup-v2.rst, "No Internal Process Constraint", "Delegation".
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

from nono.supervisor.linux.limits.cgroup import CONTROL, PROCESSES, Cgroup, read
from nono.supervisor.linux.processes import descendants, started

PREFIX = "nono-"
_OURS = "nono-supervisor"
"""The group of nono itself, where it has to be out of the way."""
_MAX_AT_ONCE = 64

LOCK = threading.Lock()
"""Held while a group is looked for and made, so that nobody closes the way to it meanwhile."""
_left: dict[str, frozenset[str]] = {}
"""Our own groups that we have moved out of, and what was enabled in them then."""


def own_group() -> str | None:
    """The directory of this process's group; None where no hierarchy of version 2 is mounted."""
    found = _mount()
    for line in read("/proc/self/cgroup").splitlines():
        if line.startswith("0::/") and "/.." not in line and found is not None:
            mount, root = found
            path = line[3:].removeprefix(root.rstrip("/"))
            return f"{mount}{path}".rstrip("/")
    return None


def _mount() -> tuple[str, str] | None:
    """Where the hierarchy is mounted, and which group of it: proc_pid_mountinfo(5)."""
    for line in read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            fields = before.split()
            return fields[4], fields[3]
    return None


def find(wanted: frozenset[str]) -> str | None:
    """The directory to make groups in, with these controllers; None where there is none."""
    directory = could_be_found(wanted)
    if directory is None or wanted <= enabled(directory):
        return directory
    return directory if _is_made_ready(directory, wanted) else None


def could_be_found(wanted: frozenset[str]) -> str | None:
    """As `find`, without changing anything: a group may have to be left for it first."""
    own = own_group()
    if own is None:
        return None
    above = os.path.dirname(own)
    if not os.path.ismount(own) and _may_make_in(above) and wanted <= enabled(above):
        return above
    may_become = wanted <= _words(own, "cgroup.controllers") and _is_alone_in(own)
    return own if _may_make_in(own) and (wanted <= enabled(own) or may_become) else None


def enabled(directory: str) -> frozenset[str]:
    """The controllers of what is made in a group."""
    return _words(directory, CONTROL)


def _words(directory: str, name: str) -> frozenset[str]:
    return frozenset(read(f"{directory}/{name}").split())


def _may_make_in(directory: str) -> bool:
    """Whether processes of ours may be moved below it, too: the one above has to let them go."""
    return os.access(directory, os.W_OK | os.X_OK) and os.access(
        f"{directory}/{PROCESSES}", os.W_OK
    )


def _is_alone_in(own: str) -> bool:
    """Whether nobody but we is in our own group, or it is one where that does not matter."""
    return _is_root(own) or _in(own) <= {os.getpid(), *descendants(os.getpid())}


def _is_root(own: str) -> bool:
    """The root of the hierarchy may have processes, and controllers below it: it has no type."""
    return not os.path.exists(f"{own}/cgroup.type")


def _in(own: str) -> set[int]:
    return {int(each) for each in Cgroup(own).read(PROCESSES).split()}


def _is_made_ready(own: str, wanted: frozenset[str]) -> bool:
    """Whether what is made in our own group has the controllers now."""
    with contextlib.suppress(OSError):
        if not _is_root(own):
            ours = Cgroup(f"{own}/{_OURS}")
            with contextlib.suppress(FileExistsError):
                Cgroup.made(ours.path)
            for pid in _in(own):
                with contextlib.suppress(ProcessLookupError):
                    ours.write(PROCESSES, pid)
            _left[own] = wanted | _left.get(own, frozenset())
        Cgroup(own).enable(wanted)
        return True
    return False


def go_back(directory: str) -> None:
    """Into our own group, where we have left this one and nothing of ours needs it any more.

    Whoever gave it to us finds it as it was. Never raises.
    """
    with LOCK, contextlib.suppress(OSError):
        names = [name for name in os.listdir(directory) if name.startswith(PREFIX)]
        if directory not in _left or names != [_OURS]:
            return
        own, ours = Cgroup(directory), Cgroup(f"{directory}/{_OURS}")
        own.write(CONTROL, " ".join(f"-{each}" for each in sorted(_left[directory])))
        for pid in _in(ours.path):
            with contextlib.suppress(ProcessLookupError):
                own.write(PROCESSES, pid)
        del _left[directory]
        ours.remove()


def name_of_ours() -> str:
    """A name for a group of this process's, by which another one can tell that it is gone."""
    return f"{PREFIX}{_named(os.getpid())}-{os.urandom(4).hex()}"


def _named(pid: int) -> str:
    """A process, as no other one is called: its number, its start, and what the number is in."""
    found = started(pid)
    ticks = 0 if found is None else found.ticks
    return f"{pid}-{ticks}-{os.stat('/proc/self/ns/pid').st_ino}"


def sweep(directory: str) -> None:
    """End what killed runs have left in a directory, a bounded number of them. Never raises."""
    for name in list(_abandoned(directory))[:_MAX_AT_ONCE]:
        Cgroup(f"{directory}/{name}").end()


def _abandoned(directory: str) -> Iterator[str]:
    """Groups of this user, made in this pid namespace by processes that are gone."""
    try:
        entries = [*os.scandir(directory)]
    except OSError:
        return
    for entry in entries:
        pid, _, rest = entry.name.removeprefix(PREFIX).partition("-")
        if not entry.name.startswith(PREFIX) or not pid.isdecimal():
            continue
        ticks, _, namespace = rest.rpartition("-")[0].partition("-")
        with contextlib.suppress(OSError):
            is_here = namespace == str(os.stat("/proc/self/ns/pid").st_ino)
            is_ours = is_here and entry.stat(follow_symlinks=False).st_uid == os.geteuid()
            if is_ours and _named(int(pid)) != f"{pid}-{ticks}-{namespace}":
                yield entry.name
