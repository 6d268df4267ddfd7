"""A `nono warm` of an account's own, and runs by it.

To have one start takes ten times as long as a run by it, so the tests of a file have the same one,
unless what they show is how it starts, or without what: those begin with none.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nono.supervisor.session.tmpdir import remove_tree
from tests.accounts import until_it_ended
from tests.conftest import TIMEOUT, UMASK, Account, Finished


class Warm:
    """One that serves until it is ended; `place` is for its socket."""

    def __init__(self, account: Account, project: Path, place: Path) -> None:
        self.account = account
        self.runtime = account.directory(place / "runtime", 0o700)
        self.begin(project)
        self.socket = self.runtime / "nono" / "warm"
        self.said: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def begin(self, project: Path) -> None:
        """From now on by another test, which knows nothing of what an earlier one has changed."""
        self.project = project
        self.environment = {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.command: tuple[str, ...] = (self.account.python, "-P", "-m", "nono.supervisor")

    def start(self, *options: str, expected: str = "nono: warm: ") -> int:
        """Its process id, once it listens."""
        self.said = []
        self.process = self.popen("warm", *options, warm="")
        assert self.process.stderr is not None
        while not self.said or not self.said[-1].startswith(expected):
            line = self.process.stderr.readline()
            assert line, self.said
            self.said.append(line)
        return self.process.pid

    def end(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.communicate(timeout=TIMEOUT)

    def popen(self, *arguments: str, warm: str = "required", **more: str) -> subprocess.Popen[str]:
        """A command of nono's that runs, with pipes."""
        asked = {"NONO_WARM": warm} if warm else {}
        environment = {**self.account.environment, **self.environment, **asked, **more}
        words, switch = self.account.starting(environment)
        return subprocess.Popen(
            [*words, *self.command, *arguments],
            cwd=self.project,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            umask=UMASK,
            **switch,
        )

    def __call__(
        self, *arguments: str, warm: str = "required", input: str = "", **more: str
    ) -> Finished:
        """A command of nono's to its end, and by this process, unless `warm` says otherwise."""
        return until_it_ended(self.popen(*arguments, warm=warm, **more), input)


@contextmanager
def warm_of(account: Account, project: Path) -> Iterator[Warm]:
    found = Warm(account, project, account.home)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def kept(place: Path) -> Iterator[dict[str, Warm]]:
    """Those of the accounts that a file has asked for."""
    found: dict[str, Warm] = {}
    yield found
    for each in found.values():
        each.end()
        remove_tree(os.fspath(each.runtime.parent))


@pytest.fixture
def warm(as_user: Account, project: Path, place: Path, kept: dict[str, Warm]) -> Warm:
    """One that serves already, an earlier test's."""
    if as_user.name not in kept:
        own = as_user.directory(place / f"warm-{as_user.name}", 0o700)
        kept[as_user.name] = Warm(as_user, as_user.home, own)
        kept[as_user.name].start()
    found = kept[as_user.name]
    found.begin(project)
    return found


@pytest.fixture
def own(as_user: Account, project: Path) -> Iterator[Warm]:
    """One that serves already, which the test may end."""
    with warm_of(as_user, project) as found:
        found.start()
        yield found


@pytest.fixture
def unstarted(as_user: Account, project: Path) -> Iterator[Warm]:
    with warm_of(as_user, project) as found:
        yield found
