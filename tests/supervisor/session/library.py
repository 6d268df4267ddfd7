"""Programs that use the library, run as processes of their own by each account."""

from pathlib import Path

from tests.conftest import Account, Finished, program_beside

HEADER = program_beside(__file__, "library.py")


def program(account: Account, project: Path, text: str, *arguments: str) -> Finished:
    """Run a program that begins with `HEADER`; it has to end well."""
    done = account.host(HEADER + text, *arguments, cwd=project)
    assert done.returncode == 0, done.stderr
    return done
