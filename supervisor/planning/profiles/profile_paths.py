"""The paths of a profile: variables, links, wildcards; they need not be there."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping

from nono.broker import File, Glob, PathPattern, PolicyError, Subtree, is_within
from nono.broker.profile.spelling import VARIABLE, VARIABLES, is_pattern
from nono.broker.rules.patterns import check_wildcards, has_wildcards, plain
from nono.broker.settings import Key, Kind, Setting
from nono.supervisor import looks
from nono.supervisor.places import BASE_DIRECTORIES, canonical
from nono.supervisor.planning.paths.refused_names import (
    fixed_beginning,
    left,
    refused,
    refused_pattern,
    resolved,
)
from nono.supervisor.planning.profiles.profile_findings import Findings
from nono.supervisor.walk import Changeable
from nono.supervisor.walk import plain as plain_path

_TMPDIR = "TMPDIR"


class Variables:
    """What the variables of a profile stand for in this run."""

    def __init__(self, env: Mapping[str, str], home: str, workdir: str) -> None:
        self._values = {"HOME": home, "WORKDIR": workdir, "UID": str(os.getuid())}
        for name in VARIABLES:
            if not name.startswith("XDG_"):
                continue
            value = env.get(name, "")
            if os.path.isabs(value):
                self._values[name] = value
            elif name in BASE_DIRECTORIES:
                self._values[name] = os.path.join(home, BASE_DIRECTORIES[name])

    def path(self, text: str, quote: bool = False) -> str:
        """The absolute path that a profile's path stands for, links and `..` and all.

        With `quote`, wildcards in what a variable stands for are made plain. Raises
        broker.PolicyError for a variable without a value.
        """
        if text == "~" or text.startswith("~/"):
            text = "$HOME" + text[1:]
        names = [each for each in self._expand(text, quote).split("/") if each not in ("", ".")]
        return "/" + "/".join(names)

    def value(self, text: str) -> str:
        """A value for the environment. What is no variable of a profile stays as it is."""
        if text == "~" or text.startswith("~/"):
            text = "$HOME" + text[1:]
        return self._expand(text, quote=False)

    def _expand(self, text: str, quote: bool) -> str:
        def replace(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in VARIABLES:
                return match[0]
            value = self._values.get(name)
            if value is None:
                raise PolicyError(f"${name} is not set", f"export {name}=DIRECTORY")
            return plain(value) if quote else value

        return VARIABLE.sub(replace, text)


class ProfilePaths:
    """Reads the paths of a profile. What is wrong with them is among the findings."""

    def __init__(
        self, variables: Variables, findings: Findings, changeable: Changeable | None = None
    ) -> None:
        self._variables = variables
        self._findings = findings
        self._changeable = changeable or Changeable(())

    def patterns(self, setting: Setting, key: Key) -> Iterator[PathPattern]:
        """The patterns that the setting stands for; none where something is wrong with it."""
        text = _path(setting)
        if key.kind in (Kind.REFUSED, Kind.ASKED):
            if in_own_tmpdir(text):
                self._findings.complain(setting, "the run's own directory cannot be refused to it")
                return
            yield from self._findings.tried(setting, denied, text, self._variables) or ()
            return
        if in_own_tmpdir(text):
            self._findings.note(setting, "every run has a $TMPDIR of its own, open to it")
            return
        alone = key.kind is not Kind.DIRECTORY
        pattern = self._granted(setting, alone)
        if pattern is None:
            return
        if key.kind is not Kind.LISTED:
            self._look_at(setting, pattern)
            yield pattern
        elif self._is_listed(setting, pattern):
            yield pattern

    def left(self, setting: Setting, key: Key) -> Iterator[PathPattern]:
        """What the way to something refused goes up from."""
        text = _path(setting)
        if key.kind in (Kind.REFUSED, Kind.ASKED) and not in_own_tmpdir(text):
            with contextlib.suppress(PolicyError):  # `patterns` tells of it
                yield from _left(text, self._variables)

    def _is_listed(self, setting: Setting, pattern: PathPattern) -> bool:
        """Whether it is a directory: the same right on a file would be to read it."""
        if not isinstance(pattern, File):
            self._findings.complain(setting, "no names are listed by a pattern; name the directory")
            return False
        if not looks.isdir(pattern.path):
            self._findings.note(setting, f"{pattern.path} is no directory: nothing is opened")
            return False
        return True

    def lifted(self, setting: Setting) -> Iterator[str]:
        """The path, unless it is a pattern."""
        pattern = self._granted(setting, True)
        if isinstance(pattern, File):
            yield pattern.path
        elif pattern is not None:
            self._findings.complain(setting, "a pattern cannot lift a protection; name the path")

    def _granted(self, setting: Setting, alone: bool) -> PathPattern | None:
        """The pattern; None, with a note, where a link that a program may have put there leads."""
        text = _path(setting)
        pattern = self._findings.tried(setting, granted, text, self._variables, alone)
        if pattern is None:
            return None
        end, link = self._changeable.follow(beginning(text, self._variables))
        reached = pattern.prefix if isinstance(pattern, Glob) else getattr(pattern, "path", end)
        if link is None and is_within(reached, end):
            return pattern
        self._findings.tell(
            setting,
            f"{link or end} is a link that leads out of the directory it is in, where a program"
            f" may have put it: nothing is opened; name {end}",
        )
        return None

    def _look_at(self, setting: Setting, pattern: PathPattern) -> None:
        path = getattr(pattern, "path", None)
        if path is None:
            return
        if not looks.lexists(path):
            self._findings.note(setting, f"{path} does not exist")
        elif isinstance(pattern, File) and looks.isdir(path):
            self._findings.note(setting, f"{path} is a directory: only its list of names is opened")


def _path(setting: Setting) -> str:
    """The text of an entry that may be an object with a condition.

    A name is bytes, and a profile's are of UTF-8, whatever this Python takes names of files for.
    """
    text: str = getattr(setting.value, "path", setting.value)
    return text if text.isascii() else os.fsdecode(text.encode())


def in_own_tmpdir(text: str) -> bool:
    """True for a path in $TMPDIR, which is the run's own and open to it as a whole."""
    match = VARIABLE.match(text)
    return match is not None and _TMPDIR in match.groups()


