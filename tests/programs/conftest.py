"""Running a program twice, outside and under nono, and expecting the same of both."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from tests.conftest import TIMEOUT, Account, Finished, Nono
from tests.programs.comparison import Run, fill, tree

WHEN = "2024-05-06T07:08:09Z"
GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": WHEN,
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_COMMITTER_DATE": WHEN,
}
"""Commits by the same person at the same time have the same names."""


class Alike(Protocol):
    """The `alike` fixture: a command, the files that it starts with, and what may differ."""

    def __call__(
        self,
        *command: str | Path,
        files: Mapping[str, str] | None = None,
        options: Sequence[str | Path] = (),
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        volatile: Collection[str] = (),
        timeout: float = TIMEOUT,
    ) -> Finished: ...


@pytest.fixture
def alike(as_user: Account, project: Path, nono: Nono) -> Alike:
    """Run a command outside, then under `nono run --allow-cwd` with `options`, in the same place.

    Status, output and errors must be the same (so nono reports nothing), and so must what is
    left in the project: names, types, modes, owners, contents but those of `volatile` files. What
    changed that people run without thinking, nono may say.
    Returns what the command said.
    """

    def run(
        *command: str | Path,
        files: Mapping[str, str] | None = None,
        options: Sequence[str | Path] = (),
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        volatile: Collection[str] = (),
        timeout: float = TIMEOUT,
    ) -> Finished:
        def one(start: Callable[[], Finished]) -> Run:
            fill(as_user, project, files or {})
            return Run(start(), tree(project, volatile))

        outside = one(lambda: as_user(*command, cwd=project, env=env, input=input, timeout=timeout))
        arguments = ("run", "--allow-cwd", *options, "--", *command)
        inside = one(lambda: nono(*arguments, env=env, input=input, timeout=timeout))
        # One by one: the first to differ says most about why.
        said = inside.finished.stderr.splitlines(keepends=True)
        said = [line for line in said if not line.startswith("nono: changed: ")]
        assert "".join(said) == outside.finished.stderr
        assert inside.finished.stdout == outside.finished.stdout
        assert inside.finished.returncode == outside.finished.returncode
        assert inside.tree == outside.tree
        return inside.finished

    return run
