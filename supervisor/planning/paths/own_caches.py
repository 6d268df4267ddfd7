"""The directory of a run's own caches: one for each profile, or for each working directory.

Whoever runs two programs under one profile lets the second run what the first has fetched: a
profile is one domain of trust. No run can write, read or execute what another profile's has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Allow,
    Effect,
    Environment,
    Open,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.caches import search, variables
from nono.broker.dataclass import dataclass, replace
from nono.broker.profile.spelling import is_file_name
from nono.broker.requests import NOBODY
from nono.broker.rules.rule import OWN_CACHES
from nono.supervisor.places import caches_directory, canonical, from_here
from nono.supervisor.walk import Changeable

_MAX_NAME = 100
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class OwnCaches:
    """`root` is the directory of all of them, canonical; `name` is a plain name in it.

    `state` are variables for where an agent keeps its state, each with its place in the directory.
    """

    root: str
    name: str
    state: tuple[tuple[str, str], ...] = ()

    @property
    def directory(self) -> str:
        """Links in the place of it are not followed: a run could have put one there."""
        return os.path.join(self.root, self.name)

    @property
    def search(self) -> tuple[str, ...]:
        """Where tools install programs. The person's own programs are found before these."""
        return search(self.directory)

    def rules(self) -> Iterator[Rule]:
        """What opens them."""
        yield Rule(Subtree(self.directory), FLOOR_ACCESS, Effect.ALLOW, OWN_CACHES)

    def environment(
        self, given: Environment, env: Mapping[str, str], policy: Policy
    ) -> Environment:
        """The environment with the variables that lead there. What a profile sets stays.

        So does a variable of the person's that names a place where `policy` lets the program write.
        """

        def is_open(path: str) -> bool:
            use = Open(NOBODY, canonical(path), Access.READ | Access.WRITE)
            return isinstance(policy.decide(use), Allow)

        set_already = {name for name, _ in given.set}
        before = given.apply(env)
        found = variables(self.directory, before, is_open)
        for name, place in self.state:
            if not (before.get(name, "").startswith("/") and is_open(before[name])):
                found[name] = os.path.join(self.directory, place)
        ours = tuple(item for item in found.items() if item[0] not in set_already)
        return replace(given, set=(*given.set, *ours))


def own_caches(
    profile: str | None,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    changeable: Changeable | None = None,
    state: Mapping[str, str] = MappingProxyType({}),
) -> OwnCaches:
    """Those of a run with this profile, or with none, in this working directory.

    `state` is that of an agent: a place in the directory for each of its variables.
    Raises UsageError where a link in what is `changeable` leads to the person's cache directory.
    No run can put one in the place of the usual one.
    """
    base = env.get("XDG_CACHE_HOME", "")
    if changeable is not None and os.path.isabs(base):
        # What a kept start does without is loaded only here.
        from nono.supervisor.planning.paths.flag_paths import follow

        follow("XDG_CACHE_HOME", base, changeable, "export XDG_CACHE_HOME=")
    name = plain_name(profile, home, workdir)
    return OwnCaches(caches_directory(env, home), name, tuple(state.items()))


def plain_name(profile: str | None, home: str, workdir: str) -> str:
    """What belongs to a profile or a working directory is called so.

    A plain name: that of a named profile, else one with an `@`, which no such name has.
    """
    if profile is None:
        return f"@{_digest(workdir)}"
    if is_file_name(profile):
        return f"{_stem(profile)}@{_digest(canonical(from_here(profile, home)))}"
    return profile if len(profile) <= _MAX_NAME else f"@{_digest(profile)}"


def _stem(file: str) -> str:
    """As much of a file's name as is harmless everywhere, to be recognised by a person."""
    stem = os.path.basename(file).removesuffix(".json")
    return "".join(c for c in stem if c.isascii() and (c.isalnum() or c in "-_"))[:_MAX_NAME]


def _digest(text: str) -> str:
    from nono.broker.digest import sha256  # a run with a named profile does without

    return sha256(os.fsencode(text)).hexdigest()[:_DIGITS]
