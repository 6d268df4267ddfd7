"""A pattern of several names, one of which is a link to a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2)

READ = ("cat", "sub/conf/a.key", "shared/a.key", "sub/conf/free")
WRITE = "echo W >sub/conf/a.key; echo W >shared/a.key; echo W >shared/new.key; cat sub/conf/a.key"
LATER = """
ln -s ../shared new/conf && cat new/conf/a.key; cat new/conf/../shared/a.key
"""


@pytest.fixture
def linked(as_user: Account, project: Path) -> Path:
    as_user.file(project / "shared/a.key", "secret\n")
    as_user.file(project / "shared/free", "free\n")
    for name in ("sub", "new"):
        as_user.directory(project / name)
    (project / "sub/conf").symlink_to("../shared")
    return project


@pytest.mark.parametrize("pattern", ["**/conf/*.key", "sub/conf/*.key", "**/c[o]nf/a.key"])
def test_it_holds_where_the_link_leads(nono: Nono, linked: Path, pattern: str) -> None:
    done = nono("run", "--allow-cwd", "--deny", pattern, "--", *READ)
    assert done.stdout == "free\n" and "bug" not in done.stderr, done.stderr
    done = nono("run", "--floor-only", "--allow-cwd", "--deny", pattern, "--", *READ)
    assert done.stdout == "free\n", done.stderr
    done = nono("run", "--allow-cwd", "--deny-write", pattern, "--", "sh", "-c", WRITE)
    assert done.stdout == "secret\n" and "bug" not in done.stderr, done.stderr
    assert pattern.endswith("a.key") or not (linked / "shared/new.key").exists()
    done = nono("why", "--allow-cwd", "--deny", pattern, "--path", READ[1], "--op", "read")
    assert done.stdout.startswith("denied")


def test_a_link_that_is_made_later_is_no_way_to_such_a_name(nono: Nono, linked: Path) -> None:
    """What it leads to is open by its own name: this one is not."""
    (linked / "sub/conf").unlink()
    flags = ("run", "--allow-cwd", "--deny", "**/conf/*.key", "--")
    done = nono(*flags, "sh", "-c", LATER)
    assert done.stdout == "secret\n" and done.stderr.count("cat: ") == 1, done.stderr
