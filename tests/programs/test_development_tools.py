"""The development tools of docs/tools.md: the cheap ones are tried here, the rest by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from nono.supervisor.planning.profiles.profile_files import built_in_names
from tests.conftest import CHECKOUT, Account, Nono
from tests.programs.development_tools import HOME, reported, rows, shortened

ROWS = {row.name: row for row in rows(())}
TABLE = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (CHECKOUT / "docs/tools.md").read_text().splitlines()
    if line.startswith("| `")
]


def test_each_row_is_a_tool_of_its_own() -> None:
    assert len(ROWS) == len(rows(()))
    for row in ROWS.values():
        assert row.profile in built_in_names(), row.name
        assert row.run and row.prints and row.version


FAILING = {"gradle"}
"""Tools that do not run inside; docs/tools.md says why."""


def test_the_table_has_every_row_and_what_fails_inside_is_known() -> None:
    assert [cells[0].strip("`") for cells in TABLE] == list(ROWS)
    for name, version, profile, same, report, tried in TABLE:
        assert profile == ROWS[name.strip("`")].profile
        assert same in ("yes", "fails outside") or name.strip("`") in FAILING, name
        assert version and report
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", tried)


def tried(name: str, *commands: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.requires(commands=commands))


@pytest.mark.parametrize(
    "name", [tried("npm run", "npm"), tried("git", "git"), tried("make, gcc", "make", "gcc")]
)
def test_a_tool_does_the_same_under_its_profile(
    nono: Nono, as_user: Account, project: Path, name: str
) -> None:
    row = ROWS[name]
    for file, text in row.files.items():
        as_user.file(project / file, text)
    done = nono("run", "--profile", row.profile, "--", "sh", "-c", row.run)
    assert (done.returncode, row.prints in done.stdout) == (0, True), done.stderr
    refused = [line for line in reported(done.stderr) if "refused" in line]
    assert refused == []


def test_a_report_is_shortened_for_a_table() -> None:
    output = f"out\nnono: 9 calls refused:\n  read {HOME}/x: no rule  hint: --read {HOME}\n" + (
        "  a\n" * 6
    )
    lines = shortened(reported(output))
    assert lines[:2] == ["`nono: 9 calls refused:`", "`read ~/x: no rule`"]
    assert lines[-1] == "and 4 more"
    assert reported("nothing\n") == []
