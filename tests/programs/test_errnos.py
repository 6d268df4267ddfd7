"""Calls that fail outside fail inside with the same errno, in the project and in shared places."""

import pytest

from tests.conftest import Nono, program_beside
from tests.programs.conftest import Alike

FLAGS = program_beside(__file__, "flags_of_no_open.py")
ERRNOS = program_beside(__file__, "errnos.py")
DEEP = program_beside(__file__, "deep.py")


def test_names_that_are_none(alike: Alike) -> None:
    done = alike("python3", "-c", ERRNOS)
    assert (done.returncode, done.stdout.count("EINVAL") > 20) == (0, True)


def test_deep_trees(alike: Alike, nono: Nono) -> None:
    """Beyond the longest path that the kernel takes; a refused name is refused there as well."""
    done = alike("python3", "-c", DEEP)
    assert (done.returncode, done.stdout.count("done")) == (0, 27), done.stdout
    done = nono("run", "--allow-cwd", "--deny", "**/*.late", "--", "python3", "-c", DEEP, "late")
    assert done.stdout.count("EPERM EPERM") == 1, done


@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_flags_that_are_no_open_come_before_the_path(alike: Alike, lane: str) -> None:
    """Where it is not the kernel that says so: in a directory with a refused name."""
    done = alike(
        *("python3", "-c", FLAGS),
        files={"refused/file": ""},
        options=("--deny", "refused"),
        env={"NONO_LANE": lane},
    )
    assert done.stdout.count("EINVAL") > 100, done
