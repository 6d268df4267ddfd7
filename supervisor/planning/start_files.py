"""Refusals to write what runs by itself later, in what a person opened for writing.

A hook, a task of an editor or a start file of a shell is run outside the sandbox without anybody
meaning to. The names are data: `start_files` for projects and their repositories, and the group
`protect_start_files` for the home. What a person opened exactly is the person's to open. A
repository is protected as it is at the start: what the run makes itself, the run may configure.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence

from nono.broker import Access, Effect, Origin, OriginKind, Rule, Subtree, group
from nono.broker.datafile import data
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import child, is_within, lineage
from nono.supervisor.places import canonical

GROUP = "protect_start_files"
_ORIGIN = Origin(OriginKind.GROUP, GROUP)
_PERSONS = (OriginKind.FLAG, OriginKind.PROFILE)
_MAX_DIRECTORIES = 1000
_MAX_LINK = 4096
_GITLINK = b"gitdir: "


def start_file_rules(
    rules: Iterable[Rule], workdir: str, expand: Callable[[str], Sequence[str]]
) -> Iterator[Rule]:
    """The refusals for what these rules open. `expand` is for the paths of groups."""
    written = sorted(written_directories(rules))
    if not written:
        return
    seen: set[str] = set()
    for path, spelled in _start_files(written, workdir, expand):
        exactly = any(is_within(directory, path) for directory in written)
        if path not in seen and not exactly and any(is_within(path, each) for each in written):
            seen.add(path)
            yield Rule(Subtree(path, spelled), CHANGING, Effect.DENY, _ORIGIN, protected=True)


def without_start_files(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """For a run without the broker: the kernel lets a program make every name in a directory,
    or none, so the refusals of single names would take creating from all that was opened."""
    return tuple(rule for rule in rules if rule.origin != _ORIGIN)


def written_directories(rules: Iterable[Rule]) -> set[str]:
    """The directories that a person opened for writing."""
    return {
        rule.pattern.path
        for rule in rules
        if rule.effect is not Effect.DENY
        and Access.WRITE in rule.access
        and rule.origin.kind in _PERSONS
        and isinstance(rule.pattern, Subtree)
    }


def _start_files(
    written: Iterable[str], workdir: str, expand: Callable[[str], Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Paths, and how a person would write them in the working directory."""
    for entry in group(GROUP).deny_write:
        for path in expand(entry):
            yield path, entry
    for project in written:
        for name in data("start_files")["project"]:
            yield from _both(child(project, name), workdir)
        for path in _of_repository(project):
            yield from _both(path, workdir)


def _both(path: str, workdir: str) -> Iterator[tuple[str, str]]:
    """The name, and where links lead from it."""
    spelled = os.path.relpath(path, workdir) if is_within(path, workdir) else path
    yield path, spelled
    if (target := canonical(path)) != path:
        yield target, spelled


def _of_repository(project: str) -> Iterator[str]:
    """What git runs or reads commands from, of the repository that the directory lies in."""
    for directory in lineage(project):
        link = child(directory, ".git")
        kind = _kind(link)
        if kind is None:
            continue
        if kind != stat.S_IFDIR:
            yield link
        top = _linked(link) if kind == stat.S_IFREG else link
        yield from _git_directories(top)
        return


def _git_directories(top: str) -> Iterator[str]:
    """In a repository's own directory, the common one of a work tree, those of all submodules.

    A run may have taken a repository's HEAD away, so every directory counts that could be one.
    """
    common = [top, *_common(top)]
    waiting, seen = list(common), set[str]()
    try:
        while waiting:
            directory = waiting.pop(0)
            if directory in seen:
                continue
            seen.add(directory)
            yield from (child(directory, name) for name in data("start_files")["repository"])
            is_one = directory in common or _kind(child(directory, "HEAD")) is not None
            # A submodule's name may have slashes in it.
            names = ("modules", "worktrees") if is_one else ("",)
            for name in names:
                waiting += _inside(
                    os.path.join(directory, name).rstrip("/"), len(seen) + len(waiting)
                )
    except _TooManyError:
        # What is not looked through is refused as a whole.
        yield from (child(each, name) for each in common for name in ("modules", "worktrees"))


class _TooManyError(Exception):
    """There are more entries than are looked at."""


def _inside(directory: str, before: int) -> list[str]:
    """The directories in one. Raises _TooManyError, after `before` and these are too many."""
    try:
        with os.scandir(directory) as entries:
            first = list(itertools.islice(entries, _MAX_DIRECTORIES))
            if before + len(first) >= _MAX_DIRECTORIES:
                raise _TooManyError
            return sorted(e.path for e in first if e.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _common(directory: str) -> list[str]:
    """The repository that a work tree's directory shares (gitrepository-layout(5))."""
    text = _first_line(child(directory, "commondir"))
    return [os.path.normpath(os.path.join(directory, os.fsdecode(text)))] if text else []


def _linked(link: str) -> str:
    """Where a `.git` file leads; itself when it leads nowhere."""
    text = _first_line(link)
    if not text.startswith(_GITLINK):
        return link
    beside = os.path.join(os.path.dirname(link), os.fsdecode(text.removeprefix(_GITLINK)))
    return os.path.normpath(beside)


def _first_line(path: str) -> bytes:
    """At most a path's length of a regular file; nothing of any other, which could block."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return b""
        text = os.read(fd, _MAX_LINK).split(b"\n")[0].rstrip(b"\r")
    except OSError:
        return b""
    finally:
        os.close(fd)
    return b"" if b"\0" in text else text


def _kind(path: str) -> int | None:
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except OSError:
        return None
