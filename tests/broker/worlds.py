"""Small file systems, and strategies for them and for policies that speak of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    Access,
    Effect,
    File,
    Floor,
    Glob,
    Kind,
    Origin,
    OriginKind,
    PathPattern,
    Policy,
    Rule,
    Subtree,
    Tree,
)
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import ancestors, child, parent


@dataclass(frozen=True)
class Caller:
    pid: int = 4711
    exe: str = "/usr/bin/python3"
    argv: tuple[str, ...] = ("python3", "script.py")
    cwd: str = "/w"


CALLER = Caller()
FLAG = Origin(OriginKind.FLAG, "--test")


def access_at(floor: Floor, path: str) -> Access:
    """All that the kernel allows at a path."""
    found = Access(0)
    for right in Access:
        found |= right if floor.covers(path, right) else Access(0)
    return found


class World(Tree):
    """A file system that exists only as a table from path to kind."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds: dict[str, Kind] = {"/": "directory"}
        for path, kind in kinds.items():
            above = [each for each in ancestors(path)]
            if all(self.kinds.get(each, "directory") == "directory" for each in above):
                self.kinds.update({each: "directory" for each in above})
                self.kinds.setdefault(path, kind)

    def kind(self, path: str) -> Kind | None:
        return self.kinds.get(path)

    def entries(self, path: str) -> list[str]:
        return [
            each[each.rfind("/") + 1 :]
            for each in self.kinds
            if each != "/" and parent(each) == path
        ]

    def __repr__(self) -> str:
        return f"World({self.kinds!r})"


def files(*paths: str) -> World:
    """A world of plain files and the directories that hold them."""
    return World({path: "file" for path in paths})


def rule(
    pattern: PathPattern,
    access: Access = ALL_ACCESS,
    effect: Effect = Effect.ALLOW,
    protected: bool = False,
) -> Rule:
    return Rule(pattern, access, effect, FLAG, protected)


def allow(path: str, access: Access = ALL_ACCESS) -> Rule:
    return rule(Subtree(path), access)


def deny(path: str, protected: bool = False) -> Rule:
    return rule(Subtree(path), effect=Effect.DENY, protected=protected)


TOPS = ("w", "h", "proc", "dev", "run", "sys")
NAMES = ("a", "b", ".env", "k.pem")


