"""What is recorded comes back as it was, whatever text the program put in; nothing else is read."""

from __future__ import annotations

import contextlib
import errno
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import (
    Access,
    Anything,
    Bind,
    Connect,
    ConnectHost,
    Effect,
    Execute,
    File,
    Glob,
    LocalPort,
    Metadata,
    Mode,
    Network,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    PublicPort,
    Request,
    Rule,
    ServerName,
    Socket,
    Subtree,
    UnixConnect,
    Watch,
)
from nono.broker.audit.records import (
    FORMAT,
    Decision,
    End,
    Exit,
    Program,
    Record,
    Start,
    Summed,
    Unresolved,
    cut,
    plain,
    read,
)
from nono.broker.errors import InvalidRecord
from nono.broker.network.host_entries import parse_host
from nono.broker.requests import RecordedProcess

_TEXT = st.text(max_size=20) | st.binary(max_size=20).map(
    lambda data: data.decode("utf-8", "surrogateescape")
)
_PROCESSES = st.builds(
    RecordedProcess, st.integers(1, 1 << 22), _TEXT, st.lists(_TEXT, max_size=3).map(tuple)
)
_PORTS = st.integers(0, 65535)
_ACCESS = st.integers(0, 31).map(Access)
_MAYBE = st.none() | _TEXT


def requests(process: st.SearchStrategy[RecordedProcess]) -> st.SearchStrategy[Request]:
    return st.one_of(
        st.builds(Open, process, _TEXT, _ACCESS, st.booleans()),
        st.builds(
            PathChange,
            process,
            st.sampled_from([*Operation]),
            _TEXT,
            st.booleans(),
            _MAYBE,
            st.booleans(),
        ),
        st.builds(Metadata, process, _TEXT, _TEXT, st.booleans()),
        st.builds(Watch, process, _TEXT, st.booleans()),
        st.builds(Execute, process, _TEXT),
        st.builds(UnixConnect, process, _TEXT, st.booleans()),
        st.builds(ConnectHost, process, _TEXT, _PORTS),
        st.builds(Connect, process, _TEXT, _PORTS, _MAYBE, st.booleans()),
        st.builds(ServerName, process, _TEXT, _PORTS, _MAYBE, st.booleans()),
        st.builds(Bind, process, _TEXT, _PORTS),
        st.builds(Socket, process, _TEXT),
    )


_ORIGINS = st.builds(Origin, st.sampled_from([*OriginKind]), _TEXT, _MAYBE)
_TIMES = st.integers(0, 1 << 62)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    one = st.just(draw(_PROCESSES))
    by = draw(st.none() | _ORIGINS | st.sampled_from((*POLICY.rules, *POLICY.network.rules)))
    return Decision(
        draw(_TIMES),
        draw(requests(one)),
        draw(st.sampled_from([*Effect])),
        draw(st.integers(0, 200)),
        by.origin if isinstance(by, Rule) else by,
        draw(st.none() | requests(one)),
        draw(st.booleans()),
        by if isinstance(by, Rule) else None,
    )


def rule(pattern: Any, effect: Effect = Effect.ALLOW, protected: bool = False) -> Rule:
    origin = Origin(OriginKind.PROFILE, "filesystem.read", "a\udcff.json")
    return Rule(pattern, Access.READ | Access.CONNECT, effect, origin, protected)


POLICY = Policy(
    (
        rule(Subtree("/srv/\udce9", "~/x")),
        rule(File("/etc/hosts")),
        rule(Glob("**/.env"), Effect.DENY, protected=True),
        rule(Subtree("/"), Effect.ASK),
    ),
    bypasses=("/home/me/.ssh",),
    default=Effect.ASK,
    network=Network(
        Mode.FILTERED,
        rules=tuple(
            rule(pattern)
            for pattern in (
                parse_host("a.example"),
                parse_host("*.b.example:8443"),
                parse_host("fd00::/8"),
                PublicPort(22),
                LocalPort(5432),
            )
        ),
        listen=(rule(LocalPort(8080)),),
        unchecked=(rule(parse_host("c.example")),),
    ),
)
BLOCKED = Policy(network=Network(Mode.BLOCKED, rules=(rule(Anything(), Effect.DENY),)))

_RECORDS: st.SearchStrategy[Record] = st.one_of(
    decisions(),
    st.builds(Start, _TIMES, _TEXT, _TEXT, st.sampled_from([POLICY, BLOCKED, Policy()])),
    st.builds(Program, _TIMES, st.lists(_TEXT, max_size=4).map(tuple), _TEXT),
    st.builds(Exit, _TIMES, st.none() | st.integers(0, 65535)),
    st.builds(Unresolved, _TIMES, _TEXT, _TEXT),
    st.builds(Summed, _TIMES, _TEXT, _TIMES),
    st.builds(End, _TIMES, st.integers(0, 1 << 40)),
)


@given(_RECORDS)
def test_a_record_comes_back(record: Record) -> None:
    data = msgpack.packb(plain(record), unicode_errors="surrogateescape")
    assert read(msgpack.unpackb(data, unicode_errors="surrogateescape")) == record


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(),
    lambda inner: st.lists(inner, max_size=11),
    max_leaves=20,
)


@given(_JUNK)
def test_anything_else_is_refused(junk: object) -> None:
    with pytest.raises(InvalidRecord):
        read(junk)


@given(_RECORDS, st.data())
def test_a_record_with_a_wrong_part_is_refused_or_read(record: Record, data: st.DataObject) -> None:
    parts = plain(record)
    parts[data.draw(st.integers(0, len(parts) - 1))] = data.draw(_JUNK)
    with contextlib.suppress(InvalidRecord):
        read(parts)


@pytest.mark.parametrize("rule", [[["Anything", ""], 1, "no", ["flag", "x", None], False], []])
def test_a_rule_that_is_none_is_refused(rule: object) -> None:
    parts = plain(
        Decision(1, Open(RecordedProcess(1), "/x", Access.READ), Effect.DENY, errno.EACCES)
    )
    with pytest.raises(InvalidRecord):
        read([*parts[:8], rule, *parts[9:]])


def test_text_is_bounded() -> None:
    assert cut(("x" * 1000,) * 100) == ("x" * 200,) * 32
    command = plain(Program(1, ("a" * 50_000, "b" * 50_000, "c"), "/"))
    assert sum(map(len, command[2])) <= 65536  # type: ignore[call-overload]
    process = RecordedProcess(1)
    long = Decision(1, Open(process, "/" + "a" * 70_000, Access.READ), Effect.DENY, errno.EACCES)
    with pytest.raises(InvalidRecord):
        read(plain(long))


def test_another_version_is_not_read() -> None:
    parts = plain(Start(1, "1.0", "/tmp/x", Policy()))
    parts[1] = FORMAT + 1
    with pytest.raises(InvalidRecord, match="another version"):
        read(parts)
