"""Which environment variables the program gets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from nono.broker.compiled import pattern_of
from nono.broker.dataclass import dataclass
from nono.broker.datafile import data
from nono.broker.named_tuple import NamedTuple

GIVES = "NONO_GIVES_"
"""`NONO_GIVES_NAME=value` is `NAME=value` for the program: nono itself does not read it."""
_EVERY = "*"
_PATH = "/bin:/usr/bin"
"""Where execvp(3) looks without a PATH."""
_URL_WITH_PASSWORD = r"://[^/?#\s:@]*:[^/?#\s@]+@"


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment part of a policy.

    A variable passes unless it looks like a secret: by its name, or because its
    value holds a URL with a password (RFC 3986 section 3.2.1). `allow` names
    variables that pass even so; `deny` names ones that never pass; `only`,
    when there is any, names the ones that pass besides those of `allow`. All
    are patterns with `*`; `*` alone names no secret. `set` is added at the
    end, whatever the patterns say. `search` are directories in which programs
    are looked for after those of PATH: nothing there takes the place of one
    that is found without them. What is given to the program by name, as GIVES
    says, passes unless it is denied.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    only: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    def apply(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment for the program."""
        kept = {name: value for name, value in env.items() if self._passes(name, value)}
        given = {n.removeprefix(GIVES): value for n, value in env.items() if n.startswith(GIVES)}
        named = {n: value for n, value in given.items() if n and not _any_match(n, self.deny)}
        return self.with_search(kept | named | dict(self.set))

    def with_search(self, env: Mapping[str, str]) -> dict[str, str]:
        """The same with the directories of `search` in PATH."""
        if not self.search:
            return dict(env)
        return {**env, "PATH": ":".join((env.get("PATH", _PATH), *self.search))}

    def dropped(self, env: Mapping[str, str]) -> tuple[str, ...]:
        """The names of `env` that the program does not get, sorted; as they are in `env`."""
        given = {name for name, _ in self.set}
        return tuple(
            sorted(
                name
                for name, value in env.items()
                if name.removeprefix(GIVES) not in given and not self._reaches(name, value)
            )
        )

    def _reaches(self, name: str, value: str) -> bool:
        """As it is, or by the name that it is given by; one that gives no name is nobody's."""
        if not name.startswith(GIVES):
            return self._passes(name, value)
        return name == GIVES or not _any_match(name.removeprefix(GIVES), self.deny)

    def _passes(self, name: str, value: str) -> bool:
        if name.startswith(GIVES) or _any_match(name, self.deny):
            return False
        named = [pattern for pattern in (*self.allow, *self.only) if _matches(name, pattern)]
        if any(pattern != _EVERY for pattern in named):
            return True
        return (bool(named) or not self.only) and not looks_secret(name, value)


def looks_secret(name: str, value: str = "") -> bool:
    """True for a variable that commonly holds a key, a password or the way to an agent."""
    upper = name.upper()
    if upper not in data("environment")["harmless"] and _secret().matches(upper):
        return True
    return "@" in value and pattern_of(_URL_WITH_PASSWORD).search(value) is not None


class _Names(NamedTuple):
    """Patterns by their form: each name is looked up among all of them, and most have one `*`."""

    whole: frozenset[str]
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    parts: tuple[str, ...]

    def matches(self, name: str) -> bool:
        return (
            name in self.whole
            or name.startswith(self.starts)
            or name.endswith(self.ends)
            or any(part in name for part in self.parts)
        )


@cache
def _secret() -> _Names:
    """The names of secrets: texts, with a `*` before or behind or both."""
    patterns: list[str] = data("environment")["secret"]
    forms: dict[tuple[bool, bool], list[str]] = {
        (before, behind): [] for before in (True, False) for behind in (True, False)
    }
    for pattern in patterns:
        forms[pattern.startswith(_EVERY), pattern.endswith(_EVERY)].append(pattern.strip(_EVERY))
    return _Names(
        frozenset(forms[False, False]),
        tuple(forms[False, True]),
        tuple(forms[True, False]),
        tuple(forms[True, True]),
    )


def _any_match(name: str, patterns: Iterable[str]) -> bool:
    return any(_matches(name, pattern) for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase  # which a run without such patterns does without

    return fnmatchcase(name, pattern)
