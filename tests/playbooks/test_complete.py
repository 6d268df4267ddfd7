"""Every call that is brokered is in a playbook."""

from pathlib import Path

import pytest

from nono.supervisor.linux.calls.handlers import HANDLERS

WRITTEN = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))


@pytest.mark.parametrize("name", HANDLERS)
def test_a_call_is_in_a_playbook(name: str) -> None:
    assert f'"{name}"' in WRITTEN
