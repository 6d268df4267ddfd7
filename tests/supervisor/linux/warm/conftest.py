"""A `nono warm` of an account's own, and runs by it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, UMASK, Account, Finished


class Warm:
    """One that serves until the test is over."""

    def __init__(self, account: Account, project: Path) -> None:
        self.account = account
        self.project = project
        self.runtime = account.directory(account.home / "runtime", 0o700)
        self.environment = {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.command: tuple[str, ...] = (account.python, "-P", "-m", "nono.supervisor")
        self.socket = self.runtime / "nono" / "warm"
        self.said: list[str] = []
        self.process: subprocess.Popen[str] | None = None

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
        return subprocess.Popen(
            [*self.command, *arguments],
            cwd=self.project,
            env={**self.account.environment, **self.environment, **asked, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            umask=UMASK,
            **self.account.switch,
        )

    def __call__(
        self, *arguments: str, warm: str = "required", input: str = "", **more: str
    ) -> Finished:
        """A command of nono's to its end, and by this process, unless `warm` says otherwise."""
        process = self.popen(*arguments, warm=warm, **more)
        try:
            out, err = process.communicate(input, TIMEOUT)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=TIMEOUT)
            raise
        return Finished(process.returncode, out, err)


@contextmanager
def warm_of(account: Account, project: Path) -> Iterator[Warm]:
    found = Warm(account, project)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture
def warm(as_user: Account, project: Path) -> Iterator[Warm]:
    """One that is started already."""
    with warm_of(as_user, project) as found:
        found.start()
        yield found


@pytest.fixture
def unstarted(as_user: Account, project: Path) -> Iterator[Warm]:
    with warm_of(as_user, project) as found:
        yield found
