"""Which directories take names for the same that differ in case: found once, at the start.

Some file systems always do, some as a whole or not at all, some directory by directory
(`chattr +F`). It is looked at in the directories that refusals speak of and a grant reaches: where
nothing is refused, nothing can be reached by another spelling. Nothing of this is looked for on
the file systems that cannot fold. Sources: the kernel's Documentation/filesystems (ext4, tmpfs,
vfat, ntfs3), ioctl_iflags(2), proc_pid_mountinfo(5).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from nono.broker import Access, Effect, File, Glob, Rule, Subtree, Subtrees, is_within
from nono.broker.rules.paths import ancestors, lineage, parent
from nono.supervisor import looks
from nono.supervisor.decisions.kernel_mounts import unescape
from nono.supervisor.descriptors import folds, is_exact, opened
from nono.supervisor.places import platform
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people

_TABLE = "/proc/self/mountinfo"
_ALWAYS = frozenset(
    [
        "adfs",
        "affs",
        "apfs",
        "cifs",
        "exfat",
        "hfs",
        "hfsplus",
        "hpfs",
        "iso9660",
        "msdos",
        "ntfs",
        "ntfs3",
        "smb3",
        "smbfs",
        "vfat",
    ]
)
_AS_A_WHOLE = frozenset(
    ["9p", "drvfs", "jfs", "osxfs", "prl_fs", "vboxsf", "virtiofs", "vmhgfs", "xfs", "zfs"]
)
"""Folding or not, which a look at any name in them tells. FUSE is one of them."""
_BY_DIRECTORY = {
    "bcachefs": "/sys/fs/bcachefs",
    "ext4": "/sys/fs/ext4/features/casefold",
    "f2fs": "/sys/fs/f2fs/features/casefold",
    "overlay": "/sys/fs/ext4/features/casefold",
}
"""With what is there when the kernel knows such directories. Of tmpfs an option tells."""

_WINDOWS = "drvfs"
"""In the options, or the source, of a Windows drive in WSL: each directory folds or not, and a
program may change that of its own ones (`system.wsl_case_sensitive`), so all are taken to fold."""

_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK | os.O_CLOEXEC
_FS_IOC_GETFLAGS = 0x80086601
_FS_CASEFOLD_FL = 0x40000000
_PC_CASE_SENSITIVE = 11
"""Of macOS: pathconf(2)."""
_MAX_ENTRIES = 64
_MAX_DIRECTORIES = 2000


class FoldingTrees:
    """The mounted file systems that may fold, and what of them was found to do so."""

    def __init__(self, mounts: Iterable[tuple[str, str, str]]) -> None:
        """Each mount is a place, a type, and the file system's source and options."""
        self._kinds: dict[str, str] = {}
        self.found: set[str] = set()
        self._undecided: dict[str, bool] = {}
        for point, kind, options in mounts:
            self._kinds[point] = _kind(kind, options)
        self.found |= {point for point, kind in self._kinds.items() if kind == "always"}
        self._possible = {"whole", "directory"} & set(self._kinds.values())

    @property
    def by_directory(self) -> bool:
        """True when single directories of some file system may fold."""
        return "directory" in self._possible

    def look(self, rules: Sequence[Rule]) -> None:
        """Look where the rules refuse something. Blocks as the file system does."""
        if not self._possible:
            return
        for directory in islice(_spoken_of(rules, self._kinds), _MAX_DIRECTORIES):
            self._look_at(directory)
        # Where no name tells, names are compared folded.
        self.found |= {point for point, exact in self._undecided.items() if not exact}

    def note_entries(self, directory: str, names: Sequence[str]) -> None:
        """Look at a directory that is listed anyway."""
        if self._kind_at(directory)[1] == "directory" and folds(directory, names) is True:
            self.found.add(directory)

    def must_list(self, directory: str) -> bool:
        """True where nothing but the names in a directory may tell whether it folds."""
        return self._kind_at(directory)[1] == "directory" and not is_exact(directory)

    def _look_at(self, directory: str) -> None:
        point, kind = self._kind_at(directory)
        if kind not in ("whole", "directory"):
            return
        answer = folds(directory)
        if answer:
            self.found.add(point if kind == "whole" else directory)
        elif kind == "whole" and looks.isdir(directory):
            self._undecided[point] = self._undecided.get(point, False) or answer is False

    def _kind_at(self, path: str) -> tuple[str, str]:
        for each in lineage(path):
            kind = self._kinds.get(each)
            if kind is not None:
                return each, kind
        return "/", "exact"


def folding_trees() -> FoldingTrees:
    """With the mounts of this process. Raises OSError."""
    if platform() != "linux":
        return FoldingTrees([("/", "apfs", "")] if _folds_on_macos("/") else ())
    with open(_TABLE, encoding="utf-8", errors="surrogateescape", opener=opened) as file:
        return FoldingTrees(_mounts(file))


def _folds_on_macos(directory: str) -> bool:
    """Whether names fold there, as on every Mac that nobody has set up otherwise.

    What is mounted below is taken to be as the disk that it started from: to fold says more.
    """
    if sys.platform != "darwin":
        return True
    try:
        return os.pathconf(directory, _PC_CASE_SENSITIVE) != 1
    except OSError:
        return True


def _mounts(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for line in lines:
        fields, _, rest = line.partition(" - ")
        words, system = fields.split(" "), rest.split()
        if len(words) > 4 and system:
            yield unescape(words[4]), system[0], " ".join(system[1:])


def _kind(system: str, options: str) -> str:
    """When names are folded in a file system of this type."""
    if system in _ALWAYS or (system in _AS_A_WHOLE and _WINDOWS in options):
        return "always"
    if system in _AS_A_WHOLE or system.split(".")[0] in ("fuse", "fuseblk"):
        return "whole"
    if system == "tmpfs":
        return "directory" if "casefold" in options else "exact"
    known = _BY_DIRECTORY.get(system)
    return "directory" if known is not None and looks.exists(known) else "exact"


def _spoken_of(rules: Sequence[Rule], points: Iterable[str]) -> Iterator[str]:
    """The directories that hold what is refused and reached, and those above and at grants."""
    grants = {
        rule.pattern.path: rule.origin.is_of_person
        for rule in rules
        if rule.effect is not Effect.DENY and isinstance(rule.pattern, File | Subtree)
    }
    above = {each for path in grants for each in ancestors(path)}
    opened = [path for path, is_of_person in grants.items() if is_of_person]
    by_patterns = opened_by_people(
        (rule for rule in rules if isinstance(rule.pattern, Glob)), Access(0)
    )
    opened += sorted(by_patterns.directories)
    inside = [point for point in points if any(is_within(point, path) for path in opened)]
    yield from dict.fromkeys(
        each for path in (*opened, *inside) for each in lineage(path) if each != "/"
    )
    holding: set[str] = set()
    for rule in rules:
        if rule.effect is not Effect.ALLOW:
            holding.update(_holding(rule))
    for directory in holding - grants.keys():
        if directory in above or any(each in grants for each in ancestors(directory)):
            yield directory


def _holding(rule: Rule) -> Iterator[str]:
    match rule.pattern:
        case File(path) | Subtree(path):
            yield parent(path)
        case Subtrees(spellings):
            yield from {path[: path.rfind("/")] or "/" for path in spellings}
        case Glob() as pattern:
            yield pattern.prefix
