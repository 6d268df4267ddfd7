"""The links by which a pattern finds what it refuses: who changes one would free the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2)

BY_NAME = ("**/*.pem", "real")
BY_DIRECTORY = ("**/conf/*.key", "shared/a.key")


@pytest.fixture
def linked(as_user: Account, project: Path) -> Path:
    """`sub/x.pem` leads to `real` by `d/l2`, both `conf` to `shared`: one by `d/m`, one at once."""
    as_user.file(project / "real", "secret\n")
    as_user.file(project / "shared/a.key", "secret\n")
    for name in ("d", "sub", "near", "other"):
        as_user.directory(project / name)
    for link, target in (
        ("d/l2", "../real"),
        ("d/m", "../shared"),
        ("sub/x.pem", "../d/l2"),
        ("sub/conf", "../d/m"),
        ("near/conf", "../shared"),
        ("near/free", "../other"),
    ):
        (project / link).symlink_to(target)
    return project


@pytest.mark.lots(kind="way")
@pytest.mark.parametrize(
    ("refused", "change"),
    [
        (BY_NAME, "ln -sfn ../other d/l2"),
        (BY_NAME, "rm d/l2"),
        (BY_NAME, "mv d/l2 d/l3"),
        (BY_NAME, "ln -s x d/new; mv -T d/new d/l2"),
        (BY_NAME, "mv d e"),
        (BY_NAME, "chmod 000 d"),
        (BY_NAME, "rm sub/x.pem"),
        (BY_DIRECTORY, "ln -sfn ../other d/m; rm near/conf"),
        (BY_DIRECTORY, "rm sub/conf near/conf"),
        (BY_DIRECTORY, "mv sub/conf sub/else; mv near/conf near/else"),
        (BY_DIRECTORY, "mv sub sub9; mv near/conf near9"),
        (BY_DIRECTORY, "chmod 000 d; rm near/conf"),
    ],
)
def test_no_run_takes_the_way_from_the_next(
    nono: Nono, linked: Path, refused: tuple[str, str], change: str
) -> None:
    pattern, path = refused
    flags = ("run", "--allow-cwd", "--deny", pattern, "--")
    first = nono(*flags, "sh", "-c", f"cat {path}; {change}")
    assert first.returncode != 0
    assert first.stdout == "", first.stderr
    second = nono(*flags, "cat", path)
    assert second.stdout == "", second.stderr
    assert "bug" not in first.stderr + second.stderr


def test_other_links_are_changed_as_ever(nono: Nono, linked: Path) -> None:
    """A pattern's directory that leads to nothing that it matches is as free as any other."""
    (linked / "near/conf").unlink()
    (linked / "near/conf").symlink_to("../other")
    changes = "ln -sfn ../shared near/free && ln -sfn ../shared near/conf && rm near/free"
    flags = ("run", "--allow-cwd", "--deny", "**/conf/*.key", "--")
    done = nono(*flags, "sh", "-c", changes)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", ["rm sub/conf", "ln -sfn /nowhere d/l2", "mv d e; mv sub s"])
def test_ways_out_of_what_is_opened_are_kept(
    nono: Nono, as_user: Account, project: Path, change: str
) -> None:
    """The next run opens where they lead."""
    as_user.file(project / "later/real", "secret\n")
    as_user.file(project / "later/sh/a.key", "secret\n")
    work = as_user.directory(project / "w")
    script = "mkdir d sub; ln -s ../../later/real d/l2; ln -s d/l2 x.pem; cd sub"
    script += "; ln -s ../../later/sh conf"
    assert as_user("sh", "-c", script, cwd=work).returncode == 0
    flags = ("run", "--allow-cwd", "--deny", "**/*.pem", "--deny", "**/conf/*.key")
    first = nono(*flags, "--", "sh", "-c", change, cwd=work)
    assert first.returncode != 0, first.stderr
    found = ("cat", "../later/real", "../later/sh/a.key")
    second = nono(*flags, "--read", "../later", "--", *found, cwd=work)
    assert second.stdout == "" and "bug" not in first.stderr + second.stderr, second.stderr


def test_a_link_elsewhere_that_cannot_be_changed_is_not_kept(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """As the system has thousands."""
    for name in ("read/sub", "w"):
        as_user.directory(project / name)
    (project / "read/sub/conf").symlink_to("/usr/share")
    flags = ("run", "--allow-cwd", "--read", "../read", "--deny", "**/conf/*.key")
    done = nono(*flags, "--", "rm", "../read/sub/conf", cwd=project / "w")
    assert "allows only reading" in done.stderr, done.stderr
