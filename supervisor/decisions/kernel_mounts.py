"""File systems through which the kernel shows itself, mounted where nobody expects them.

/proc, /sys and /dev have rules of their own. A second procfs, as in the tree of a container, has
none: to grant the directory around it must not grant the environment and the memory of every
process. See proc_pid_mounts(5).
"""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker import (
    ALL_ACCESS,
    Effect,
    Origin,
    OriginKind,
    Rule,
    Subtree,
    is_canonical,
    is_within,
)
from nono.broker.compiled import pattern_of
from nono.supervisor.descriptors import opened
from nono.supervisor.places import platform

_TABLE = "/proc/self/mounts"
KERNEL_TYPES = {
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "proc",
    "securityfs",
    "sysfs",
    "tracefs",
}
_USUAL = ("/proc", "/sys", "/dev")
_ORIGIN = Origin(OriginKind.BUILTIN, "the kernel's own file systems")


def kernel_mounts() -> Iterator[Rule]:
    """A refusal for every such mount. Raises OSError."""
    if platform() != "linux":
        return
    for path in sorted(_mounts()):
        yield Rule(Subtree(path), ALL_ACCESS, Effect.DENY, _ORIGIN)


def _mounts() -> set[str]:
    with open(_TABLE, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
        lines = [line.split(" ") for line in file]
    paths = {unescape(words[1]) for words in lines if words[2] in KERNEL_TYPES}
    # A mount point that was deleted is shown with `//deleted` behind it: no path leads there.
    return {
        path
        for path in paths
        if is_canonical(path) and not any(is_within(path, directory) for directory in _USUAL)
    }


def unescape(word: str) -> str:
    """Undo the octal escapes of a mount table: fstab(5)."""
    if "\\" not in word:
        return word
    return pattern_of(r"\\([0-7]{3})").sub(lambda match: chr(int(match[1], 8)), word)
