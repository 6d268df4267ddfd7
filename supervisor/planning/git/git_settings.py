"""Files in a project that git's configuration names: hooks, commands, and more of itself.

`core.hooksPath = tools/hooks`, `filter.x.clean = tools/clean` and `include.path = ../.gitconfig`
are usual, and what they name is run or believed as what lies in `.git`. The text is searched, not
understood: what is found too much is only kept as it is.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from nono.broker.compiled import pattern_of
from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import MAX_BYTES, keys_and_values
from nono.broker.git_urls import local_path
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import child, is_within
from nono.supervisor import looks
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.places import base_directory
from nono.supervisor.planning.git.git_files import common, is_unread, kind_of
from nono.supervisor.planning.git.repositories import Repository
from nono.supervisor.walk import PATH_MAX, Followed, Plain, plain, way

_MAX_FILES = 16
_MAX_ALL_BYTES = 1 << 23
"""Of all configurations that are read in one search: a run may have made hundreds."""
_MAX_ALL_WORDS = 100_000
"""Settings, and paths in their values: each is made absolute, and looked for."""
_MAX_VARIABLES = 100
"""Settings in the environment. Each is two variables."""
_MAX_DIGITS = 9
_PARAMETER = rb"'([^'=]+)(?:'='|=)([^']*)'"
_INCLUDE, _HOOKS, _TEMPLATES = b"path", b"hookspath", b"templatedir"
_WHOLE = (_INCLUDE, _HOOKS, _TEMPLATES)
"""Keys whose value is one path, whatever is in it and whether or not it is there."""
_URLS = (b"url", b"pushurl")
_REMOTES = (*_URLS, b"remote", b"pushremote", b"pushdefault")
"""Keys whose value may be the path of another repository."""
_WITHOUT_SLASH = (*_WHOLE, *_URLS)
"""Keys for which a mere name is a path, too."""
_BASE = rb'(?i)\[url[ \t\r]+"((?:[^"\\\n]|\\.)*)"\]'
_HUSKY = "_"
"""A directory of hooks of this name has scripts that call those beside it."""
_REFS = "refs/"
_OPTIONAL = b":(optional)"
_COMMENT = rb"[ \t][#;].*"
_BETWEEN = rb"[\s\"'`;|&()<>$=!\\]+"
"""Of the words of a command: one with a slash in it is a file, and no name to look for in PATH."""


class Configurations:
    """Those that one search reads: no more than so many bytes and words of all of them together.

    `cut` are the files of which not all was read.
    """

    def __init__(self, most: int = _MAX_ALL_BYTES, followed: Followed | None = None) -> None:
        self.followed = followed or Followed()
        """As for `walk.way`."""
        self.cut: list[str] = []
        self.passed: dict[str, None] = {}
        """What the ways of what they name hang on."""
        self._bytes = most
        self._words = _MAX_ALL_WORDS

    def text(self, file: str) -> bytes:
        """Raises NotUnderstoodError where there is more than is read, or can be."""
        text = bytes_of(file, MAX_BYTES + 1) if self._bytes >= 0 else b""
        self._bytes -= len(text)
        if self._bytes < 0 or len(text) > MAX_BYTES:
            raise NotUnderstoodError("git's configurations are too large")
        if not text and is_unread(file):
            raise NotUnderstoodError("git's configuration cannot be read")
        return text

    def count(self, words: int = 1) -> None:
        """So many more. Raises NotUnderstoodError."""
        self._words -= words
        if self._words < 0:
            raise NotUnderstoodError("git's configurations have too many words")

    def keep(self, named: Named, passed: Collection[str]) -> None:
        """Note what the way of something that is named hangs on. Each counts as a word."""
        self._words -= len(passed)
        if self._words < 0:
            self.cut.append(named.file)
        else:
            self.passed |= dict.fromkeys(passed)


class Named(NamedTuple):
    """What a setting names: `path` as written, in `file`; `key` in lower case."""

    file: str
    key: bytes
    path: str

    def at(self, top: str, followed: Followed) -> Plain:
        """The absolute path, in a work tree or a repository: there hooks and commands run.
        `followed` as for `walk.way`, here and below."""
        base = os.path.dirname(self.file) if self.key == _INCLUDE else top
        with followed.ending_at(self.file):
            return plain(os.path.join(base, self.path), followed)

    @property
    def is_absolute(self) -> bool:
        """True when it means the same path in every work tree."""
        return self.key == _INCLUDE or os.path.isabs(self.path)

    def kept(self, top: str, followed: Followed) -> Iterator[Plain]:
        """The absolute paths that this makes a run of git execute or believe there."""
        found = self.at(top, followed)
        kinds = (stat.S_IFREG,) if self.key in _REMOTES else (stat.S_IFREG, stat.S_IFLNK)
        if self.key in _WHOLE or kind_of(found.path) in kinds:
            yield found
            if self.key == _HOOKS and os.path.basename(found.path) == _HUSKY:
                yield Plain(os.path.dirname(found.path), ())

    @property
    def steps(self) -> int:
        """Of the way to another repository, which itself is found as any other is."""
        is_way = self.key in _REMOTES and local_path(os.fsencode(self.path)) is not None
        return 1 + self.path.count("/") if is_way else 0

    def passed(self, top: str, followed: Followed) -> tuple[str, ...]:
        """What that way hangs on."""
        with followed.ending_at(self.file):
            path = os.path.join(top, self.path)
            return way(path, followed=followed).passed if self.steps else ()


def of_every_repository(
    home: str, env: Mapping[str, str], configurations: Configurations | None = None
) -> list[Named]:
    """What the machine's and the person's own configuration names (FILES in git-config(1)), and
    what the environment sets."""
    configurations = configurations or Configurations()
    system = env.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig"
    own = (child(home, ".gitconfig"), f"{base_directory('XDG_CONFIG_HOME', env, home)}/git/config")
    one = env.get("GIT_CONFIG_GLOBAL")
    files = (system, one) if one else (system, *own)
    return list(_named(files, home, configurations, [*_in_variables(env, home)]))


def _in_variables(env: Mapping[str, str], home: str) -> Iterator[Named]:
    """What GIT_CONFIG_COUNT and its variables set (git-config(1), ENVIRONMENT)."""
    count = env.get("GIT_CONFIG_COUNT", "")
    digits = count.lstrip("0") if count.isascii() and count.isdecimal() else ""
    for number in range(min(int(digits[:_MAX_DIGITS] or 0), _MAX_VARIABLES)):
        key = os.fsencode(env.get(f"GIT_CONFIG_KEY_{number}", "")).rpartition(b".")[2]
        value = os.fsencode(env.get(f"GIT_CONFIG_VALUE_{number}", ""))
        yield from _named_by("/", key.lower(), value, home)
    # Each is quoted by itself, with the equals sign inside or between two quotes.
    given = os.fsencode(env.get("GIT_CONFIG_PARAMETERS", ""))
    for found in itertools.islice(pattern_of(_PARAMETER).finditer(given), _MAX_VARIABLES):
        yield from _named_by("/", found[1].rpartition(b".")[2].lower(), found[2], home)


def named_everywhere(
    of_every: Iterable[Named], home: str, configurations: Configurations
) -> Iterator[str]:
    """Of what configures every repository, the paths that are the same in all of them."""
    for each in of_every:
        if each.is_absolute:
            configurations.keep(each, each.passed("/", configurations.followed))
            for path, passed in each.kept("/", configurations.followed):
                configurations.keep(each, passed)
                yield from _alone(each, path, (home,))


def named_by_configuration(
    one: Repository, home: str, of_every: Iterable[Named], configurations: Configurations
) -> Iterator[str]:
    """Absolute paths, in plain form. `of_every` is what configures every repository."""
    directories = (one.directory, *common(one.directory, configurations.followed))
    # In its own directory git runs what receives a push (githooks(5)), and all for who is there.
    tops = dict.fromkeys((one.top, *directories))
    relative = (each for each in of_every if not each.is_absolute)
    own = _named(_own_files(directories), home, configurations)
    for each in itertools.chain(relative, own):
        # `merge = refs/heads/x` is a branch, in a repository's own directory: git writes it.
        is_branch = each.key not in _WHOLE and each.path.startswith(_REFS)
        configurations.keep(each, each.passed(one.top, configurations.followed))
        for top in (one.top,) if each.is_absolute else tops:
            if is_branch and top in directories:
                continue
            for path, passed in each.kept(top, configurations.followed):
                configurations.keep(each, passed)
                yield from _alone(each, path, (one.top, one.directory))


def _alone(named: Named, path: str, held: Iterable[str]) -> Iterator[str]:
    """The path, as a whole. One that holds any of these is no place of hooks only: of it, what git
    would run as a hook."""
    if not any(is_within(each, path) for each in held):
        yield path
    elif named.key == _HOOKS:
        yield from (child(path, name) for name in data("start_files")["hooks"])


def of_every_work_tree(directory: str, configurations: Configurations) -> dict[str, bool]:
    """As `in_every_work_tree`, of what a repository configures in this directory for all of its."""
    return in_every_work_tree(_named(_own_files((directory,)), "/", configurations))


def _own_files(directories: Iterable[str]) -> Iterator[str]:
    return (child(each, name) for each in directories for name in ("config", "config.worktree"))


def in_every_work_tree(of_every: Iterable[Named]) -> dict[str, bool]:
    """The relative paths among these that are looked for wherever git is used, and whether a path
    is that of a directory of hooks."""
    return {
        each.path: each.key == _HOOKS
        for each in of_every
        if each.key not in (_INCLUDE, _TEMPLATES) and not os.path.isabs(each.path)
    }


def _named(
    files: Iterable[str], home: str, configurations: Configurations, given: Sequence[Named] = ()
) -> Iterator[Named]:
    """What is given and what these files name, and those that they include."""
    yield from given
    followed = configurations.followed
    included = (each.at("/", followed).path for each in given if each.key == _INCLUDE)
    waiting, seen = [*files, *included], set[str]()
    while waiting:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        try:
            if len(seen) > _MAX_FILES:
                raise NotUnderstoodError("git's configuration includes too many files")
            for each in _named_in(file, home, configurations):
                yield each
                if each.key == _INCLUDE:
                    waiting.append(each.at("/", followed).path)
        except NotUnderstoodError:
            configurations.cut.append(file)
            return


def _named_in(file: str, home: str, configurations: Configurations) -> Iterator[Named]:
    """Raises NotUnderstoodError where there is more than is read."""
    text = configurations.text(file)
    for key, written, values in itertools.chain(keys_and_values(text), _bases(text)):
        configurations.count()
        if b"/" not in written and key not in _WITHOUT_SLASH:
            continue
        for value in dict.fromkeys((*values, *_simply(key, written, values))):
            for each in _named_by(file, key, value, home):
                configurations.count(1 + each.steps)
                yield each


def _bases(text: bytes) -> Iterator[tuple[bytes, bytes, list[bytes]]]:
    """What `insteadOf` has URLs begin with, as if each was the value of one."""
    for found in pattern_of(_BASE).finditer(text) if b"[url" in text.lower() else ():
        base = pattern_of(rb"\\(.)").sub(rb"\1", found[1])
        yield _URLS[0], base, [base]


def _simply(key: bytes, written: bytes, values: Sequence[bytes]) -> Iterator[bytes]:
    """A value as who knows less of the syntax than git would read it, or write it."""
    if values == [written]:
        return
    value = pattern_of(_COMMENT).sub(b"", written.replace(b"\\\n", b""))
    if key in _WHOLE:
        value = value.strip(b' \t"').replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    yield value


def _named_by(file: str, key: bytes, value: bytes, home: str) -> Iterator[Named]:
    if b"\0" in value:
        return
    if key in _WHOLE:
        paths = [each for each in dict.fromkeys((value, value.removeprefix(_OPTIONAL))) if each]
    else:
        paths = [word for word in pattern_of(_BETWEEN).split(value) if b"/" in word]
        if paths and value not in paths:
            paths.append(value)  # a path with blanks
        local = local_path(value) if key in _REMOTES else None
        if local and local not in paths and (b"/" in local or key in _WITHOUT_SLASH):
            paths.append(local)
    for path in map(os.fsdecode, (each for each in paths if len(each) < PATH_MAX)):
        if path.startswith("~/"):
            path = child(home, path[2:])
        yield Named(file, key, looks.expanduser(path))
