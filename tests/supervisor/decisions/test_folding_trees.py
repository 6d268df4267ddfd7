"""Which directories fold, as mounts and a look at their names tell."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from nono.broker import ALL_ACCESS, Effect, Glob, Origin, OriginKind, Rule, Subtree, Subtrees
from nono.supervisor.decisions import folding_trees
from nono.supervisor.decisions.folding_trees import FoldingTrees

FLAG = Origin(OriginKind.FLAG, "--allow")
GROUP = Origin(OriginKind.GROUP, "deny_x")


def rules(top: Path) -> list[Rule]:
    return [
        Rule(Subtree(str(top)), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(Subtrees({f"{top}/sub/.ssh": "~/.ssh"}), ALL_ACCESS, Effect.DENY, GROUP),
        Rule(Glob("**/.env"), ALL_ACCESS, Effect.DENY, FLAG),
    ]


def found(top: Path, *mounts: tuple[str, str, str]) -> set[str]:
    trees = FoldingTrees([("/", "ext2", "rw"), *mounts])
    trees.look(rules(top))
    return trees.found


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.mark.parametrize("kind", ["vfat", "exfat", "ntfs3", "cifs", "hfsplus"])
def test_some_always_fold(top: Path, kind: str) -> None:
    assert found(top, ("/mnt/stick", kind, "rw")) == {"/mnt/stick"}


@pytest.mark.parametrize("kind", ["9p", "virtiofs", "fuse.sshfs", "fuseblk", "fuse"])
def test_of_some_a_look_at_a_name_tells(top: Path, kind: str) -> None:
    assert found(top, (str(top), kind, "rw")) == set()  # `sub` is not there as `SUB`
    (top / "sub").rename(top / "1")
    assert found(top, (str(top), kind, "rw")) == {str(top)}  # in doubt, names fold


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("9p", "C:\\134 rw,dirsync,aname=drvfs;path=C:\\134;uid=1000,mmap,trans=fd,rfd=8,wfd=8"),
        ("9p", "drvfs rw,dirsync,aname=drvfs;path=D:\\134work;case=dir,trans=virtio"),
        ("virtiofs", "drvfsaC rw"),
        ("drvfs", "D: rw,case=off,aname=drvfs"),
    ],
)
def test_a_windows_drive_folds_whatever_its_names_tell(top: Path, kind: str, options: str) -> None:
    """`sub` is not there as `SUB`, and a program could change that."""
    line = f"90 46 0:50 / {top} rw,noatime - {kind} {options}\n"
    (mount,) = folding_trees._mounts([line])
    assert found(top, mount) == {str(top)}


def test_two_names_of_one_directory_tell(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the file system folded: every other spelling is there, as the same object."""
    plain = os.stat

    def stat(name: str, **how: Any) -> os.stat_result:
        return plain(name.lower() if isinstance(name, str) else name, **how)

    monkeypatch.setattr(os, "stat", stat)
    assert found(top, (str(top), "virtiofs", "rw")) == {str(top)}
    assert found(top, (str(top), "ext4", "rw")) == set()  # this kernel has no such directories
    assert str(top) in found(top, (str(top), "tmpfs", "rw,casefold=utf8-12.1.0"))
    trees = FoldingTrees([("/", "tmpfs", "rw,casefold")])
    assert trees.by_directory
    trees.note_entries(str(top), ["1", "sub"])
    assert trees.found == {str(top)}


def test_a_name_that_is_found_and_not_listed_tells(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FUSE by paths has another number for each spelling of one file."""
    plain = os.stat

    def stat(name: str, **how: Any) -> os.stat_result:
        return plain("/" if name == "SUB" else name, **how)

    monkeypatch.setattr(os, "stat", stat)
    assert found(top, (str(top), "fuse", "rw")) == {str(top)}
    (top / "SUB").mkdir()  # two directories, as any other file system has them
    monkeypatch.setattr(os, "stat", plain)
    assert found(top, (str(top), "fuse", "rw")) == set()


def test_a_flagged_directory_folds_though_it_is_empty(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: (0x40000000).to_bytes(8, "little"))
    assert str(top / "sub") in found(top, (str(top), "tmpfs", "rw,casefold"))
    assert found(top, (str(top), "tmpfs", "rw")) == set()


def test_names_tell_where_a_directory_does_not(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trees = FoldingTrees([("/", "tmpfs", "rw,casefold"), (str(top / "sub"), "tmpfs", "rw")])
    for flags, may_fold in ((0, False), (0x40000000, True)):
        answer = flags.to_bytes(8, "little")
        monkeypatch.setattr(fcntl, "ioctl", lambda *_, answer=answer: answer)
        assert trees.must_list(str(top)) is may_fold
        assert not trees.must_list(str(top / "sub"))
        assert trees.must_list(str(top / "missing"))
    monkeypatch.undo()
    (top / "to").symlink_to("sub")
    assert trees.must_list(str(top / "to"))
    assert FoldingTrees([("/", "tmpfs", "casefold")]).must_list("/proc/self")  # it has no flags


def test_nothing_is_looked_at_where_nothing_folds(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding_trees, "_spoken_of", lambda *_: pytest.fail("it was looked at"))
    assert found(top, (str(top), "btrfs", "rw"), ("/home", "nfs4", "rw")) == set()
