"""`extends`: several bases in a line; lists append, values replace, and what is empty clears."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.errors import PolicyError, ProfileError
from nono.broker.profile.merge import merge, resolve
from nono.broker.profile.merged import Merged, Source
from nono.broker.profile.parse import parse

Files = Mapping[str, Mapping[str, Any]]


def merged(files: Files, first: str = "a") -> Merged:
    def load(name: str, by: Source | None) -> Source:
        if name not in files:
            raise PolicyError(f"there is no profile {name!r}", "nono profile list")
        return Source(name, json.dumps(files[name]).encode())

    return resolve(first, load, "linux")


def problem(files: Files) -> str:
    with pytest.raises(ProfileError) as caught:
        merged(files)
    return str(caught.value.problems[0])


def values(found: Merged, key: str) -> list[Any]:
    return [setting.value for setting in found.all(key)]


def test_lists_append_and_values_replace() -> None:
    found = merged(
        {
            "a": {
                "extends": ["b", "c"],
                "filesystem": {"read": ["/a", "/b"]},
                "workdir": {"access": "read"},
                "environment": {"set_vars": {"X": "a"}},
            },
            "b": {"filesystem": {"read": ["/b"]}, "workdir": {"access": "readwrite"}},
            "c": {
                "filesystem": {"read": ["/c"]},
                "network": {"block": True},
                "environment": {"set_vars": {"X": "c", "Y": "c"}},
            },
        }
    )
    assert values(found, "filesystem.read") == ["/b", "/c", "/a"]
    assert values(found, "workdir.access") == ["read"]
    assert values(found, "network.block") == [True]
    variables = {setting.name: setting.value for setting in found.all("environment.set_vars")}
    assert variables == {"X": "a", "Y": "c"}
    assert found.files == ("b", "c", "a")
    assert [setting.file for setting in found.all("filesystem.read")] == ["b", "c", "a"]


@pytest.mark.parametrize("empty", [[], None])
def test_what_is_empty_clears(empty: object) -> None:
    base = {"filesystem": {"read": ["/b"], "write": ["/w"]}}
    found = merged({"a": {"extends": "b", "filesystem": {"read": empty}}, "b": base})
    assert values(found, "filesystem.read") == []
    assert values(found, "filesystem.write") == ["/w"]
    assert found.cleared == {"filesystem.read"}


def test_a_whole_section_is_cleared() -> None:
    base = {"filesystem": {"read": ["/b"]}, "network": {"allow_domain": ["a.example"]}}
    found = merged({"a": {"extends": "b", "network": None}, "b": base})
    assert values(found, "network.allow_domain") == []
    assert values(found, "filesystem.read") == ["/b"]


def test_a_base_that_two_extend_counts_once() -> None:
    files: Files = {
        "a": {"extends": ["b", "c"]},
        "b": {"extends": "d"},
        "c": {"extends": "d"},
        "d": {"filesystem": {"read": ["/d"]}},
    }
    assert merged(files).files == ("d", "b", "c", "a")


def test_a_circle_is_found() -> None:
    files: Files = {"a": {"extends": "b"}, "b": {"meta": {}, "extends": "c"}, "c": {"extends": "a"}}
    assert problem(files) == "c:1:2: extends: a profile cannot extend itself: a -> b -> c -> a"


def test_too_many() -> None:
    files = {chr(97 + number): {"extends": chr(98 + number)} for number in range(12)}
    assert "more than 10 profiles" in problem({**files, "m": {}})
    wide: dict[str, Any] = {f"w{number}": {} for number in range(101)}
    assert "more than 100 profiles" in problem({"a": {"extends": list(wide)}, **wide})


def test_what_is_missing_is_said_where_it_is_named() -> None:
    assert problem({"a": {"meta": {}, "extends": ["a1"]}}) == (
        "a:1:26: extends: there is no profile 'a1'"
    )


def test_mistakes_of_all_files_are_reported() -> None:
    files: Files = {"a": {"extends": "b", "x": 1}, "b": {"y": 2}}
    with pytest.raises(ProfileError):
        merged(files)
    files = {"a": {"extends": ["b", "c"]}, "b": {"y": 2}, "c": {"z": 2}}
    with pytest.raises(ProfileError) as caught:
        merged(files)
    assert [each.file for each in caught.value.problems] == ["b", "c"]


@pytest.mark.parametrize("extends", ["nope", ["nope"], ["d", "nope"]])
def test_what_cannot_be_extended_is_told_with_the_other_mistakes(extends: str | list[str]) -> None:
    files: Files = {"a": {"x": 1, "extends": extends}, "d": {}}
    with pytest.raises(ProfileError) as caught:
        merged(files)
    told = [each.message for each in caught.value.problems]
    assert told == ["there is no key 'x'", "extends: there is no profile 'nope'"]


@pytest.mark.parametrize("extends", [3, {"nope": 1}, [["nope"]], [], [3, None], [""], None])
def test_what_is_no_name_of_a_profile_is_told_once(extends: Any) -> None:
    files: Files = {"a": {"x": 1, "extends": extends}}
    with pytest.raises(ProfileError) as caught:
        merged(files)
    places = [(each.line, each.column) for each in caught.value.problems]
    assert len(places) == len(set(places))


def test_only_this_platform_counts() -> None:
    entries = [
        {"path": "/l", "when": "linux"},
        {"path": "/m", "when": "macos"},
        {"path": "/n", "when": ["!linux", "macos"]},
        {"path": "/o", "when": "!macos"},
    ]
    found = merged({"a": {"filesystem": {"read": entries}}})
    assert [setting.value.path for setting in found.all("filesystem.read")] == ["/l", "/o"]
    text = json.dumps({"filesystem": {"read": entries}}).encode()
    found = merge([parse("a", text)], "macos")
    assert [setting.value.path for setting in found.all("filesystem.read")] == ["/m", "/n"]


_LISTS = st.lists(st.sampled_from(["/a", "/b", "/c", "/d"]), max_size=3)
_PARTS = st.lists(st.none() | _LISTS, min_size=3, max_size=3)


@given(_PARTS)
def test_merging_in_steps_is_merging_at_once(lists: list[list[str] | None]) -> None:
    files = [
        parse(f"{number}", json.dumps({"filesystem": {"read": each}}).encode())
        for number, each in enumerate(lists)
    ]
    once = merge(files, "linux")
    first = merge(files[:2], "linux").profile()
    text = json.dumps(first.model_dump(mode="json", by_alias=True, exclude_unset=True)).encode()
    in_steps = merge([parse("first", text), files[2]], "linux")
    assert values(once, "filesystem.read") == values(in_steps, "filesystem.read")


@given(_LISTS, _LISTS)
def test_each_value_counts_once(first: list[str], second: list[str]) -> None:
    found = merged(
        {
            "a": {"extends": "b", "filesystem": {"read": first}},
            "b": {"filesystem": {"read": second}},
        }
    )
    expected = list(dict.fromkeys([*second, *first])) if first else []
    assert values(found, "filesystem.read") == expected
