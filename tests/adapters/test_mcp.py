"""`nono mcp` with the official client, and what it does with other servers' configurations."""

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)


def test_a_client_of_the_server(frameworks: Account) -> None:
    place = frameworks.directory(frameworks.home / "mcp")
    frameworks.directory(place / "work")
    program = program_beside(__file__, "with_mcp.py")
    done = frameworks(frameworks.python, "-P", "-c", program, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")