def beginning(text: str, variables: Variables) -> str:
    """The absolute path that the text stands for, up to its first name with a wildcard."""
    if not is_pattern(text):
        return variables.path(text)
    return fixed_beginning(variables.path(text, quote=True))


def granted(text: str, variables: Variables, alone: bool) -> PathPattern:
    """The pattern of a grant on a path, with all below unless `alone`."""
    if not is_pattern(text):
        path = canonical(variables.path(text))
        return File(path, text) if alone else Subtree(path, text)
    pattern = resolved(variables.path(text, quote=True))
    return Glob(pattern if alone or pattern.endswith("/**") else f"{pattern}/**")


def _left(text: str, variables: Variables) -> list[File]:
    is_anywhere = is_pattern(text) and not text.startswith(("/", "~", "$"))
    return [] if is_anywhere else [*left(beginning(text, variables), text)]


def denied(text: str, variables: Variables) -> list[PathPattern]:
    """The patterns of a refusal: what is written, and where links lead from there."""
    if is_pattern(text):
        if not text.startswith(("/", "~", "$")):
            return [Glob(text)]
        return refused_pattern(variables.path(text, quote=True), text)
    path = variables.path(text)
    if not looks.lexists(path):
        check_wildcards(text)
    found: list[PathPattern] = [*refused(path, text)]
    # A name may hold these by accident; a refusal takes them both ways.
    return [*found, Glob(plain_path(path).path)] if has_wildcards(text) else found