def path_strategy(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Paths of a small alphabet, so that rules, trees and requests meet."""
    tops = st.sampled_from(("w", "w", "w", "h", *TOPS))
    names = st.lists(st.sampled_from(NAMES), max_size=most - 1)
    below = st.tuples(tops, names).map(lambda parts: "/" + "/".join([parts[0], *parts[1]]))
    return st.one_of(st.just("/"), below, below, below) if least == 0 else below


paths = path_strategy(4)
globs = st.sampled_from(
    ("**/.env", "**/a", "/w/*", "/w/**", "/w/a/**/k.pem", "*.pem", "**/a/*.pem", "/**", "/proc/**")
)
accesses = st.integers(1, ALL_ACCESS.value).map(Access)
changes = st.sampled_from((Access.WRITE, Access.CREATE, CHANGING))
"""What a refusal of changes alone names."""
kinds: st.SearchStrategy[Kind] = st.sampled_from(
    ("file", "file", "file", "directory", "symlink", "other")
)
worlds = st.dictionaries(path_strategy(5, least=1), kinds, max_size=14).map(World)


def patterns(with_globs: bool = True) -> st.SearchStrategy[PathPattern]:
    of_path = st.one_of(paths.map(Subtree), paths.map(Subtree), paths.map(File))
    return st.one_of(of_path, of_path, globs.map(Glob)) if with_globs else of_path


usual = st.sampled_from(
    (
        Access.READ,
        Access.READ | Access.EXECUTE,
        Access.READ | Access.WRITE,
        Access.READ | Access.WRITE | Access.EXECUTE,
        Access.READ | Access.CREATE,
    )
)
"""What flags and groups grant, in which whoever may write may also read."""


def rules(
    effects: Iterable[Effect] = Effect,
    with_globs: bool = True,
    whole: bool = False,
    granted: st.SearchStrategy[Access] = accesses,
) -> st.SearchStrategy[Rule]:
    everything = st.just(ALL_ACCESS)
    refused = everything if whole else st.one_of(everything, accesses, changes)
    return st.one_of(
        *(
            st.builds(
                rule,
                patterns(with_globs),
                granted if effect is Effect.ALLOW else refused,
                st.just(effect),
                st.booleans(),
            )
            for effect in effects
        )
    )


def policies(
    each: st.SearchStrategy[Rule] | None = None, most: int = 7
) -> st.SearchStrategy[Policy]:
    return st.builds(
        Policy,
        rules=st.lists(each if each is not None else rules(), max_size=most).map(tuple),
        bypasses=st.lists(paths, max_size=2).map(tuple),
        default=st.sampled_from((Effect.DENY, Effect.ASK)),
    )


SCENE = World(
    {
        "/w/a/k.pem": "file",
        "/w/a/b/.env": "file",
        "/w/b/k.pem": "other",
        "/h/a": "file",
        "/h/b/k.pem": "file",
    }
)
"""Two trees with a little in each: small enough that rules, moves and secrets meet."""

_scene_paths = st.sampled_from([*(path for path in SCENE.kinds if path != "/"), "/w/new", "/h/b/a"])
_scene_trees = st.sampled_from(("/w", "/w/a", "/w/b", "/h", "/h/b"))
_scene_grants = st.sampled_from(
    (
        Access.WRITE,
        Access.READ,
        Access.READ | Access.WRITE,
        Access.READ | Access.WRITE | Access.EXECUTE,
        Access.WRITE | Access.EXECUTE,
        Access.READ | Access.WRITE | Access.CONNECT,
        Access.EXECUTE,
        Access.CREATE,
        Access.CONNECT,
    )
)
_refused = st.sampled_from((ALL_ACCESS, ALL_ACCESS, Access.READ, Access.WRITE, CHANGING))
_scene_rules = st.one_of(
    st.builds(rule, _scene_trees.map(Subtree), _scene_grants),
    st.builds(rule, _scene_trees.map(Subtree), _scene_grants),
    st.builds(rule, _scene_paths.map(File), _scene_grants),
    st.builds(rule, globs.map(Glob), _scene_grants),
    st.builds(
        rule,
        st.one_of(_scene_paths.map(Subtree), _scene_paths.map(File), globs.map(Glob)),
        _refused,
        st.sampled_from((Effect.DENY, Effect.ASK)),
        st.booleans(),
    ),
)
scene_policies = st.builds(
    Policy,
    rules=st.lists(_scene_rules, min_size=1, max_size=5).map(tuple),
    bypasses=st.lists(_scene_paths, max_size=1).map(tuple),
)
excludes = st.frozensets(paths, max_size=1)


def all_paths(world: World) -> list[str]:
    """Every path of the world, and names in its directories that do not exist."""
    present = list(world.kinds)
    absent = [child(path, "new") for path in present if world.kind(path) == "directory"]
    return present + absent + [child(path, "a") for path in absent]


ISSUE = b"""{"meta":{"name":"untrusted-python","version":"1.0.0"},\
"workdir":{"access":"readwrite"},"security":{"groups":["python_runtime"]},\
"filesystem":{"read_file":["/etc/ssl/cert.pem"],"write":["/tmp"]},\
"policy":{"add_deny_access":["$HOME/.ssh","$HOME/.aws","$HOME/.gnupg"]},\
"network":{"allow_hosts":["api.openai.com"]}}"""
"""A profile in older spellings, as people have them."""


HOME = "/home/u"


def expand(entry: str) -> list[str]:
    """What a session's expansion does, without links, and where only TMPDIR is a variable."""
    if entry.startswith("$") and not entry.startswith("$TMPDIR"):
        return []
    for name, value in (("~", HOME), ("$TMPDIR", "/tmp/nono-1")):
        entry = value + entry.removeprefix(name) if entry.startswith(name) else entry
    return [entry]
