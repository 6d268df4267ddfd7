"""What the tests of running audits share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.conftest import TIMEOUT, Account, Finished, Nono


class Sessions:
    """The audits of one account, kept in a state directory of this test's own."""

    def __init__(self, nono: Nono, state: Path) -> None:
        self._nono = nono
        self.env = {"XDG_STATE_HOME": str(state)}
        self.directory = state / "nono/sessions"

    def __call__(self, *arguments: str | Path, timeout: float = TIMEOUT) -> Finished:
        """Run nono with this state directory."""
        return self._nono(*arguments, env=self.env, timeout=timeout)

    def paths(self) -> list[Path]:
        """The sessions, the oldest first."""
        return sorted(self.directory.iterdir()) if self.directory.exists() else []

    def export(self, name: str = "last") -> list[dict[str, Any]]:
        """Every record of a session."""
        done = self("audit", "export", "--json", name)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def decisions(self, kind: str, name: str = "last") -> list[dict[str, Any]]:
        """The decisions on requests of a kind."""
        found = (record for record in self.export(name) if record["kind"] == "decision")
        return [record for record in found if record["request"]["kind"] == kind]


class MakeSessions(Protocol):
    def __call__(self, state: Path) -> Sessions: ...


@pytest.fixture
def sessions(nono: Nono, as_user: Account, project: Path) -> Iterator[Sessions]:
    """Audits below the home, outside the project."""
    yield Sessions(nono, as_user.directory(as_user.home / f"state-{project.name}", 0o700))
