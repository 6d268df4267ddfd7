"""A profile's text: every mistake of it, with its place, and never a crash."""

from __future__ import annotations

import json
import string
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.errors import ProfileError
from nono.broker.profile.format import Profile, schema
from nono.broker.profile.legacy import MOVED
from nono.broker.profile.parse import known_keys, parse
from tests.broker.worlds import ISSUE


def problems(text: str | bytes) -> list[str]:
    """What is said of a text that is no profile: `line:column: message`."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(ProfileError) as caught:
        parse("p.json", data)
    return [f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems]


def hints(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse("p.json", text.encode())
    return [problem.hint for problem in caught.value.problems]


def test_older_spellings_load_with_a_note_each() -> None:
    found = parse("p.json", ISSUE)
    assert found.notes == (
        "p.json:1:100: security.groups is an older spelling of groups.include",
        "p.json:1:205: policy.add_deny_access is an older spelling of filesystem.deny",
        "p.json:1:278: network.allow_hosts is an older spelling of network.allow_domain",
    )
    profile = found.profile
    assert profile.groups is not None
    assert profile.groups.include == ("python_runtime",)
    assert profile.filesystem is not None
    assert profile.filesystem.deny == ("$HOME/.ssh", "$HOME/.aws", "$HOME/.gnupg")
    assert profile.network is not None
    assert profile.network.allow_domain == ("api.openai.com",)


def test_every_older_spelling_leads_to_a_key() -> None:
    assert set(MOVED.values()) <= set(known_keys())
    assert not set(MOVED) & set(known_keys())


def test_all_mistakes_at_once() -> None:
    text = """{
  "workdir": {"access": "all"},
  "filesystem": {"read": "/etc", "write": [1]},
  // a comment
  "network": {"block": "yes", "open_port": [80, 70000]}
}"""
    assert problems(text) == [
        "2:15: workdir.access: must be 'none', 'read', 'write' or 'readwrite'",
        "3:18: filesystem.read: must be a list",
        "3:44: filesystem.write[0]: must be a text or an object",
        "5:15: network.block: must be true or false",
        "5:49: network.open_port[1]: must be from 1 to 65535",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file ends where a value is missing"),
        ("[]", "1:1: a profile is an object"),
        ('{"meta": {}', "1:12: the file ends where '}' is missing"),
        ('{"meta": {},}', "1:12: a ',' before '}'"),
        ('{"meta": {} "ask": true}', "1:13: here ',' or '}' is expected"),
        ("{'meta': {}}", "1:2: here a key is expected"),
        ('{"meta": {}} {}', "1:14: something follows the end of the profile"),
        ('{"ask": true, "ask": false}', "1:15: the key 'ask' is there twice"),
        ('{"ask": tru}', "1:9: here a value is expected"),
        ('{"meta": {"name": "\\ud800"}}', "1:19: this text has half a character"),
        ("/* {}", "1:1: this comment has no end"),
        ('{"network": {"allow_domain": ["https://pypi.org"]}}', "is a URL, not a host"),
        ('{"filesystem": {"read": ["$UNSET/x"]}}', "there is no variable $UNSET"),
        ('{"filesystem": {"read": ["/a/../b"]}}', "goes up with '..'"),
        ('{"filesystem": {"read": ["a"]}}', "is relative"),
        ('{"filesystem": {"read": ["~other/a"]}}', "only your own home"),
        ('{"filesystem": {"read": ["/a$HOME"]}}', "stands for a whole path"),
        ('{"groups": {"include": ["python"]}}', "no group"),
        ('{"groups": {"exclude": ["deny_credentials"]}}', "protects"),
        ('{"environment": {"set_vars": {"PATH": "/x"}}}', "nono's to set"),
        ('{"environment": {"set_vars": {"A": "\\u0000"}}}', "cannot hold a NUL"),
        ('{"extends": []}', "must not be empty"),
        ('{"security": {"paths": []}}', "there is no key security.'paths'"),
    ],
)
def test_a_mistake_has_its_place(text: str, expected: str) -> None:
    assert expected in problems(text)[0]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"filesytem": {}}', "did you mean 'filesystem'?"),
        ('{"network": {"allow_domains": []}}', "did you mean 'allow_domain'?"),
        ('{"read_file": []}', "did you mean filesystem.read_file?"),
        ('{"groups": {"include": ["python_runtim"]}}', "python_runtime"),
        ('{"filesystem": {"read": ["$HOEM"]}}', "did you mean $HOME?"),
        ('{"network": {"allow_domain": ["https://pypi.org/simple"]}}', "write only pypi.org"),
    ],
)
def test_the_nearest_is_named(text: str, hint: str) -> None:
    assert hint in hints(text)[0]


def test_size_and_depth_are_bounded() -> None:
    assert "larger than 1024 KiB" in problems(b" " * 10_000_000)[0]
    assert "inside each other" in problems('{"meta":' * 5000)[0]
    assert "inside each other" in problems("[" * 100_000)[0]
    assert problems(b'{"meta": {"name": "\xff"}}') == ["1:20: not UTF-8 text"]
    many = problems('{"filesystem": {"read": [' + ",".join(["1"] * 5000) + "]}}")
    assert len(many) == 100


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_profile_or_in_problems(data: bytes) -> None:
    try:
        parse("p.json", data)
    except ProfileError as error:
        assert error.problems


_KEYS = st.sampled_from([*known_keys(), *MOVED, "extends", "x"]).map(lambda k: k.split("."))
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(st.lists(st.tuples(_KEYS, _VALUES), max_size=6))
def test_any_values_end_in_a_profile_or_in_problems(entries: list[tuple[list[str], Any]]) -> None:
    tree: dict[str, Any] = {}
    for (*sections, name), value in entries:
        place = tree
        for section in sections:
            inner = place.setdefault(section, {})
            place = inner if isinstance(inner, dict) else {}
        place[name] = value
    try:
        parse("p.json", json.dumps(tree).encode())
    except ProfileError as error:
        assert all(problem.line == 1 for problem in error.problems)


_PATHS = st.lists(st.sampled_from(["/a", "~/b", "$WORKDIR/c", "/d/*.txt"]), max_size=3)
_PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "meta": st.fixed_dictionaries({"name": st.text(max_size=5)}),
        "extends": st.sampled_from(["python-dev", "./other.json"]),
        "workdir": st.fixed_dictionaries(
            {"access": st.sampled_from(["none", "read", "write", "readwrite"])}
        ),
        "groups": st.fixed_dictionaries({"include": st.just(["go_runtime"])}),
        "filesystem": st.fixed_dictionaries(
            {}, optional={name: _PATHS for name in ("allow", "read", "write_file", "deny")}
        ),
        "network": st.fixed_dictionaries(
            {}, optional={"block": st.booleans(), "open_port": st.lists(st.integers(1, 65535))}
        ),
        "environment": st.fixed_dictionaries({"set_vars": st.just({"A": "b"})}),
        "ask": st.booleans(),
    },
)


@given(_PROFILES)
def test_round_trip(tree: dict[str, Any]) -> None:
    once = parse("p.json", json.dumps(tree).encode()).profile
    plain = once.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert plain == tree
    assert parse("p.json", json.dumps(plain).encode()).profile == once


@cache
def _validator() -> Any:
    """Made once: to make it takes a hundred times as long as to use it."""
    import jsonschema

    made = jsonschema.validators.validator_for(schema())
    made.check_schema(schema())
    return made(schema())


@pytest.mark.long
@given(_PROFILES)
def test_the_schema_takes_what_the_model_takes(tree: dict[str, Any]) -> None:
    _validator().validate(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"x": 1},
        {"workdir": {"access": "all"}},
        {"filesystem": {"read": "/etc"}},
        {"network": {"open_port": [0]}},
        {"network": {"block": "yes"}},
        {"filesystem": {"read": [{"path": "/a", "x": 1}]}},
    ],
)
def test_the_schema_refuses_what_the_model_refuses(tree: dict[str, Any]) -> None:
    import jsonschema

    with pytest.raises(jsonschema.ValidationError):
        _validator().validate(tree)
    assert problems(json.dumps(tree))


def test_the_schema_is_the_models() -> None:
    made = schema()
    names = {field.alias or name for name, field in Profile.model_fields.items()}
    assert set(made["properties"]) == names
    for key, entry in made["properties"].items():
        assert entry["description"], key
