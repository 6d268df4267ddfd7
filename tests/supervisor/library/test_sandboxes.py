"""The library as its users have it: one program for each way to use it."""

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2)

NAMES = ("plain", "both_loops", "hostile", "cancelled", "interrupted", "no_descriptor")
HEADER = program_beside(__file__, "header.py")


def ends_well(name: str, account: Account) -> None:
    """A program of the library, in a project of its own."""
    place = account.directory(account.home / f"library-{name}")
    account.directory(place / "work")
    text = HEADER + program_beside(__file__, f"{name}.py")
    done = account.host(text, cwd=place)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("done\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_program_of_the_library(name: str, user: Account) -> None:
    ends_well(name, user)


def test_an_executor(user: Account) -> None:
    ends_well("executor", user)


def test_files_that_are_planted(as_user: Account) -> None:
    """Root can open what the policy refuses, and a link of root's leads further."""
    ends_well("files", as_user)
