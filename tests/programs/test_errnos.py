"""Calls that fail outside fail inside with the same errno, in the project and in shared places."""

from tests.conftest import Nono, program_beside
from tests.programs.conftest import Alike

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
