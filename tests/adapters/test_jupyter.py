"""A kernel in a sandbox, with the real jupyter_client and ipykernel."""

import pytest

from tests.conftest import TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)


def test_a_kernel(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "jupyter")
    frameworks.directory(place / "work")
    program = program_beside(__file__, "with_jupyter.py")
    done = frameworks(frameworks.python, "-P", "-c", program, cwd=place, timeout=3 * TIMEOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")
