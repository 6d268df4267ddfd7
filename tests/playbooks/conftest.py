"""What the playbooks share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path.resolve())
    try:
        yield made
    finally:
        made.close()
