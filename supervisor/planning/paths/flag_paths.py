"""The paths of flags: relative to the working directory, and there when the run starts."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator

from nono.broker import Access, File, Glob, PathPattern, Subtree, is_within
from nono.broker.rules.patterns import check_wildcards, has_wildcards, plain
from nono.broker.settings import Key, Kind, Setting, flag, granting
from nono.supervisor import looks
from nono.supervisor.descriptors import scandir
from nono.supervisor.errors import UsageError, look_near, quoted
from nono.supervisor.out_of_reach import is_missing
from nono.supervisor.places import absolute
from nono.supervisor.planning.paths.refused_names import (
    fixed_beginning,
    left,
    refused,
    refused_pattern,
)
from nono.supervisor.walk import Changeable

_HOME = ("~", "$HOME", "${HOME}")
_MAX_SEEN = 1000


class FlagPaths:
    """Reads the paths of flags. Its methods raise UsageError, broker.PolicyError."""

    def __init__(self, home: str, workdir: str, changeable: Changeable) -> None:
        self._home = home
        self._workdir = workdir
        self._changeable = changeable
        self.to_make: list[str] = []
        """Directories that are opened as a whole and are not there yet, below the home."""
        self.notes: list[str] = []
        """What a person may have mistyped: nothing is there to be refused."""

    def patterns(self, setting: Setting, key: Key) -> Iterator[PathPattern]:
        """The pattern that the flag stands for."""
        path: str = setting.value
        match key.kind:
            case Kind.REFUSED if has_wildcards(path):
                yield from self._refused_pattern(path)
            case Kind.REFUSED:
                given = self._absolute(path)
                if is_missing(given):
                    check_wildcards(path)
                    self.notes.append(f"{setting}: does not exist; to make it is refused, too")
                yield from refused(given, path)
            case Kind.DIRECTORY:
                yield Subtree(self._directory(setting, key), path)
            case Kind.LISTED:
                yield File(self._directory(setting, key), path)
            case Kind.FILE:
                yield File(self._file(setting, key), path)
            case Kind.SOCKET:
                yield File(self._socket(setting), path)

    def left(self, setting: Setting, key: Key) -> Iterator[PathPattern]:
        """What the way to something refused goes up from."""
        if key.kind is not Kind.REFUSED:
            return
        path: str = setting.value
        pattern = self._pattern(path)
        if not has_wildcards(path):
            yield from left(self._absolute(path), path)
        elif pattern.startswith("/"):
            yield from left(fixed_beginning(pattern), path)

    def _pattern(self, text: str) -> str:
        start, slash, rest = text.partition("/")
        return f"{plain(self._home).rstrip('/')}/{rest}" if start in _HOME and slash else text

    def _refused_pattern(self, text: str) -> Iterator[PathPattern]:
        """One that begins nowhere matches anywhere. A shell expands nothing that is quoted."""
        check_wildcards(text)
        pattern = self._pattern(text)
        if pattern.startswith("/"):
            yield from refused_pattern(pattern, text)
        else:
            yield Glob(text)

    def lifted(self, setting: Setting) -> Iterator[str]:
        """The path, which need not exist."""
        yield self._followed(setting)

    def _absolute(self, path: str) -> str:
        return absolute(path, self._home, self._workdir)

    def _followed(self, setting: Setting) -> str:
        instead = f"{flag(setting.key)} "
        return follow(setting, self._absolute(setting.value), self._changeable, instead)

    def _directory(self, setting: Setting, key: Key) -> str:
        path = setting.value
        given = self._followed(setting)
        try:
            mode = looks.stat(given).st_mode
        except OSError as error:
            _check_named(setting, key)
            if error.errno == errno.ENOENT and self._may_be_made(key, path, given):
                self.to_make.append(given)
                return given
            hint = _to_have(given, key)
            raise UsageError(f"{setting}: {os.strerror(error.errno or 0)}", hint) from None
        if not stat.S_ISDIR(mode):
            raise UsageError(f"{setting}: not a directory", _instead(key, Kind.FILE, path))
        return given

    def _may_be_made(self, key: Key, said: str, path: str) -> bool:
        """Only where nobody else looks, and only what is said from `/` or `~` on: a program's own
        directory that is not there yet. A typing error elsewhere is told of."""
        is_whole = said.startswith(("/", "~")) and key.name == "filesystem.allow"
        return is_whole and path != self._home and is_within(path, self._home)

    def _file(self, setting: Setting, key: Key) -> str:
        path = setting.value
        given = self._followed(setting)
        if looks.isdir(given):
            raise UsageError(f"{setting}: is a directory", _instead(key, Kind.DIRECTORY, path))
        is_creatable = Access.WRITE in key.access and looks.isdir(os.path.dirname(given))
        if not looks.lexists(given) and not is_creatable:
            _check_named(setting, key)
            hint = _to_have(os.path.dirname(given), key)
            raise UsageError(f"{setting}: No such file or directory", hint)
        return given

    def _socket(self, setting: Setting) -> str:
        """The socket may come to be later, in a directory that is there."""
        given = self._followed(setting)
        try:
            mode = looks.stat(given).st_mode
        except OSError as error:
            if not looks.isdir(os.path.dirname(given)):
                raise UsageError(
                    f"{setting}: {os.strerror(error.errno or 0)}",
                    look_near(given),
                ) from None
        else:
            if not stat.S_ISSOCK(mode):
                if stat.S_ISDIR(mode):
                    raise UsageError(f"{setting}: is a directory", _instead_of_directory(given))
                raise UsageError(f"{setting}: not a socket", f"ls -l {quoted(given)}")
        return given


def _to_have(directory: str, key: Key) -> str:
    """What to do about a directory that is missing: to be written it is made, where all but its
    name is right; what is to be read is more likely mistyped."""
    above = os.path.dirname(directory)
    if Access.WRITE in key.access and looks.isdir(above) and looks.access(above, os.W_OK):
        return f"mkdir {quoted(directory)}"
    return look_near(directory)


def _check_named(setting: Setting, key: Key) -> None:
    """Raises UsageError, broker.PolicyError where nothing is there and a pattern may be meant."""
    check_wildcards(setting.value)
    if has_wildcards(setting.value):
        section, _, name = key.name.partition(".")
        pattern = f"$WORKDIR/{setting.value}" if setting.value[:1] not in ("/", "~") else ""
        entry = f'"{section}": {{"{name}": ["{pattern or setting.value}"]}}'
        raise UsageError(
            f"{setting}: No such file or directory, and an option opens nothing by a pattern, which"
            f" a profile does ({entry})",
            "leave it unquoted, so that the shell writes what is there",
        )


def _instead_of_directory(path: str) -> str:
    """The flag for the first socket in it, by name; else for one that may come to be there."""
    with contextlib.suppress(OSError), scandir(path) as entries:
        for entry in sorted(itertools.islice(entries, _MAX_SEEN), key=lambda each: each.name):
            if stat.S_ISSOCK(looks.lstat(entry.path).st_mode):
                return f"{flag('filesystem.unix_socket')} {quoted(entry.path)}"
    return f"{flag('filesystem.unix_socket')} {quoted(os.path.join(path, 'NAME'))}"


def follow(what: object, path: str, changeable: Changeable, instead: str) -> str:
    """The canonical path. Raises UsageError when a link that a run may have put there leads on.

    `instead` is what a person writes before the path itself, such as `--read `.
    """
    end, link = changeable.follow(path)
    if link is not None:
        raise UsageError(
            f"{what}: {link} is a link that leads out of the directory it is in, where a program"
            " may have put it: if where it leads is meant, name the place itself",
            f"{instead}{quoted(end)}",
        )
    return end


def _instead(key: Key, kind: Kind, path: str) -> str:
    """The flag that grants the same on an object of the other kind."""
    other = granting(key.access, kind)
    return f"{other.flag} {path}" if other is not None else f"ls -l {path}"
