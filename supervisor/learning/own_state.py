"""The state that a program makes in its home: what it may write while it is watched.

A program keeps its settings, logs and data in `~/.NAME`, `~/.config/NAME`, `~/.local/share/NAME` or
`~/.local/state/NAME`. Such a name may be written when it was not there before, or when it is
called like the program. What else is there belongs to others, and so does a name that other
programs would obey or that is called like another program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    Rule,
    Subtree,
    group,
    is_within,
)
from nono.broker.caches import real_places
from nono.broker.datafile import data
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import child, parent
from nono.broker.rules.patterns import Subtrees
from nono.supervisor.places import base_directory, canonical
from nono.supervisor.planning.projects.start_files import GROUP

STATE = Origin(OriginKind.BUILTIN, "state of programs, while learning")
_XDG = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
_NOT_STATE = (".local/[!s]*", ".local/s[!ht]*")
"""In ~/.local, all but share and state: programs and libraries are there."""
_STARTERS = re.compile(r"(python|pypy|perl|ruby|php|node|bun|deno|java|lua|npx|bunx|uvx)[0-9.]*")
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "ksh", "env"))
_SUFFIX = re.compile(r"\.(py|js|mjs|cjs|ts|rb|pl|php|lua|sh|jar)$")
_MAX_ENTRIES = 2000
_MAX_PROGRAMS = 20_000


def containers(env: Mapping[str, str], home: str) -> tuple[str, ...]:
    """The directories, canonical, that hold one for each program, but for the home itself."""
    found = [canonical(base_directory(variable, env, home)) for variable in _XDG]
    return tuple(dict.fromkeys(path for path in found if path != home and is_within(path, home)))


def programs_of(argv: Sequence[str]) -> frozenset[str]:
    """What the command is called: the program, or what an interpreter is told to run."""
    words = [word for word in argv if not word.startswith("-")]
    while words and _STARTERS.fullmatch(os.path.basename(words[0])):
        words = words[1:]
    name = _SUFFIX.sub("", os.path.basename(words[0])) if words else ""
    return frozenset((name.lower(),)) if len(name) > 1 and name not in _SHELLS else frozenset()


def belongs(name: str, programs: frozenset[str]) -> bool:
    """True for a directory's or file's name that begins with a program's, as a whole word."""
    plain = name.lower().lstrip(".")
    return any(
        plain == each or (plain.startswith(each) and not plain[len(each)].isalnum())
        for each in programs
    )


def state_rules(
    argv: Sequence[str],
    env: Mapping[str, str],
    home: str,
    expand: Callable[[str], Sequence[str]],
    opened: Collection[str],
) -> Iterator[Rule]:
    """What may be written, and the refusals of what stays as it is. `home` is canonical.

    `opened` is what the person opened for writing, which no refusal here is to close.
    """
    places = containers(env, home)
    if home == "/" or any(set("*?[") & set(place) for place in (home, *places)):
        return  # no pattern would say what is meant
    programs = programs_of(argv)
    obeyed = [path for entry in _obeyed() for path in expand(entry)]
    others = [*_of_others(env, home, places, programs), *obeyed]
    kept = {path: path for each in others for path in _beside(each, opened)}
    few = [place for place in (home, *places) if len(entries(place)) <= _MAX_ENTRIES]
    for place in few:
        name = ".*" if place == home else "*"
        yield Rule(Glob(child(place, f"{name}/**")), FLOOR_ACCESS, Effect.ALLOW, STATE)
    for name in _NOT_STATE:
        yield Rule(Glob(child(home, name)), CHANGING, Effect.DENY, STATE)
    yield Rule(Subtrees(kept), CHANGING, Effect.DENY, STATE)


def _of_others(
    env: Mapping[str, str], home: str, places: Sequence[str], programs: frozenset[str]
) -> list[str]:
    """What is there and not the program's, and what is called like a program that PATH has."""
    others = [name for name in _on_path(env) if not belongs(name, programs)]
    found = []
    for place in (home, *places):
        there = [name for name in entries(place) if not belongs(name, programs)]
        dot = "." if place == home else ""
        found += [child(place, name) for name in there if name.startswith(dot)]
        found += [child(place, dot + name) for name in others]
    cache = canonical(base_directory("XDG_CACHE_HOME", env, home))
    holding = {path for place in (*places, cache) for path in (place, parent(place))}
    return [path for path in found if path not in holding]


def _beside(path: str, opened: Collection[str]) -> Iterator[str]:
    """The path, or where something in it was opened, all the rest of what is in it."""
    if not any(is_within(each, path) for each in opened):
        yield path
    elif path not in opened:
        for name in entries(path)[:_MAX_ENTRIES]:
            yield from _beside(child(path, name), opened)


def opened_by_person(rules: Iterable[Rule]) -> frozenset[str]:
    """The directories and files that flags or a profile open for writing."""
    return frozenset(
        rule.pattern.path
        for rule in rules
        if rule.effect is Effect.ALLOW
        and Access.WRITE in rule.access
        and rule.origin.is_of_person
        and isinstance(rule.pattern, Subtree | File)
    )


def _obeyed() -> Iterator[str]:
    """What other programs run or obey, as a group has paths; in the home, what a project may have,
    as well."""
    yield from group(GROUP).deny_write
    yield from real_places()
    yield from (f"~/{name}" for name in data("start_files")["project"])


def entries(place: str) -> list[str]:
    """The names in a directory; none where they cannot be listed."""
    try:
        return os.listdir(place)
    except OSError:
        return []


def _on_path(env: Mapping[str, str]) -> list[str]:
    """The names of programs that a shell would find."""
    directories = dict.fromkeys(env.get("PATH", os.defpath).split(os.pathsep))
    names = {name for each in directories if os.path.isabs(each) for name in entries(each)}
    return sorted(name for name in names if name.strip("."))[:_MAX_PROGRAMS]


def kept_names(rules: Sequence[Rule]) -> frozenset[str]:
    """The paths that stayed as they were, by the rules of a run that was watched."""
    return frozenset(
        path
        for rule in rules
        if rule.origin == STATE and isinstance(rule.pattern, Subtrees)
        for path in rule.pattern.spellings
    )
