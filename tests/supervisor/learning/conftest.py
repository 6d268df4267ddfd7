"""What the tests of `nono learn` share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TIMEOUT, Account, Finished, Nono

Learn = Callable[..., tuple[dict[str, Any], Finished]]
Again = Callable[..., Finished]


@pytest.fixture
def learned(project: Path, as_user: Account) -> Iterator[Path]:
    """Where the learned profile is saved: beside the project and not in it."""
    path = as_user.home / f"{project.name}.json"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def learn(nono: Nono, as_user: Account, learned: Path) -> Learn:
    """Learn a command with `--json` and save what it printed; the profile, and what was said."""

    def run(
        *command: str | Path,
        options: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> tuple[dict[str, Any], Finished]:
        done = nono("learn", "--json", *options, "--", *command, env=env, timeout=timeout)
        as_user.file(learned, done.stdout)
        return json.loads(done.stdout), done

    return run


@pytest.fixture
def again(nono: Nono, learned: Path) -> Again:
    """Run a command under the profile that was learned."""

    def run(
        *command: str | Path,
        options: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> Finished:
        options = ("--profile", str(learned), *options)
        return nono("run", *options, "--", *command, env=env, timeout=timeout)

    return run


def paths(profile: Mapping[str, Any]) -> list[str]:
    """Every path that a profile grants."""
    lists = [each for key, each in profile.get("filesystem", {}).items() if key != "caches"]
    return [path for entries in lists for path in entries]


def said_by_nono(done: Finished) -> list[str]:
    """The lines of nono's own, without what the program printed."""
    lines = done.stderr.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith("nono:")), len(lines))
    return lines[first:]
