"""Calls that fail outside fail inside with the same errno, in the project and in a shared place."""

from tests.conftest import program_beside
from tests.programs.conftest import Alike

ERRNOS = program_beside(__file__, "errnos.py")


def test_names_that_are_none(alike: Alike) -> None:
    done = alike("python3", "-c", ERRNOS)
    assert (done.returncode, done.stdout.count("EINVAL") > 20) == (0, True)
