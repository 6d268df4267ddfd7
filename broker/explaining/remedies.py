"""The flags that would allow what was refused: right when they are pasted, and no more than that.

One file opens one file, and one directory's names are `--list`. Where a right hangs on a directory
(to remove or rename a name in it, a name that will be another one next time), the directory is
opened, unless that would open far more than anybody asked for: then no flag is suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nono.broker.dataclass import dataclass
from nono.broker.explaining import git_settings
from nono.broker.explaining import network as explain_network
from nono.broker.explaining.git_directory import git_directory, is_of_work_tree
from nono.broker.explaining.other_users import becomes_another
from nono.broker.policy.policy import Policy
from nono.broker.requests import (
    Forbidden,
    Metadata,
    NetworkRequest,
    Open,
    Operation,
    PathChange,
    Request,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import FLOOR_ACCESS, READ_WRITE, Access
from nono.broker.rules.paths import (
    SHARED,
    child,
    components,
    is_within,
    parent,
    reserved_tree,
)
from nono.broker.rules.rule import OWN_CACHES, Effect, OriginKind, Rule, Subtree
from nono.broker.settings import Kind, flag, granting

Flags = tuple[str, ...]
"""Arguments of the command line, flags and values in turn."""

_STORES: Final = (".cache", ".config", ".local", ".local/share", ".local/state", ".local/bin")
"""Below a home, what holds a directory for each program: XDG Base Directory Specification."""
NAMES = frozenset(
    {
        Operation.UNLINK,
        Operation.RMDIR,
        Operation.SYMLINK,
        Operation.LINK_TO,
        Operation.RENAME_FROM,
        Operation.RENAME_TO,
    }
)
"""Changes of names, for which the right is one on the directory: see `Decisions`."""
_ENDS = frozenset({Operation.UNLINK, Operation.RMDIR})
_RANDOM: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-"  # a UUID
    r"|(?=[a-f]*[0-9])[0-9a-f]{8,}"
    r"|[0-9]{6,}"
    r"|(?i:te?mp)[._-]?(?=[a-z]*[A-Z0-9_])\w{6,}"
    r"|\.(?=\w*[0-9])(?=\w*[A-Z])\w{6,}\Z"
    r"|\(O_TMPFILE\)\Z"
    r"|[._-](?i:te?mp)[._-]?[0-9]*\Z"
)
"""In a name that is another one next time: mkstemp(3), UUIDs, hashes, `name.tmp`."""
_BESIDE: Final = re.compile(
    r"\.(?:#|~lock\.)"  # locks of Emacs and GnuPG, of LibreOffice
    r"|.*(?:\.sw[a-p]x?|~|-journal|-wal|-shm)\Z"  # vim's and others' copies; SQLite's
    r"|(?:4913|5036|5159)\Z"  # what vim tries a directory with
)
"""A name that a program makes beside a file that it works on, and removes again."""


def is_random(path: str) -> bool:
    """True for a name that is another one next time, or gone by then."""
    name = path.rpartition("/")[2]
    return _RANDOM.search(name) is not None or _BESIDE.match(name) is not None


def is_passing(request: Request) -> bool:
    """True for making a name that nobody will ask for again: a flag for it alone is of no use."""
    return isinstance(request, PathChange) and is_random(request.path)


@dataclass(frozen=True, slots=True)
class Around:
    """What of the machine decides which flag fits, since a policy looks at nothing.

    `directory`: the object is one now. `is_there`: it, or for what is made its directory, exists.
    `home` and `workdir` are canonical paths, empty where they are not known. `cache` is where a
    tool keeps what it fetched and its logs, and `repository` is git's own directory or a
    repository without a work tree, each empty where the object is in none. `refuses`: the object's
    own mode, or that of a directory on the way, keeps this user from it outside, too.
    """

    directory: bool = False
    is_there: bool = True
    home: str = ""
    workdir: str = ""
    cache: str = ""
    repository: str = ""
    refuses: bool = False

    def is_project(self, path: str) -> bool:
        """True in a working directory that is a project: neither the home nor above it."""
        workdir = self.workdir
        if len(components(workdir or "/")) < 2 or is_within(self.home or "/", workdir):
            return False
        return is_within(path, workdir)

    def is_wide(self, directory: str) -> bool:
        """True for what is opened by no suggestion: it holds far more than was asked for."""
        below = (child(self.home, each) for each in _STORES) if self.home else ()
        return (
            len(components(directory)) < 2
            or directory in SHARED
            or reserved_tree(directory) is not None
            or any(is_within(each, directory) for each in (self.home, self.workdir) if each)
            or directory in below
        )


def remedy(policy: Policy, request: Request, rule: Rule, around: Around) -> Flags:
    """The flags that would allow what `rule` refuses; none where there are none to suggest."""
    if isinstance(request, NetworkRequest):
        return explain_network.fix(request, rule, policy.network.closed)
    if isinstance(request, Forbidden) or becomes_another(request):
        return ()
    if isinstance(request, UnixConnect):
        return explain_network.socket_fix(request, rule)
    missing = policy.lacks(request)
    if rule.origin.kind is OriginKind.DEFAULT:
        return _grant(policy, request, missing, around)
    if rule.protected and _is_of_object(request, rule) and not ends_work_tree(request):
        return _bypass(request, rule, missing, around)
    return ()


def ends_work_tree(request: Request) -> bool:
    """True for a step of the removal of a linked work tree of git's. Each would need a flag."""
    is_end = isinstance(request, PathChange) and request.operation in _ENDS
    return is_end and is_of_work_tree(getattr(request, "path", ""))


