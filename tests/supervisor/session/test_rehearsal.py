"""What `nono warm` remembers of plans changes no plan."""

from pathlib import Path

import pytest

from tests.conftest import Account

PROGRAM = Path(__file__).with_name("programs") / "filled_memory.py"
RUNS = 18


@pytest.mark.requires(landlock=2)
def test_a_filled_memory_plans_what_a_fresh_process_does(as_user: Account, project: Path) -> None:
    done = as_user(as_user.python, "-P", PROGRAM, project)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == RUNS, done.stderr
    assert [line for line in lines if not line.startswith("the same ")] == []
