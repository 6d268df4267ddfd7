"""What `nono warm` remembers of plans changes no plan."""

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account

PROGRAMS = Path(__file__).with_name("programs")
RUNS = 18


@BY_A_USER
@pytest.mark.requires(landlock=2)
def test_a_filled_memory_plans_what_a_fresh_process_does(as_user: Account, project: Path) -> None:
    done = as_user(as_user.python, "-P", PROGRAMS / "filled_memory.py", project)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == RUNS, done.stderr
    assert [line for line in lines if not line.startswith("the same ")] == []


def test_a_rehearsal_leaves_nothing_of_its_environment(as_user: Account, project: Path) -> None:
    """As `tempfile` would, which keeps where it has found room."""
    done = as_user(as_user.python, "-P", PROGRAMS / "state_of_modules.py", cwd=project)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
