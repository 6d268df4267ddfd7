"""What the tests of the filtered network share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import Account, Nono, program_beside
from tests.supervisor.linux.network.peers import Peers, peers

PYTHON = "/usr/bin/python3"


class Same(Protocol):
    """The `same` fixture: run a program outside and inside, and expect the same of both."""

    def __call__(self, program: str, *options: str) -> list[str]: ...


@pytest.fixture
def hosts() -> Iterator[Peers]:
    """An internet without hosts, to be filled by the test."""
    with peers() as made:
        yield made


@pytest.fixture
def same(as_user: Account, project: Path, nono: Nono, hosts: Peers) -> Same:
    """Outside, the program finds each host at its address; inside, by its name.

    Returns the lines that it printed.
    """

    def run(program: str, *options: str) -> list[str]:
        text = PROGRAM + program
        command = (PYTHON, "-c", text)
        outside = as_user(*command, hosts.targets(by_name=False), cwd=project)
        assert outside.returncode == 0, outside.stderr
        inside = nono(
            "run",
            "--allow-cwd",
            *hosts.options,
            *options,
            "--",
            *command,
            hosts.targets(by_name=True),
        )
        assert inside.stderr == ""
        assert inside.returncode == 0
        assert inside.stdout.splitlines() == outside.stdout.splitlines()
        return inside.stdout.splitlines()

    return run


PROGRAM = program_beside(__file__, "common.py")
