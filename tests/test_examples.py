"""A part of the examples is tried in each run of the tests, all when they are asked for."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests import examples
from tests.conftest import CHECKOUT

HOOKS = """
from tests import examples
examples.register()
def pytest_collection_modifyitems(items):
    examples.try_a_part(items)
    examples.draw_lots(items)
def pytest_configure(config):
    config.addinivalue_line("markers", "lots")
    config.addinivalue_line("markers", "long")
def pytest_sessionfinish(session):
    print(sorted(item.name for item in session.items if "lots" in item.name))
    print({item.name: examples.number(item) for item in session.items
           if "lots" not in item.name})
"""
TESTS = """
import pytest
from hypothesis import given, settings, strategies
few = settings(max_examples=40)
many = settings(max_examples=1000)
@given(strategies.integers())
def test_usual(number): pass
@few
@given(strategies.integers())
def test_few(number): pass
@pytest.mark.long
@few
@given(strategies.integers())
def test_long(number): pass
@pytest.mark.parametrize("row", [1, 2])
@many
@given(strategies.integers())
def test_many(row, number): pass
def test_none(): pass
LOTS = [pytest.param(kind, row, marks=pytest.mark.lots(kind=kind))
        for kind in ("one", "other") for row in range(5)]
@pytest.mark.parametrize(("kind", "row"), LOTS)
def test_lots(kind, row): pass
"""
KINDS = ("one", "other")
PART = {
    "test_usual": 25,
    "test_few": 25,
    "test_long": 10,
    "test_many[1]": 125,
    "test_many[2]": 125,
    "test_none": 0,
}
ALL = {
    **PART,
    "test_usual": 100,
    "test_few": 40,
    "test_long": 40,
    "test_many[1]": 1000,
    "test_many[2]": 1000,
}


@pytest.mark.parametrize(
    ("options", "expected"), [([], PART), (["--hypothesis-profile=thorough"], ALL)]
)
def test_how_many(tmp_path: Path, options: list[str], expected: dict[str, int]) -> None:
    said = _collected(tmp_path, *options)
    assert str(expected) in said, said
    of_each = 5 if options else 1
    assert [sum(f"[{kind}-" in name for name in _lots(said)) for kind in KINDS] == [of_each] * 2


def test_lots_are_drawn_by_all_processes_alike() -> None:
    rows = [str(number) for number in range(10)]
    drawn = {session: examples.drawn(rows, session) for session in ("a", "b", "c", "d")}
    assert {len(set(each)) for each in drawn.values()} == {1}
    assert len({*map(tuple, drawn.values())}) > 1
    assert examples.drawn(rows, "a") == drawn["a"]
    assert examples.drawn(rows[:1], "a") == rows[:1]


def _lots(said: str) -> list[str]:
    (names,) = (line for line in said.splitlines() if line.startswith("['test_lots"))
    found: list[str] = ast.literal_eval(names)
    return found


def _collected(tmp_path: Path, *options: str) -> str:
    """What the hooks print."""
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_it.py").write_text(TESTS)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
    done = subprocess.run(
        [*command, "--collect-only", "-c", os.devnull, "--rootdir", tmp_path, *options, tmp_path],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


class _Row(NamedTuple):
    """As much of a test as is asked for."""

    nodeid: str
    callspec: SimpleNamespace
    config: SimpleNamespace


def _row(test: str, account: str, *words: str) -> _Row:
    name = "-".join((words[0], account, *words[1:])) if words else account
    told = SimpleNamespace(hook=SimpleNamespace(pytest_deselected=lambda items: None))
    return _Row(f"{test}[{name}]", SimpleNamespace(params={"as_user": account}, id=name), told)


def test_of_two_accounts_one_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row is run, and by hand as both."""
    rows = [_row(f"t{n}", account, "a", "b") for n in range(20) for account in ("root", "user")]
    rows.append(_row("alone", "user"))
    found: list[Any] = [*rows]
    monkeypatch.delenv("NONO_TESTS_ACCOUNTS", raising=False)
    examples.draw_accounts(found)
    assert found == rows
    monkeypatch.setenv("NONO_TESTS_ACCOUNTS", "drawn")
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "one")
    examples.draw_accounts(found)
    again: list[Any] = [*rows]
    examples.draw_accounts(again)
    assert found == again and len(found) == 21
    assert {each.callspec.params["as_user"] for each in found} == {"root", "user"}
