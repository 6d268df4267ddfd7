"""The outcomes that others measured on Macs and published: seatbelt's own word, as far as known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nono.broker import Policy
from nono.broker.rules.paths import is_within
from nono.supervisor.macos.compiled import compiled
from tests.broker.worlds import allow
from tests.seatbelt.evaluator import READINGS, Asked, Rule, parse

PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))
CASES: list[dict[str, Any]] = PUBLISHED["cases"]
PATHS: list[dict[str, Any]] = PUBLISHED["path_cases"]["rows"]
LINKS = {
    "/tmp": "/private/tmp",
    "/var": "/private/var",
    "/etc": "/private/etc",
    "/private/tmp/link": "/private/tmp/target",
}


def _answer(case: dict[str, Any], reading: str) -> str:
    operation, asked = case["ask"]
    rules = parse(f"(version 1)(deny default){case['rules']}", {})
    is_socket = operation == "network-outbound" and asked.startswith("/")
    allowed = READINGS[reading](rules, Asked(operation, asked, is_unix_socket=is_socket))
    return "allow" if allowed else "deny"


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_one_reading_explains_it(case: dict[str, Any]) -> None:
    assert _answer(case, "D") == case["got"]


@pytest.mark.parametrize("reading", ["A", "B", "C"])
def test_no_other_reading_explains_them_all(reading: str) -> None:
    assert any(_answer(case, reading) != case["got"] for case in CASES)


def _is_reached(rules: list[Rule], path: str, operation: str) -> bool:
    """As was measured: links are followed first, each needs a look at itself, and what is on the
    data volume has its short name."""
    path = path.removeprefix("/System/Volumes/Data")
    for link, target in LINKS.items():
        if is_within(path, link):
            looked_at = Asked("file-read-metadata", link, "SYMLINK")
            return READINGS["D"](rules, looked_at) and _is_reached(
                rules, target + path.removeprefix(link), operation
            )
    return READINGS["D"](rules, Asked(operation, path))


def _are_reached(rules: list[Rule], case: dict[str, Any]) -> bool:
    operation = case.get("operation", "file-read-data")
    return all(_is_reached(rules, path, operation) for path in case["asked"])


@pytest.mark.parametrize("case", PATHS, ids=[f"{case['allow']}: {case['open']}" for case in PATHS])
def test_paths_are_those_of_the_kernel(case: dict[str, Any]) -> None:
    """And whichever of its names a grant of ours names, it is reached by all of them."""
    rules = parse(f"(version 1)(deny default){case['rules']}", {})
    assert _are_reached(rules, case) is (case["got"] == "allow")
    granted = (*case["asked"], "/private/tmp/target/f")
    profile = compiled(Policy(tuple(map(allow, granted))), "nono-1").profile
    assert _are_reached(parse(profile.text(), profile.parameters()), case)


def test_there_are_as_many_as_were_published() -> None:
    assert (len(CASES), len(PATHS)) == (23, 16)


@pytest.mark.parametrize(
    "text", ["(allow file-fly)", "(allow file-read* (colour red))", "(allow", "(permit x))", '"']
)
def test_what_is_not_known_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        rules = parse(text, {})
        READINGS["D"](rules, Asked("file-read-data", "/"))
