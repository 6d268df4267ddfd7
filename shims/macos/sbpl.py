"""Seatbelt's profile language, as far as we write it: forms, and their text.

A profile is one refusal, the default, and rules that allow. Nothing is refused inside what is
allowed: it is left out of the filter. So no two rules disagree, and in which order the kernel looks
at them, which is documented nowhere, cannot matter.

No path stands in the text, and no expression. Each is a parameter, which the interpreter takes as
it is: what it reads as a string of the text ends after 1,023 bytes.
Source: sandbox-exec(1), the profiles that are public, and what was measured of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_RULES = 2000
"""Far below the number (about 17,000) at which sandbox_init(3) is known to crash."""

_SYMBOL = re.compile(r"[a-z][a-z0-9*-]*")
_TAG = re.compile(r"[A-Za-z0-9-]{1,64}")
_UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Literal:
    """This path. Raises ValueError for one that no macOS file has: see `check_path`."""

    path: str

    def __post_init__(self) -> None:
        check_path(self.path)


@dataclass(frozen=True, slots=True)
class Subpath:
    """What is below this directory. Whether the directory itself is meant is not settled.

    So it stands beside a `Literal` of the same path, always: `tree` makes both.
    """

    path: str

    def __post_init__(self) -> None:
        check_path(self.path)


class Spelled(NamedTuple):
    """Paths whose names below the directory `top` are in any spelling that folds to the same.

    `files` are their names below it, folded, and `trees` those of what is meant with all below.
    """

    top: str
    files: frozenset[tuple[str, ...]]
    trees: frozenset[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Regex:
    """Paths that this extended regular expression finds something in; it must anchor itself.

    `spelled`, if it is given, says without the expression which paths these are, of those that are
    in its directory.
    """

    text: str
    spelled: Spelled | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if _UNUSABLE.search(self.text):
            raise ValueError(f"{self.text!r} cannot be written as a regular expression")


@dataclass(frozen=True, slots=True)
class VnodeType:
    """Objects of this kind: REGULAR-FILE, DIRECTORY, SYMLINK, SOCKET, ..."""

    name: str


@dataclass(frozen=True, slots=True)
class Named:
    """A filter that compares a name: `global-name`, `sysctl-name`, `ipc-posix-name`, ..."""

    filter: str
    value: str

    def __post_init__(self) -> None:
        if '"' in self.value or "\\" in self.value or _UNUSABLE.search(self.value):
            raise ValueError(f"{self.value!r} cannot be written as a name")


@dataclass(frozen=True, slots=True)
class Target:
    """Processes: `self`, `same-sandbox`, `children`, `others`."""

    name: str


@dataclass(frozen=True, slots=True)
class Address:
    """A port of this machine or of any: the kernel knows no other hosts.

    `side` is `remote` or `local`, `protocol` `ip`, `tcp` or `udp`, `host` `*` or `localhost`, and
    `port` a number or `*`. Port 0 of localhost is refused by the interpreter.
    """

    side: str
    protocol: str
    host: str
    port: int | str

    def __post_init__(self) -> None:
        usable = self.port == "*" or (isinstance(self.port, int) and 0 < self.port < 65536)
        if self.host not in ("*", "localhost") or not usable:
            raise ValueError(f"no filter can name {self.host}:{self.port}")


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """One end of a connection is a unix socket at one of these paths: `remote`, or `local`."""

    paths: Filter
    side: str = "remote"


@dataclass(frozen=True, slots=True)
class Every:
    """All of these hold; with none, always."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of these holds; with none, never."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    part: Filter


Filter = (
    Literal
    | Subpath
    | Regex
    | VnodeType
    | Named
    | Target
    | Address
    | UnixSocket
    | Every
    | Some
    | Not
)


