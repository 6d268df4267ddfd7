"""What is made of text: what was compiled is used again, and is of that text alone."""

from __future__ import annotations

import marshal
import re
from types import CodeType
from typing import Any

import pytest

from nono.broker import compiled


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "texts", {})
    monkeypatch.setattr(compiled, "patterns", {})
    monkeypatch.setattr(compiled, "_made", {})


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
    compiled.share(kept, {})
    assert compiled.made_of("text", "made", {})() == "kept"
    known: dict[str, Any] = {}
    compiled.made_of("def later():\n return 1", "later", known)
    assert [*kept] == ["text", "def before():\n return 0", "def later():\n return 1"]
    assert before() == 0


EXPRESSIONS: list[tuple[str | bytes, int]] = [
    ("", 0),
    ("(?P<name>a|b)(?:=(?!=)|:)(c)?(?P=name)", 0),
    (r"(?im)^\s*é{1,3}(?>x*)[^a-z\d_]$", 0),
    (rb"^\s*worktree\s*=\s*(\S.*?)\s*$", re.MULTILINE),
    ("worktree", re.IGNORECASE | re.VERBOSE),
    ("abc", 0),
    (b"abc", 0),
]
TEXTS = ["", "a=a", "b:cb", "\n ÉÉxx!", "WORKTREE", "x worktree = \n", " worktree = a b \n", "abc"]


@pytest.mark.parametrize(("text", "flags"), EXPRESSIONS)
def test_an_expression_is_as_the_standard_one(text: Any, flags: int) -> None:
    """Also one of which only what is kept is known, as the next start has it."""
    usual = re.compile(text, flags)
    first = compiled.pattern_of(text, flags)
    kept = marshal.loads(marshal.dumps(compiled.patterns))
    compiled._made.clear()
    compiled.share({}, kept)
    for made in (first, compiled.pattern_of(text, flags)):
        assert made == usual
        assert (made.groups, made.groupindex) == (usual.groups, usual.groupindex)
        for each in TEXTS:
            where = each if isinstance(text, str) else each.encode()
            ours: Any = made.search(where)
            theirs: Any = usual.search(where)
            assert str(ours) == str(theirs)
            assert ours is None or (ours.groupdict(), ours.lastgroup, ours.groups()) == (
                theirs.groupdict(),
                theirs.lastgroup,
                theirs.groups(),
            )


def test_an_expression_that_is_kept_is_compiled_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled.pattern_of("a+b")
    compiled._made.clear()
    monkeypatch.setattr(compiled, "_parts", None)
    monkeypatch.setattr(re, "compile", None)
    assert compiled.pattern_of("a+b").fullmatch("aab")


@pytest.mark.parametrize("parts", [(), (0, [], -1, {}, ()), (0, [1 << 40], 0, {}, (None,))])
def test_odd_parts_give_the_standard_expression(parts: tuple[Any, ...]) -> None:
    """What a disk has spoilt, or another interpreter has written."""
    compiled.pattern_of("a+b")
    compiled._made.clear()
    compiled.patterns.update({key: parts for key in compiled.patterns})
    assert compiled.pattern_of("a+b").fullmatch("aab")


@pytest.mark.parametrize("missing", [(compiled, "_sre"), (re, "_compiler")])
def test_an_interpreter_without_the_parts_of_re_compiles_as_usual(
    monkeypatch: pytest.MonkeyPatch, missing: tuple[Any, str]
) -> None:
    monkeypatch.setattr(*missing, None)
    assert compiled.pattern_of("a+b", re.DOTALL) == re.compile("a+b", re.DOTALL)
    assert compiled.patterns == {}


@pytest.mark.parametrize("wrong", ["(", b"[", "*"])
def test_what_is_no_expression_raises_as_usual(wrong: Any) -> None:
    with pytest.raises(re.error):
        compiled.pattern_of(wrong)
