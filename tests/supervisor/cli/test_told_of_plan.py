"""What is told of a plan: of each pattern whether it means anything that is there."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Account, Nono

RUN = ("run", "--allow-cwd")


def test_how_much_a_pattern_means_is_told(nono: Nono, as_user: Account, project: Path) -> None:
    """One that means nothing yet may be mistyped, and holds for what comes later."""
    for name in ("a.key", "d/b.key"):
        as_user.file(project / name)
    refused = (*RUN, "--deny", "**/*.key", "--deny", "*.pem")
    found = {"flag --deny **/*.key": "2 paths", "flag --deny *.pem": "nothing"}
    lines = {f"{origin}: matches {count} so far" for origin, count in found.items()}
    assert lines <= {*nono(*refused, "--dry-run", "--", "true").stdout.splitlines()}
    told = nono(*refused, "-v", "--", "true").stderr.splitlines()
    assert {f"nono: {line}" for line in lines} <= {*told}
    plan = json.loads(nono(*refused, "--dry-run", "--json", "--", "true").stdout)
    assert [*plan["found_by_patterns"].values()] == [2, 0]
    assert "so far" not in nono(*refused, "--", "true").stderr


def test_what_would_hold_a_limit_is_told_before(nono: Nono, project: Path) -> None:
    """Or that nothing would, as the run itself does."""
    options = ("--memory", "1G", "--max-processes", "50", "--", "true")
    told = nono("run", "--dry-run", *options)
    ran = nono("run", *options)
    memory, processes = told.stderr.splitlines()
    assert memory.startswith("nono: note: limits of memory: ")
    assert ("a run would not start" in memory) is (ran.returncode != 0), (told.stderr, ran.stderr)
    assert processes.startswith("nono: note: limits of processes: ")
    assert "not start" not in nono("run", "--dry-run", "--best-effort", *options).stderr