@dataclass(frozen=True, slots=True)
class Allow:
    """Operations that are allowed where the filter holds; everywhere without one."""

    operations: tuple[str, ...]
    filter: Filter | None = None

    def __post_init__(self) -> None:
        for operation in self.operations:
            if not _SYMBOL.fullmatch(operation):
                raise ValueError(f"{operation!r} is no operation")


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules, and the tag that the kernel logs with every refusal.

    Raises ValueError for a tag that is not letters, digits and hyphens, and for too many rules.
    """

    tag: str
    rules: tuple[Allow, ...]

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.tag):
            raise ValueError(f"{self.tag!r} is no tag")
        if len(self.rules) > MAX_RULES:
            raise ValueError(f"{len(self.rules)} rules are more than {MAX_RULES}")

    def text(self) -> str:
        """The profile as sandbox_init_with_parameters takes it."""
        names = {value: name for name, value in self.parameters().items()}
        head = ["(version 1)", f'(deny default (with message "{self.tag}"))']
        return "\n".join([*head, *(_rule(rule, names) for rule in self.rules)]) + "\n"

    def parameters(self) -> dict[str, str]:
        """The values of the parameters in the text: `P0` is a path, `R0` an expression."""
        paths = {f"P{number}": path for number, path in enumerate(self.paths())}
        texts = self._values(Regex)
        return paths | {f"R{number}": text for number, text in enumerate(texts)}

    def paths(self) -> list[str]:
        """Every path that some filter names, once, in the order of the rules."""
        return self._values(Literal, Subpath)

    def _values(self, *kinds: type) -> list[str]:
        """What filters of these kinds name, once."""
        found: dict[str, None] = {}
        for rule in self.rules:
            for part in _parts(rule.filter) if rule.filter is not None else ():
                if isinstance(part, kinds):
                    found[part.text if isinstance(part, Regex) else part.path] = None
        return list(found)


def tree(path: str) -> Some:
    """The path and everything below it."""
    return Some((Literal(path), Subpath(path)))


def some(parts: Iterable[Filter]) -> Filter:
    """One of these, in as few words as that takes."""
    flat: dict[Filter, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, Some) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Some(tuple(flat))


def without(part: Filter, refused: Iterable[Filter]) -> Filter:
    """What the first holds for and none of the others."""
    left_out = some(refused)
    return part if Some(()) in (part, left_out) else Every((part, Not(left_out)))


def check_path(path: str) -> None:
    """Raise ValueError for a path that cannot be one of macOS's, or that is not in its plain form.

    File names there are UTF-8 (APFS); what a control character would do to a rule is not known.
    """
    plain = path == "/" or (path.startswith("/") and not {"", ".", ".."} & set(path[1:].split("/")))
    if not plain or _UNUSABLE.search(path):
        raise ValueError(f"no rule can name the path {path!r}")


def _parts(part: Filter) -> Iterator[Literal | Subpath | Regex]:
    """Those in it that name a path or an expression."""
    match part:
        case Literal() | Subpath() | Regex():
            yield part
        case Every(parts) | Some(parts):
            for each in parts:
                yield from _parts(each)
        case Not(inner) | UnixSocket(inner):
            yield from _parts(inner)


def _rule(rule: Allow, names: dict[str, str]) -> str:
    words = ["allow", *rule.operations]
    if rule.filter is not None:
        # Filters of one rule are alternatives, so those need no word of their own.
        parts = rule.filter.parts if isinstance(rule.filter, Some) else (rule.filter,)
        if not parts:
            return f";; never: {' '.join(rule.operations)}"
        words += [_text(part, names) for part in parts]
    return f"({' '.join(words)})"


def _text(part: Filter, names: dict[str, str]) -> str:
    match part:
        case Literal(path):
            return f'(literal (param "{names[path]}"))'
        case Subpath(path):
            return f'(subpath (param "{names[path]}"))'
        case Regex(text):
            return f'(regex (param "{names[text]}"))'
        case VnodeType(name):
            return f"(vnode-type {name})"
        case Named(name, value):
            return f'({name} "{value}")'
        case Target(name):
            return f"(target {name})"
        case Address(side, protocol, host, port):
            return f'({side} {protocol} "{host}:{port}")'
        case UnixSocket(paths, side):
            return f"({side} unix-socket {_text(paths, names)})"
        case Every(parts):
            return f"(require-all {' '.join(_text(each, names) for each in parts)})"
        case Some(parts):
            return f"(require-any {' '.join(_text(each, names) for each in parts)})"
        case Not(inner):
            return f"(require-not {_text(inner, names)})"
