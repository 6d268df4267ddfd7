"""Who runs programs in the tests: root, or an ordinary user."""

import os
import secrets
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

from tests.exchange import Finished
from tests.forked import Forks
from tests.older_kernel import without_note
from tests.requirements import landlock_abi
from tests.switching import in_front

TIMEOUT = float(os.environ.get("NONO_TESTS_TIMEOUT", "60"))
UMASK = 0o022


def until_it_ended(
    process: subprocess.Popen[str], input: str | None, timeout: float = TIMEOUT
) -> Finished:
    """What the leader of a session leaves; the session is killed when it is over time."""
    try:
        stdout, stderr = process.communicate(input, timeout)
    except BaseException:
        # Grandchildren hold the pipes too: killing the child alone would not end the wait.
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=TIMEOUT)
        raise
    return Finished(process.returncode, stdout, stderr)


@dataclass(frozen=True)
class Secret:
    """A file that must not leak, and the random text in it."""

    path: Path
    text: str


class _Switch(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[str | int]


@dataclass(frozen=True)
class Account:
    """A user to run commands as."""

    name: str
    uid: int
    gid: int
    home: Path
    python: str
    """An interpreter that this user can execute and that imports `nono.*`."""
    environment: Mapping[str, str] = field(repr=False)
    forks: Forks | None = field(default=None, repr=False, compare=False)
    hosts: Forks | None = field(default=None, repr=False, compare=False)

    @property
    def switch(self) -> _Switch:
        """What makes subprocess.Popen start a program as this user."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def starting(self, environment: Mapping[str, str]) -> tuple[Sequence[str], _Switch]:
        """What begins a command as this user, and what makes Popen start it with that."""
        switch = self.switch
        words = in_front(self.uid, self.gid, environment) if switch else ()
        return words, {} if words else switch

    def __call__(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Finished:
        """Run `command` to its end; `env` is added to the bare environment.

        The command leads a session of its own, which is killed when it is over
        time: subprocess.TimeoutExpired then carries what was printed so far.
        """
        environment = {**self.environment, **(env or {})}
        words, switch = self.starting(environment)
        process = subprocess.Popen(
            [*words, *(os.fspath(part) for part in command)],
            cwd=cwd or self.home,
            env=environment,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
            **switch,
            umask=UMASK,
        )
        return until_it_ended(process, input, timeout)

    def nono(
        self,
        *arguments: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
        before: Sequence[str] = (),
        forked: bool = True,
    ) -> Finished:
        """Run nono to its end, as a fork of what has loaded it where that makes no difference.

        `before` is a command that starts nono.
        """
        words = [os.fspath(part) for part in arguments]
        environment = {**self.environment, **(env or {})}
        done = None
        if forked and not before and self.forks is not None:
            done = self.forks.run(words, cwd, environment, input, timeout)
        if done is None:
            # -P: like the installed command, `-m` must not import from the project.
            command = (*before, self.python, "-P", "-m", "nono.supervisor", *words)
            done = self(*command, cwd=cwd, env=env, input=input, timeout=timeout)
        return replace(done, stderr=without_note(done.stderr, landlock_abi()))

    def host(
        self,
        program: str,
        *arguments: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
        has_command: bool = False,
    ) -> Finished:
        """Run a program of the library, or one that is the command, as `nono` runs the command.

        Not one that shows what nono loads, or what it takes to load it.
        """
        done = None
        forks = self.forks if has_command else self.hosts
        if forks is not None:
            environment = {**self.environment, **(env or {})}
            directory = cwd or self.home
            done = forks.run(arguments, directory, environment, input, timeout, program)
        if done is None:
            command = (self.python, "-P", "-c", program, *arguments)
            done = self(*command, cwd=cwd, env=env, input=input, timeout=timeout)
        return done

    def directory(self, path: Path, mode: int = 0o755) -> Path:
        """Create a directory that this account owns, and its missing parents."""
        if not path.parent.is_dir():
            self.directory(path.parent, mode)
        path.mkdir(exist_ok=True)
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def file(self, path: Path, text: str = "", mode: int = 0o644) -> Path:
        """Create a file that this account owns; missing parents are created too."""
        if not path.parent.is_dir():
            self.directory(path.parent)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def secret(self, name: str) -> Secret:
        """Create `name` (relative to the home, or absolute) with mode 0600 and a random text."""
        text = f"secret-{secrets.token_hex(16)}"
        return Secret(self.file(self.home / name, text + "\n", 0o600), text)
