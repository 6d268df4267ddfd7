"""Functions made of text: what was compiled is used again, and is of that text alone."""

from __future__ import annotations

from types import CodeType
from typing import Any

import pytest

from nono.broker import compiled


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "texts", {})


def test_a_text_is_compiled_once_and_knows_what_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "def made(one):\n return one + other"
    first = compiled.made_of(text, "made", {"other": 1})
    monkeypatch.setattr("builtins.compile", None)
    second = compiled.made_of(text, "made", {"other": 2})
    assert (first(1), second(1)) == (2, 3)
    assert first.__code__ is second.__code__


def test_what_is_kept_is_used_and_what_is_new_is_put_there() -> None:
    before = compiled.made_of("def before():\n return 0", "before", {})
    kept: dict[str, CodeType] = {"text": compile("def made():\n return 'kept'", "<string>", "exec")}
    compiled.share(kept)
    assert compiled.made_of("text", "made", {})() == "kept"
    known: dict[str, Any] = {}
    compiled.made_of("def later():\n return 1", "later", known)
    assert [*kept] == ["text", "def before():\n return 0", "def later():\n return 1"]
    assert before() == 0
