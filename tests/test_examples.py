"""A part of the examples is tried in each run of the tests, all when they are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT

HOOKS = """
from tests import examples
examples.register()
def pytest_collection_modifyitems(items):
    examples.try_a_part(items)
def pytest_sessionfinish(session):
    print({item.name: examples.number(item) for item in session.items})
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
@pytest.mark.parametrize("row", [1, 2])
@many
@given(strategies.integers())
def test_many(row, number): pass
def test_none(): pass
"""
PART = {"test_usual": 50, "test_few": 40, "test_many[1]": 250, "test_many[2]": 250, "test_none": 0}
ALL = {**PART, "test_usual": 100, "test_many[1]": 1000, "test_many[2]": 1000}


@pytest.mark.parametrize(
    ("options", "expected"), [([], PART), (["--hypothesis-profile=thorough"], ALL)]
)
def test_how_many(tmp_path: Path, options: list[str], expected: dict[str, int]) -> None:
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
    assert str(expected) in done.stdout, done.stdout + done.stderr
