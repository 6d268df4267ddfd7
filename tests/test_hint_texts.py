"""Every hint in the code is one thing: a line to paste, or one piece of advice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from nono.supervisor import NonoError
from tests.conftest import CHECKOUT, PACKAGES

_SEVERAL = re.compile(r"; |, or |, then |, and |\.\.\.,|=\.\.\.|: (?:export|install|eval|nono) ")
"""What joins two of them, puts words before a command, or leaves out what nobody can paste."""
_NAMES = {"hint", "_HINT", "_HINTS", "_CAUSES", "OWN_GROUP"}


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may be, with X for what is filled in."""
    match node:
        case ast.Constant(str(text)):
            yield text
        case ast.JoinedStr(parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in parts)
        case ast.IfExp():
            yield from (text for each in (node.body, node.orelse) for text in _texts(each))
        case ast.BoolOp(_, values) | ast.Dict(_, values):
            yield from (text for each in values for text in _texts(each))
        case ast.Tuple(elements):
            yield from _texts(elements[-1])


def _hints(tree: ast.AST, errors: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name(name), args, keywords):
                if name in errors and len(args) > 1:
                    yield from _texts(args[1])
                yield from (text for k in keywords if k.arg == "hint" for text in _texts(k.value))
            case ast.Assign([ast.Name(name)], value) if name in _NAMES:
                yield from _texts(value)
            case ast.Constant() | ast.JoinedStr():
                found = (re.search("hint: (.+)", text) for text in _texts(node))
                yield from (each[1] for each in found if each)


def _below(kind: type[Exception]) -> Iterator[str]:
    for each in kind.__subclasses__():
        yield each.__name__
        yield from _below(each)


def test_each_is_one_thing() -> None:
    errors = {"NonoError", *_below(NonoError)}
    # Whose second argument is something else.
    errors -= {"CommandError", "UnknownName", "CalledProcessError", "TimeoutExpired"}
    found = {
        (path.relative_to(CHECKOUT).as_posix(), hint)
        for top in PACKAGES
        for path in (CHECKOUT / top).rglob("*.py")
        for hint in _hints(ast.parse(path.read_text()), frozenset(errors))
    }
    assert len(found) > 150
    several = sorted(each for each in found if _SEVERAL.search(each[1]))
    assert not several, "\n".join(map(str, several))


@pytest.mark.parametrize(
    "text", ["nono ps; or nono kill", "a, or b", "store it with: install x", "export X=..., or y"]
)
def test_what_is_several_is_found(text: str) -> None:
    code = f"UsageError('wrong', {text!r} if x else f'{{y}}')"
    assert any(map(_SEVERAL.search, _hints(ast.parse(code), frozenset({"UsageError"}))))
