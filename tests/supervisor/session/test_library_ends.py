"""The library when things end early: cancelled anywhere, killed from outside."""

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.session.library import program

pytestmark = pytest.mark.requires(landlock=2)


@BY_A_USER
def test_cancelled_at_any_moment(as_user: Account, project: Path) -> None:
    """From before the fork to after the end, the program and its daemon are gone afterwards."""
    text = program_beside(__file__, "cancelled.py")
    program(as_user, project, text)


@BY_A_USER
def test_cancelled_while_calls_wait(as_user: Account, project: Path) -> None:
    """Nobody ever opens the other ends; calls may arrive while the run is being ended."""
    text = program_beside(__file__, "cancelled_while_waiting.py")
    program(as_user, project, text)


DAEMONS = program_beside(__file__, "daemons.py")


def test_an_init_that_is_killed(as_user: Account, project: Path) -> None:
    """One of two: its processes end, and the other does not notice."""
    text = f"DAEMONS = {DAEMONS!r}\n" + program_beside(__file__, "killed_init.py")
    done = program(as_user, project, text)
    assert done.stdout == "the sandbox's init was killed, and every process with it\n"


def test_a_fork_server_that_is_killed(as_user: Account, project: Path) -> None:
    """What runs goes on, and the next run starts another server."""
    text = program_beside(__file__, "killed_fork_server.py")
    program(as_user, project, text)


def test_a_program_that_is_killed_takes_its_sandboxes_along(
    as_user: Account, project: Path
) -> None:
    text = f"DAEMONS = {DAEMONS!r}\n" + program_beside(__file__, "killed_program.py")
    program(as_user, project, text)
