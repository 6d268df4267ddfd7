"""`nono setup --check` of an installation that another user owns: who makes its starts fast."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import Account

CHECKING = """
import sys
sys.dont_write_bytecode = False
from nono.supervisor.cli.keep_modules import keep_modules
from nono.supervisor.cli.kept_modules import KeptModules
kept = KeptModules({file!r})
kept.open()
sys.meta_path.insert(0, kept)
from nono.supervisor.cli import setup
found = setup._kept_modules()
if kept.wants():
    keep_modules(kept)
print(found.found)
print(found.cost)
"""


@pytest.mark.requires(root=True)
def test_a_user_of_an_installation_of_roots_is_told_what_root_has_to_run(
    root: Account, user: Account, place: Path
) -> None:
    directory = place / "kept/__pycache__"
    directory.mkdir(parents=True)
    text = CHECKING.format(file=str(directory / "modules.kept"))

    def said(account: Account) -> list[str]:
        done = account(account.python, "-c", text)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    found, cost = said(user)
    assert found == "no"
    assert "ran: sudo -u '#0' /" in cost
    assert cost.endswith(" setup --check")
    assert said(root) == ["yes", ""]
    assert os.listdir(directory) == ["modules.kept"]
    assert said(user) == ["yes", ""]
