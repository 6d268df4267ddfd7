"""What only nono opens, by a pattern, is looked through for what a refusal by a pattern matches."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2)

NAMES = ("src1/sub/.env", "src1/visible", "src1/real", "src1/free")


def test_other_names_of_what_a_pattern_matches(nono: Nono, as_user: Account, project: Path) -> None:
    opened = as_user.directory(project / "opened")
    for name in ("src1/sub/.env", "src1/real", "src1/free"):
        as_user.file(opened / name, f"in {name}\n")
    os.link(opened / "src1/sub/.env", opened / "src1/visible")
    (opened / "src1/.envlink").symlink_to("real")
    settings = {"read": [f"{opened}/src*/**"], "deny": ["**/.env", "**/.envlink"]}
    profile = as_user.file(project / "p.json", json.dumps({"filesystem": settings}))
    elsewhere = as_user.directory(project / "elsewhere")
    flags = ("run", "--profile", profile, "--workdir", elsewhere, "--")
    done = nono(*flags, "cat", *(opened / name for name in NAMES), cwd=elsewhere)
    assert done.stdout == "in src1/free\n", done.stdout + done.stderr
