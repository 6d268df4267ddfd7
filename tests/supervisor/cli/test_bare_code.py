"""Bare code does what the whole does, and tells the same lines where it fails."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

from nono.supervisor.cli.bare_code import bare_code
from tests.conftest import CHECKOUT

SOURCE = '''"""The module's words."""
from __future__ import annotations
import functools
TYPE_CHECKING = False
if TYPE_CHECKING:
    import nothing.at.all
else:
    other = "made without a type checker"
if TYPE_CHECKING:
    from nothing import at_all

def told(function):
    return function

class Kind:
    """The class's words."""
    field: int = 3

    def method(self, first: int, /, second: str = "two", *rest: int, third: int, **more: str):
        """The method's words."""
        """And more of them."""
        return second

    @property
    def attribute(self) -> int:
        """Its words."""
        return self.field

    @told
    def decorated(self, first: int) -> str:
        """What its decorator may read."""

async def waits(first: int) -> None:
    "Nothing else."

@functools.cache
def inner() -> int:
    """Its words."""
    def deeper(said: str) -> str:
        """Its words."""
        return said
    return deeper

def fails(value: int) -> int:
    """Its words,
    in more lines than one.
    """
    return 1 + (
        value / 0)
'''


def made(code: CodeType) -> dict[str, Any]:
    known: dict[str, Any] = {"__name__": "made"}
    exec(code, known)
    return known


@pytest.fixture
def bare() -> dict[str, Any]:
    return made(bare_code(SOURCE.encode(), "made.py"))


@pytest.fixture
def whole() -> dict[str, Any]:
    return made(compile(SOURCE, "made.py", "exec", dont_inherit=True))


def test_words_and_types_of_functions_are_left_out(bare: dict[str, Any]) -> None:
    kind = bare["Kind"]
    functions = (kind.method, kind.attribute.fget, bare["waits"], bare["inner"].__wrapped__)
    for function in (*functions, bare["inner"](), bare["fails"]):
        assert (function.__doc__, function.__annotations__) == (None, {}), function
    assert bare.get("__doc__") is None


def test_what_may_be_read_stays(bare: dict[str, Any], whole: dict[str, Any]) -> None:
    for each in (bare, whole):
        kind = each["Kind"]
        assert (kind.__doc__, kind.__annotations__) == ("The class's words.", {"field": "int"})
        assert kind.decorated.__doc__ == "What its decorator may read."
        assert kind.decorated.__annotations__ == {"first": "int", "return": "str"}


def test_nothing_else_differs(bare: dict[str, Any], whole: dict[str, Any]) -> None:
    assert {*whole} - {*bare} <= {"__doc__"}
    assert bare["other"] == whole["other"] == "made without a type checker"
    method, expected = bare["Kind"].method, whole["Kind"].method
    assert method.__defaults__ == expected.__defaults__
    assert method(bare["Kind"](), 1, third=2) == "two"
    assert bare["Kind"]().attribute == 3


def test_a_fault_is_told_in_the_same_words(bare: dict[str, Any], whole: dict[str, Any]) -> None:
    told = []
    for each in (bare, whole):
        with pytest.raises(ZeroDivisionError) as raised:
            each["fails"](1)
        told.append(traceback.format_tb(raised.value.__traceback__)[-1:])
    assert told[0] == told[1]
    assert "line 49" in told[0][0]


def functions_of(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from functions_of(each)


def told_by(code: CodeType) -> tuple[object, ...]:
    takes = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    names = code.co_qualname, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_filename, code.co_firstlineno, takes, names


def places_in(code: CodeType) -> set[tuple[object, ...]]:
    return {*code.co_positions()}


@pytest.mark.parametrize("room", ["supervisor/session", "shims/linux"])
def test_each_function_of_nonos_takes_and_names_the_same(room: str) -> None:
    compared = 0
    for path in sorted((CHECKOUT / room).glob("*.py")):
        text = path.read_bytes()
        bare = [*functions_of(bare_code(text, str(path)))][1:]
        whole = [*functions_of(compile(text, str(path), "exec", dont_inherit=True))][1:]
        assert [*map(told_by, bare)] == [*map(told_by, whole)], path
        for one, other in zip(bare, whole, strict=True):
            if not any(isinstance(each, CodeType) for each in other.co_consts):
                assert places_in(other) <= places_in(one), (path, one)
                compared += 1
    assert compared > 100


def test_nobody_reads_the_words_of_a_function_or_a_module() -> None:
    """Of classes, which keep theirs, the page about profiles reads them."""
    reads = re.compile(rb"\b(__doc__|getdoc|get_type_hints|get_annotations)")
    rooms = [CHECKOUT / room for room in ("broker", "shims", "supervisor")]
    found = [path for room in rooms for path in room.rglob("*.py")]
    readers = {path.name for path in found if reads.search(path.read_bytes())}
    assert readers == {"page.py"}
