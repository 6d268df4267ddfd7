"""The outcomes that others measured on Macs and published: seatbelt's own word, as far as known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.seatbelt.evaluator import READINGS, Asked, parse

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "published.json").read_text(encoding="utf-8")
)["cases"]


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


@pytest.mark.parametrize(
    "text", ["(allow file-fly)", "(allow file-read* (colour red))", "(allow", "(permit x))", '"']
)
def test_what_is_not_known_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        rules = parse(text, {})
        READINGS["D"](rules, Asked("file-read-data", "/"))