def _is_of_object(request: Request, rule: Rule) -> bool:
    """True when lifting the protection at the object itself is all that is needed.

    What refuses changes only says nothing of the right on the directory, which is there then.
    """
    path: str = getattr(request, "path", "")
    of_name = isinstance(request, PathChange) and request.operation in {
        *NAMES,
        Operation.LINK_FROM,
    }
    return rule.reaches(path) and (rule.only_of_changes or not of_name)


def _grant(policy: Policy, request: Request, missing: Access, around: Around) -> Flags:
    path: str = getattr(request, "path", "")
    if around.cache and is_change(request) and not _has_own_caches(policy):
        return (flag("filesystem.caches"),)
    if isinstance(request, PathChange):
        if git_settings.is_of_person(path, around.home):
            return ()
        if whole := git_of(request, around):
            # git makes names, writes, and renames onto others.
            directory = around.workdir if around.is_project(whole) else whole
            return of_directory(policy, directory, READ_WRITE, around)
        if request.operation is Operation.MKDIR:
            return _new_directory(policy, path, around)
        of_name = request.operation in NAMES and Access.WRITE in missing
        if of_name or is_random(path):
            return of_directory(policy, _steady(parent(path)), missing, around)
    return _of_object(request, path, missing, around)


def is_change(request: Request) -> bool:
    """True for what changes an object of the file system, or a name."""
    if isinstance(request, Open):
        return Access.WRITE in request.access
    return isinstance(request, PathChange | Metadata)


def _has_own_caches(policy: Policy) -> bool:
    return any(rule.origin == OWN_CACHES for rule in policy.rules)


def git_of(request: Request, around: Around) -> str:
    """The directory of git's that a request is about a part of; empty where it is about none."""
    path: str = getattr(request, "path", "")
    whole = git_directory(path) or around.repository
    return whole if path != whole else ""


def _of_object(request: Request, path: str, missing: Access, around: Around) -> Flags:
    """What opens just this object, or all that goes with it."""
    whole = git_of(request, around)
    if isinstance(request, Open) and missing == Access.READ and whole:
        return _flag(missing, Kind.DIRECTORY, whole)
    if not around.is_there:
        return ()
    if not around.directory:
        return _flag(missing, Kind.FILE, path)
    if isinstance(request, Open | Watch) and missing == Access.READ:
        return _flag(missing, Kind.LISTED, path)
    return () if around.is_wide(path) else _flag(missing, Kind.DIRECTORY, path)


def _new_directory(policy: Policy, path: str, around: Around) -> Flags:
    """A flag makes the directory before the start, but only in the home."""
    if around.is_project(path):
        return of_directory(policy, around.workdir, Access.WRITE, around)
    steady = _steady(path)
    if around.is_wide(steady) or not around.home or not is_within(steady, around.home):
        return ()
    return (flag("filesystem.allow"), steady)


def of_directory(policy: Policy, directory: str, missing: Access, around: Around) -> Flags:
    """What opens a directory with all below; none where that would be far too much."""
    if directory == around.workdir and around.is_project(directory):
        if Access.WRITE in missing and not _is_spoken_of(policy, directory):
            return (flag("workdir.access"),)
        return _flag(missing, Kind.DIRECTORY, directory)
    return () if around.is_wide(directory) else _flag(missing, Kind.DIRECTORY, directory)


def _is_spoken_of(policy: Policy, workdir: str) -> bool:
    """True when a profile says how the working directory is opened: then its flag has no say."""
    return any(rule.origin.file for rule in _opening(policy, workdir))


def opens_workdir(policy: Policy, workdir: str) -> bool:
    """True when its flag was given, or would have no say."""
    return any(
        rule.origin.file or FLOOR_ACCESS in rule.access for rule in _opening(policy, workdir)
    )


def _opening(policy: Policy, directory: str) -> Iterator[Rule]:
    for rule in policy.rules:
        of_directories = rule.effect is Effect.ALLOW and isinstance(rule.pattern, Subtree)
        if of_directories and getattr(rule.pattern, "path", None) == directory:
            yield rule


def _flag(missing: Access, kind: Kind, path: str) -> Flags:
    if missing & Access.EXECUTE:
        missing = missing & ~Access.EXECUTE | Access.READ
    key = granting(missing & FLOOR_ACCESS, kind)
    return (key.flag, path) if key is not None else ()


def _bypass(request: Request, rule: Rule, missing: Access, around: Around) -> Flags:
    """Lift the protection of this object, and grant what is missing there.

    To lift it from a directory lifts it from all below, so nothing else may be granted there.
    """
    path: str = getattr(request, "path", "")
    if around.directory and Access.READ not in missing:
        return ()
    if is_passing(request):
        return ()
    lifted = (flag("filesystem.bypass_protection"), path)
    if not missing:
        return lifted
    of_name = isinstance(request, PathChange) and request.operation in {*NAMES, Operation.MKDIR}
    granted = () if of_name else _of_object(request, path, missing, around)
    return (*lifted, *granted) if granted else ()


def _steady(path: str) -> str:
    """The path up to the last name before the first that is another one next time."""
    names = components(path)
    for index, name in enumerate(names):
        if _RANDOM.search(name):
            return "/" + "/".join(names[:index])
    return path
