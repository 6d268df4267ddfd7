"""Which files are the machine's: nobody but root writes them, and no run of this program does."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import Access, Effect, File, Glob, Rule, Subtree, Subtrees, is_within
from nono.broker.rules.paths import ancestors, is_canonical, lineage
from nono.supervisor import looks
from nono.supervisor.descriptors import opened

_WRITABLE = stat.S_IWGRP | stat.S_IWOTH
_MAX_STEPS = 400


class Places:
    """What the policy of a run says about where configuration may come from."""

    def __init__(
        self, home: str, workdir: str, rules: Sequence[Rule], bypasses: Sequence[str]
    ) -> None:
        self._bypasses = bypasses
        self._refusals = _Refusals(rules)
        self._opened = set(_opened(rules, Access.WRITE))
        # Who starts nono in / has no project there, unless it is opened.
        project = {workdir} if workdir != "/" else set()
        self._written = project | set(_opened(rules, Access.WRITE | Access.CREATE))
        self._persons = self._written | ({home} if home != "/" else set())
        self._roots: dict[str, bool] = {}

    def is_bypassed(self, path: str) -> bool:
        """Whether a person lifted the protection of what is there."""
        return any(is_within(path, each) for each in self._bypasses)

    def is_opened(self, path: str) -> bool:
        """Whether the program may write there anyway: the file is its own to read."""
        return _is_in(path, self._opened)

    def may_be_named(self, spelled: str, path: str) -> bool:
        """False for what the policy refuses, and where a link that a run could have made leads."""
        if not is_canonical(path) or self._is_refused(path):
            return False
        return not any(_is_in(link, self._written) for link in _links(spelled))

    def is_machine_s(self, spelled: str, path: str) -> bool:
        """True for a file of root's that nobody else can have written or put there."""
        whole = os.path.normpath(spelled)
        if _is_in(whole, self._persons) or _is_in(path, self._persons):
            return False
        above = dict.fromkeys((path, *ancestors(path), *ancestors(whole)))
        return all(self._is_root_s(each) for each in above)

    def _is_root_s(self, path: str) -> bool:
        known = self._roots.get(path)
        if known is None:
            try:
                status = looks.stat(path)
                known = status.st_uid == 0 and not status.st_mode & _WRITABLE
            except OSError:
                known = False
            self._roots[path] = known
        return known

    def _is_refused(self, path: str) -> bool:
        return self._refusals.reach(path, not self.is_bypassed(path))


class _Refusals:
    """The refusals to read, by path: most of what they are asked about none of them reaches."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._paths: dict[str, list[Rule]] = {}
        self._groups: list[tuple[Mapping[str, str], Rule]] = []
        self._patterns: list[Rule] = []
        for rule in rules:
            if rule.effect is Effect.ALLOW or Access.READ not in rule.access:
                continue
            if isinstance(rule.pattern, File | Subtree):
                self._paths.setdefault(rule.pattern.path, []).append(rule)
            elif isinstance(rule.pattern, Subtrees):
                self._groups.append((rule.pattern.spellings, rule))
            else:
                self._patterns.append(rule)

    def reach(self, path: str, with_protected: bool) -> bool:
        """Whether one of them speaks of `path`."""
        above = [*lineage(path)]
        near = [rule for each in above for rule in self._paths.get(each, ())]
        near += [rule for paths, rule in self._groups if not paths.keys().isdisjoint(above)]
        return any(
            rule.reaches(path) and (with_protected or not rule.protected)
            for rule in (*near, *self._patterns)
        )


def read_start(path: str, limit: int) -> bytes | None:
    """At most `limit` bytes of a regular file by its canonical path; None when it cannot be."""
    try:
        # No FIFO, device or terminal that was put there meanwhile holds us up.
        fd = opened(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with open(fd, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(fd)


def _opened(rules: Sequence[Rule], access: Access) -> Iterator[str]:
    """The paths and directories that the rules open with any of these rights."""
    for rule in rules:
        # Numbers: this is asked of every rule.
        if rule.effect is Effect.ALLOW and rule.access._value_ & access._value_:
            match rule.pattern:
                case File(path) | Subtree(path):
                    yield path
                case Glob() as pattern:
                    yield pattern.prefix


def _is_in(path: str, trees: set[str]) -> bool:
    return any(is_within(path, tree) for tree in trees)


def _links(spelled: str) -> Iterator[str]:
    """Where the symbolic links on the way of a path are, each by its canonical path."""
    waiting = spelled.split("/")[::-1]
    here = "/"
    for _ in range(_MAX_STEPS):
        if not waiting:
            return
        name = waiting.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        path = os.path.join(here, name)
        try:
            target = looks.readlink(path)
        except OSError:
            here = path
            continue
        yield path
        waiting += target.split("/")[::-1]
        here = "/" if target.startswith("/") else here
    yield spelled  # too long a way to be sure of
