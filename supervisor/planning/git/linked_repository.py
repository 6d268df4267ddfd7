"""The repository that a working directory has elsewhere: git work trees and submodules.

There `.git` is a file that names a directory, and git works in that one: gitrepository-layout(5),
git-worktree(1). Whoever allows the working directory means to use git in it. What an earlier run
may have written names nothing, though: a `.git` counts only if the directory that it names says
itself, from inside the repository of a person's, that it belongs to this working directory.

Of a work tree's repository all that is git's may be read, and its hooks executed, as in the main
work tree; written are the work tree's own part, objects, branches and their logs, and so neither
the configuration nor hooks. What a submodule has
is its own alone; what runs by itself there is protected as in any repository (`start_files.py`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator

from nono.broker import Access, Effect, File, Origin, OriginKind, Rule, Subtree
from nono.broker.compiled import pattern_of
from nono.broker.dataclass import replace
from nono.broker.datafile import data
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import child, is_within, lineage, parent
from nono.supervisor import looks
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.planning.git.git_files import (
    exact_common,
    exact_link,
    exact_work_tree,
    kind_of,
    names_in,
    written_by_git,
)

_MAX_BYTES = 64 * 1024
_READING = Access.READ
_RUNNING = Access.READ | Access.EXECUTE
_HOOKS = "hooks"
_SHARED = ("objects", "refs", "logs")
"""What git writes in the repository of a work tree, besides the work tree's own part."""

_ELSEWHERE = "objects/info"
"""Has `alternates`: where else the repository's objects are taken from."""
_ORIGIN = Origin(OriginKind.BUILTIN, "where a repository takes objects from")

_WORKTREE = pattern_of(rb"(?m)^\s*worktree\s*=\s*(\S.*?)\s*$")


def linked_repository_rules(rules: Iterable[Rule], workdir: str) -> Iterator[Rule]:
    """For each rule that opens the working directory, the rules for its repository elsewhere."""
    opening = [each for each in rules if _opens(each, workdir)]
    if not opening:
        return
    directory = _linked(workdir)
    if directory is None:
        return
    common = _common_of_work_tree(directory, workdir)
    for rule in opening:
        if common is not None:
            for pattern in _read(common):
                yield replace(rule, pattern=pattern, access=rule.access & _READING)
            if kind_of(hooks := child(common, _HOOKS)) == stat.S_IFDIR:
                yield replace(rule, pattern=Subtree(hooks), access=rule.access & _RUNNING)
            if Access.WRITE in rule.access:
                for path in (directory, *_shared(common)):
                    yield replace(rule, pattern=Subtree(path))
                yield Rule(Subtree(child(common, _ELSEWHERE)), CHANGING, Effect.DENY, _ORIGIN)
        elif _is_of_submodule(directory, workdir):
            yield replace(rule, pattern=Subtree(directory))


def _opens(rule: Rule, workdir: str) -> bool:
    is_here = isinstance(rule.pattern, Subtree) and rule.pattern.path == workdir
    return is_here and rule.effect is Effect.ALLOW and rule.origin.is_of_person


def _linked(workdir: str) -> str | None:
    """The canonical directory that the file `.git` names; None when there is none outside."""
    directory = exact_link(child(workdir, ".git"))
    if directory is None or is_within(directory, workdir):
        return None
    return directory if kind_of(directory) == stat.S_IFDIR else None


def _common_of_work_tree(directory: str, workdir: str) -> str | None:
    """The repository, if the directory is its part for the work tree at `workdir`."""
    common = parent(parent(directory))
    is_part = (
        os.path.basename(parent(directory)) == "worktrees"
        and exact_work_tree(directory) == child(workdir, ".git")
        and exact_common(directory) == common
    )
    return common if is_part and _is_repository(common) else None


def _is_of_submodule(directory: str, workdir: str) -> bool:
    """True when it lies in the repository that `workdir` lies in, and is configured for it."""
    tops = (child(each, ".git") for each in lineage(parent(workdir)))
    is_inside = any(is_within(directory, child(top, "modules")) for top in tops)
    named = _WORKTREE.search(bytes_of(child(directory, "config"), _MAX_BYTES))
    if not is_inside or named is None or not _is_repository(directory):
        return False
    return written_by_git(directory, named[1].strip(b'"')) == workdir


def _is_repository(directory: str) -> bool:
    """True for real directories: a link would lead out of it."""
    return looks.isfile(child(directory, "HEAD")) and all(
        kind_of(child(directory, name)) == stat.S_IFDIR for name in ("objects", "refs")
    )


def _read(common: str) -> Iterator[Subtree | File]:
    """All of a `.git`; of a directory with another name, which may hold anything, git's part."""
    if os.path.basename(common) == ".git":
        yield Subtree(common)
        return
    yield File(common)
    for name in names_in(common):
        if name in data("start_files")["of_git"]:
            path = child(common, name)
            yield Subtree(path) if kind_of(path) == stat.S_IFDIR else File(path)


def _shared(common: str) -> Iterator[str]:
    for name in _SHARED:
        if kind_of(child(common, name)) == stat.S_IFDIR:
            yield child(common, name)
