"""A reader of the profile language, and what a profile answers.

It knows the words that we write and those of the published cases, and refuses every other. Paths
and expressions are compared as bytes, as the kernel does.

How the kernel orders its rules is documented nowhere. `READINGS` are the four that have been
claimed; the last fits every outcome that was published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

Form = list["Form | str"]
_TOKEN = re.compile(r'\s+|;[^\n]*|#"([^"]*)"|"((?:[^"\\]|\\.)*)"|([()])|([^\s()";#]+)')
_PARENT = {
    "file-read-data": "file-read*",
    "file-read-metadata": "file-read*",
    "file-read-xattr": "file-read*",
    "file-write-data": "file-write*",
    "file-write-create": "file-write*",
    "file-write-unlink": "file-write*",
    "file-write-mode": "file-write*",
    "file-write-owner": "file-write*",
    "file-write-flags": "file-write*",
    "file-write-times": "file-write*",
    "file-write-xattr": "file-write*",
    "file-write-setugid": "file-write*",
    "file-read*": "file*",
    "file-write*": "file*",
    "file-ioctl": "file*",
    "file-link": "file*",
    "file-map-executable": "file*",
    "file-test-existence": "file*",
    "process-exec": "process-exec*",
    "process-exec-interpreter": "process-exec*",
}
_OTHERS = {
    *("file*", "process-exec*", "process-fork", "process-info*", "signal", "sysctl-read"),
    *("mach-lookup", "network-outbound", "network-inbound", "network-bind", "system-socket"),
    *("network*", "default", "pseudo-tty", "lsopen", "mach-host*", "ipc-posix-sem*"),
}


class Word(str):
    """A string between quotes, which is no symbol."""


@dataclass(frozen=True)
class Asked:
    """An operation on an object: a path, or for the network `HOST:PORT`."""

    operation: str
    object: str
    kind: str = "REGULAR-FILE"
    is_unix_socket: bool = False
    extensions: tuple[str, ...] = ()
    subpath_is_whole: bool = True
    """Whether `subpath` holds for the directory itself: published statements differ."""


@dataclass
class Rule:
    effect: str
    operations: list[str]
    filters: list[Form] = field(default_factory=list)


def parse(text: str, parameters: Mapping[str, str]) -> list[Rule]:
    """The rules of a profile, parameters put in. Raises ValueError for what is not understood."""
    rules = []
    for form in _forms(text):
        match form:
            case ["version", "1"]:
                continue
            case ["allow" | "deny" as effect, *words]:
                operations = [word for word in words if isinstance(word, str)]
                unknown = set(operations) - _PARENT.keys() - _OTHERS
                if unknown:
                    raise ValueError(f"operations {unknown}")
                filters = [_put_in(word, parameters) for word in words if isinstance(word, list)]
                kept = [each for each in filters if each[0] != "with"]
                rules.append(Rule(effect, operations, kept))
            case _:
                raise ValueError(f"the form {form}")
    return rules


def _forms(text: str) -> Iterator[Form]:
    stack: list[Form] = [[]]
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"at {text[position : position + 20]!r}")
        position = token.end()
        raw, quoted, bracket, symbol = token.groups()
        if raw is not None:
            stack[-1].append(Word(raw))
        elif quoted is not None:
            stack[-1].append(Word(re.sub(r"\\(.)", r"\1", quoted)))
        elif symbol is not None:
            stack[-1].append(symbol)
        elif bracket == "(":
            stack.append([])
        elif bracket == ")":
            form = stack.pop()
            if not stack:
                raise ValueError("a bracket too many")
            if len(stack) == 1:
                yield form
            else:
                stack[-1].append(form)
    if len(stack) != 1:
        raise ValueError("a bracket is open")


def _put_in(form: Form, parameters: Mapping[str, str]) -> Form:
    made: Form = []
    for part in form:
        if isinstance(part, str):
            made.append(part)
        elif part[0] == "param":
            made.append(Word(parameters[str(part[1])]))
        else:
            made.append(_put_in(part, parameters))
    return made


def holds(form: Form, asked: Asked) -> bool:
    """True when a filter holds for what is asked."""
    name, *words = form
    if not isinstance(name, str):
        raise ValueError(f"the filter {form}")
    if name in ("require-all", "require-any", "require-not"):
        parts = [holds(word, asked) for word in words if isinstance(word, list)]
        if len(parts) != len(words) or (name == "require-not" and len(parts) != 1):
            raise ValueError(f"the filter {form}")
        return all(parts) if name == "require-all" else any(parts) is (name == "require-any")
    if name in ("remote", "local") and words[0] == "unix-socket":
        inner = [word for word in words[1:] if isinstance(word, list)]
        sides = ("network-outbound",) if name == "remote" else ("network-bind", "network-inbound")
        is_it = asked.is_unix_socket and asked.operation in sides
        return is_it and any(holds(each, asked) for each in inner)
    if name == "local" and asked.operation == "network-outbound":
        return True  # measured: no connection has a local end yet, and everything is open
    if name in ("remote", "local"):
        return not asked.is_unix_socket and _is_address(str(words[1]), asked)
    return _FILTERS[name](str(words[0]), asked)


def _is_address(pattern: str, asked: Asked) -> bool:
    host, _, port = pattern.rpartition(":")
    asked_host, _, asked_port = asked.object.removeprefix("tcp:").rpartition(":")
    asked_host = "localhost" if asked_host == "127.0.0.1" else asked_host
    return host in ("*", asked_host) and port in ("*", asked_port)


def _below(path: str, asked: Asked) -> bool:
    if asked.object == path:
        return asked.subpath_is_whole
    return asked.object.startswith(path.rstrip("/") + "/")


def _found(expression: str, asked: Asked) -> bool:
    return _compiled(expression).search(asked.object.encode()) is not None


@cache
def _compiled(expression: str) -> re.Pattern[bytes]:
    """A profile has more expressions than `re` remembers."""
    return re.compile(expression.encode(), re.DOTALL)


_FILTERS: dict[str, Callable[[str, Asked], bool]] = {
    "literal": lambda path, asked: asked.object == path,
    "path": lambda path, asked: asked.object == path,
    "subpath": _below,
    "prefix": lambda path, asked: asked.object.startswith(path),
    "regex": _found,
    "vnode-type": lambda kind, asked: asked.kind == kind,
    "target": lambda name, asked: asked.object == name,
    "global-name": lambda name, asked: asked.object == name,
    "extension": lambda name, asked: name in asked.extensions,
}


def _way(operation: str) -> list[str]:
    """The operation and what it is a part of, the nearest first."""
    found = [operation]
    while found[-1] in _PARENT:
        found.append(_PARENT[found[-1]])
    if operation.startswith("network-"):
        found.append("network*")
    return [*found, "default"]


def _speaks(rule: Rule, asked: Asked) -> bool:
    return not rule.filters or any(holds(each, asked) for each in rule.filters)


def last(rules: list[Rule], asked: Asked) -> bool:
    """The last rule that speaks of it decides."""
    way = set(_way(asked.operation))
    found = [r for r in rules if way & set(r.operations) and _speaks(r, asked)]
    return found[-1].effect == "allow" if found else False


def first(rules: list[Rule], asked: Asked) -> bool:
    """The first does; the default is behind all."""
    way = set(_way(asked.operation)) - {"default"}
    found = [r for r in rules if way & set(r.operations) and _speaks(r, asked)]
    return found[0].effect == "allow" if found else _default(rules)


def nearest_operation(rules: list[Rule], asked: Asked) -> bool:
    """The rules of the nearest operation, the last of those."""
    for operation in _way(asked.operation):
        found = [r for r in rules if operation in r.operations and _speaks(r, asked)]
        if found:
            return found[-1].effect == "allow"
    return False


def nearest_operation_filtered_first(rules: list[Rule], asked: Asked) -> bool:
    """Of the nearest operation's, those with a filter before those without."""
    for operation in _way(asked.operation):
        found = [r for r in rules if operation in r.operations and _speaks(r, asked)]
        if found:
            filtered = [r for r in found if r.filters]
            return (filtered or found)[-1].effect == "allow"
    return False


def _default(rules: list[Rule]) -> bool:
    found = [r for r in rules if "default" in r.operations]
    return bool(found) and found[-1].effect == "allow"


Reading = Callable[[list[Rule], Asked], bool]
READINGS: dict[str, Reading] = {
    "A": last,
    "B": first,
    "C": nearest_operation,
    "D": nearest_operation_filtered_first,
}
