"""What the machine's configuration of pip, npm, git and their like opens, read before the start.

The program may read those files, and what they name: constraints, certificates, indexes. Only what
nobody but the machine's owner writes has a say in that; a person's own configuration and a
project's open nothing. Variables of the environment are the person's own word. Where credentials
stand in a file the program gets a copy without them, and the file itself is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import Access, Effect, File, Origin, OriginKind, Rule, Subtree, is_within
from nono.broker.configuration.tools import MAX_BYTES, Tool, named, tools, variables, words
from nono.broker.configuration.without_credentials import (
    Cleaned,
    holds_private_key,
    without_credentials,
)
from nono.broker.dataclass import dataclass, field
from nono.broker.settings import flag
from nono.supervisor import looks
from nono.supervisor.links import Ways
from nono.supervisor.planning.paths.machine_places import Places, read_start

_XDG = "$XDG_CONFIG_DIRS"
_DEFAULT_XDG = "/etc/xdg"
_MAX_FILES = 64
_DEPTH = 4
_MAX_OTHER = 1024 * 1024
_TOP = ("bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run")
_TOO_WIDE = frozenset(f"/{name}" for name in (*_TOP, "", "srv", "sys", "tmp", "usr", "var"))
"""No directory of packages: what names one of these opens nothing."""


@dataclass(slots=True)
class Found:
    """`copies` are what stands in for files, by canonical path; `notes` are for a person."""

    rules: list[Rule] = field(default_factory=list)
    copies: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def machine_configuration(
    env: Mapping[str, str],
    home: str,
    workdir: str,
    rules: Sequence[Rule],
    bypasses: Sequence[str],
    ways: Ways,
) -> Found:
    """`env` is what the program gets of `variable_names`; `rules` are those of the policy so far,
    `ways` remembers directories that were seen in this start.

    Never raises: what cannot be read opens nothing.
    """
    search = _Search(Places(home, workdir, rules, bypasses), home, ways)
    for tool in tools().values():
        for path in _places(tool, env):
            origin = Origin(OriginKind.BUILTIN, f"system-wide configuration of {tool.name}")
            search.configuration(tool, path, origin, _DEPTH)
    for name, kind in variables().items():
        if env.get(name):
            origin = Origin(OriginKind.BUILTIN, f"variable {name}")
            search.by_variable(kind, env[name], origin, workdir)
    return search.found


def variable_names() -> frozenset[str]:
    """The variables that have a say in this."""
    return frozenset({*variables(), _XDG[1:]})


def _places(tool: Tool, env: Mapping[str, str]) -> Iterator[str]:
    directories = (env.get(_XDG[1:]) or _DEFAULT_XDG).split(":")[:_MAX_FILES]
    for place in tool.places:
        if place.startswith(_XDG):
            yield from (d + place.removeprefix(_XDG) for d in directories if d.startswith("/"))
        else:
            yield place


class _Search:
    """Each file is looked at once, and no more than `_MAX_FILES` of them."""

    def __init__(self, places: Places, home: str, ways: Ways) -> None:
        self.found = Found()
        self._places = places
        self._home = home
        self._ways = ways
        self._seen: set[str] = set()

    def by_variable(self, kind: str, value: str, origin: Origin, workdir: str) -> None:
        if "://" not in value:
            value = value.replace(":/", " /") if kind == "directory" else value
        tool = tools().get(kind)
        for word in words("file" if tool else kind, value):
            self._name(kind, self._path(word, workdir), origin, _DEPTH)

    def configuration(self, tool: Tool, spelled: str, origin: Origin, depth: int) -> None:
        """Open a configuration for reading, and what it names if it is the machine's."""
        path = self._new_file(spelled)
        if path is None or depth == 0 or self._places.is_opened(path):
            return
        limit = _MAX_OTHER if tool.name == "requirements" else MAX_BYTES
        content = read_start(path, limit + 1)
        if content is None:
            return
        text = content.decode("utf-8", "surrogateescape")
        whole = len(content) <= limit
        cleaned = without_credentials(tool, text) if whole else Cleaned(None)
        self._allow(File(path, spelled), origin)
        if cleaned.text != text and not self._places.is_bypassed(path):
            self._replace(path, cleaned)
        if whole and self._places.is_machine_s(spelled, path):
            base = os.path.dirname(path) if tool.relative else None
            for each in named(tool, text):
                kind = tool.name if each.kind == "configuration" else each.kind
                by = Origin(OriginKind.BUILTIN, each.key, path)
                self._name(kind, self._path(each.path, base), by, depth - 1)

    def _name(self, kind: str, spelled: str | None, origin: Origin, depth: int) -> None:
        """Open what is named for reading."""
        if spelled is None:
            return
        tool = tools().get(kind)
        if tool is not None:
            self.configuration(tool, spelled, origin, depth)
        elif _is_directory(spelled):
            if kind in ("directory", "certificate"):
                self._directory(spelled, origin)
        else:
            self._file(spelled, origin)

    def _file(self, spelled: str, origin: Origin) -> None:
        path = self._new_file(spelled)
        content = None if path is None else read_start(path, _MAX_OTHER)
        if path is None or content is None:
            return
        if holds_private_key(content.decode("latin-1")):
            self.found.notes.append(f"{path} ({origin}) holds a private key: it is not opened")
        else:
            self._allow(File(path, spelled), origin)

    def _directory(self, spelled: str, origin: Origin) -> None:
        path = self._new(spelled)
        if path is None:
            return
        if path in _TOO_WIDE or is_within(self._home, path):
            read = flag("filesystem.read")
            self.found.notes.append(f"{path} ({origin}) is too much to open: it takes {read}")
        else:
            self._allow(Subtree(path, spelled), origin)

    def _allow(self, pattern: File | Subtree, origin: Origin) -> None:
        self.found.rules.append(Rule(pattern, Access.READ, Effect.ALLOW, origin))

    def _replace(self, path: str, cleaned: Cleaned) -> None:
        origin = Origin(OriginKind.BUILTIN, "credentials", path)
        self.found.rules.append(
            Rule(File(path), Access.READ | Access.WRITE, Effect.DENY, origin, protected=True)
        )
        if cleaned.text is None:
            self.found.notes.append(f"{path} is not opened: there may be credentials in it")
            return
        self.found.copies[path] = cleaned.text.encode("utf-8", "surrogateescape")
        if cleaned.left_out:
            keys = ", ".join(cleaned.left_out)
            self.found.notes.append(f"{path}: the program does not get the credentials in {keys}")

    def _new_file(self, spelled: str) -> str | None:
        try:
            if not stat.S_ISREG(looks.stat(spelled).st_mode):
                return None
        except (OSError, ValueError):
            return None
        return self._new(spelled)

    def _new(self, spelled: str) -> str | None:
        """The canonical path of what nothing forbids to open, and was not seen yet."""
        path = self._ways.of_any(spelled)
        if path in self._seen or len(self._seen) >= _MAX_FILES:
            return None
        self._seen.add(path)
        return path if self._places.may_be_named(spelled, path) else None

    def _path(self, text: str, base: str | None) -> str | None:
        """The path that `text` means: absolute, in the home, a file: URL, or relative to `base`."""
        if text.startswith("file:"):
            from urllib.parse import unquote

            text = unquote(text.removeprefix("file:").removeprefix("//localhost"))
            text = "/" + text.lstrip("/")
        elif "://" in text or "\0" in text:
            return None
        elif text.startswith("~/"):
            text = self._home.rstrip("/") + text[1:]
        if not text.startswith("/"):
            if base is None:
                return None
            text = os.path.join(base, text)
        return text


def _is_directory(path: str) -> bool:
    try:
        return looks.isdir(path)
    except ValueError:
        return False
