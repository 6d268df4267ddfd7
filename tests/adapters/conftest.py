"""Whoever uses a framework: an ordinary user, with an interpreter that has all of them."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.adapters import environment
from tests.conftest import Account


@pytest.fixture(scope="session")
def frameworks(user: Account, place: Path) -> Iterator[Account]:
    """With a key in ~/.ssh, for what tries to read it."""
    if made := os.environ.get("NONO_FRAMEWORKS"):
        target = Path(made)
    else:
        environment.make(target := place / "frameworks")
    secret = user.secret(".ssh/id_ed25519")
    yield replace(user, python=environment.python_of(target))
    secret.path.unlink()
