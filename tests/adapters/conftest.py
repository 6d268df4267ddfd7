"""Whoever uses a framework: an ordinary user, with an interpreter that has all of them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests import environments
from tests.conftest import Account


@pytest.fixture(scope="session")
def interpreter(place: Path) -> str:
    return environments.interpreter("frameworks", place)


@pytest.fixture
def frameworks(user: Account, interpreter: str) -> Iterator[Account]:
    """With a key in ~/.ssh, for what tries to read it."""
    secret = user.secret(".ssh/id_ed25519")
    yield replace(user, python=interpreter)
    secret.path.unlink()
