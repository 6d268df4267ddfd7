"""The first record is, byte for byte, what msgpack makes of it as plain data."""

from __future__ import annotations

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import (
    Access,
    AddressBlock,
    Effect,
    File,
    Glob,
    HostName,
    HostSuffix,
    LocalPort,
    Mode,
    Network,
    Origin,
    OriginKind,
    Policy,
    PublicPort,
    Rule,
    Subtree,
)
from nono.broker.audit.packed_policy import packed_start
from nono.broker.audit.records import Start, plain
from nono.broker.dataclass import replace
from nono.broker.rules.rule import Subtrees

_NAMES = st.text("ab\udce9é", min_size=1, max_size=40)
_PATHS = st.lists(_NAMES, max_size=3).map(lambda names: "/" + "/".join(names))
_SPELLED = st.just("") | _NAMES
_OF_PATHS = st.one_of(
    st.builds(File, _PATHS, _SPELLED),
    st.builds(Subtree, _PATHS, _SPELLED),
    st.builds(File, _PATHS),
    st.builds(Glob, st.just("**/.env")),
)
_TOGETHER = st.builds(
    Subtrees,
    st.dictionaries(_PATHS, st.sampled_from(["~/a", "~", "$X"]), max_size=20),
    st.frozensets(_PATHS, max_size=2),
) | st.just(Subtrees({"/h/me/.ssh": "~/.ssh", "/h/me/.aws": "~/.aws", "/etc/x": "/etc/x"}))
_OF_HOSTS = st.sampled_from(
    [
        HostName("a.example", (80, 443), "a.example"),
        HostSuffix("b.example", None, "*.b.example"),
        AddressBlock("10.0.0.0/8"),
        PublicPort(22, 22),
        LocalPort(70, 8000),
    ]
)
_NETWORKS = st.sampled_from([Mode.UNRESTRICTED, Mode.BLOCKED]).map(Network)
_ORIGINS = st.builds(
    Origin, st.sampled_from([*OriginKind]), _NAMES, st.none() | st.just("/p/\udcff.json")
)


_ACCESS = st.integers(0, 31).map(Access)
_REFUSALS = st.builds(Rule, _TOGETHER, _ACCESS, st.just(Effect.DENY), _ORIGINS, st.booleans())


def _of(patterns: st.SearchStrategy[object]) -> st.SearchStrategy[Rule]:
    return st.builds(Rule, patterns, _ACCESS, st.sampled_from([*Effect]), _ORIGINS, st.booleans())


def _rules(rule: st.SearchStrategy[Rule]) -> st.SearchStrategy[tuple[Rule, ...]]:
    return st.lists(rule, max_size=20).map(tuple)


def _filtered(rules: tuple[Rule, ...]) -> Network:
    return Network(Mode.FILTERED, rules=tuple(replace(each, effect=Effect.ALLOW) for each in rules))


_POLICIES = st.builds(
    Policy,
    _rules(_of(_OF_PATHS) | _REFUSALS),
    st.lists(_PATHS, max_size=2).map(tuple),
    st.sampled_from([Effect.DENY, Effect.ASK]),
    _NETWORKS | _rules(_of(_OF_HOSTS)).map(_filtered),
)


@given(_POLICIES)
def test_it_is_the_same(policy: Policy) -> None:
    start = Start(1 << 60, "0.1.0", "/tmp/nono-x", policy)
    assert packed_start(start) == msgpack.packb(plain(start), unicode_errors="surrogateescape")
