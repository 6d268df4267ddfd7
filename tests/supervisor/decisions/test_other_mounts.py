"""The other names of a path, by the table of mounts."""

import time
from pathlib import Path

import pytest

from nono.broker import ALL_ACCESS, Access, Effect, Origin, OriginKind, Rule, Subtree
from nono.supervisor.decisions import other_mounts
from nono.supervisor.decisions.other_mounts import Mount, OtherNames, Twice
from nono.supervisor.places import planned_for

ROOT = Mount("8:1", "/", "/")


@pytest.mark.parametrize(
    ("mount", "path", "names"),
    [
        (Mount("8:1", "/home", "/mnt/homes"), "/home/u/.ssh", [("/mnt/homes/u/.ssh", True)]),
        (Mount("8:1", "/", "/mnt/all"), "/home/u/.ssh", [("/mnt/all/home/u/.ssh", True)]),
        (Mount("8:1", "/home/u/.ssh", "/srv/x"), "/home/u/.ssh", [("/srv/x", True)]),
        (Mount("8:1", "/home/u/.ssh/deep", "/srv/x"), "/home/u/.ssh", [("/srv/x", False)]),
        (Mount("8:1", "/home/v", "/srv/x"), "/home/u/.ssh", []),
        (Mount("8:1", "/home/u/.sshd", "/srv/x"), "/home/u/.ssh", []),
        (Mount("8:2", "/home", "/mnt/homes"), "/home/u/.ssh", []),
        (Mount("8:1", "/home/u", "/mnt/u"), "/mnt/u/.ssh", [("/home/u/.ssh", True)]),
        (Mount("8:1", "/home/u/.ssh/deep", "/home/u/.ssh/x"), "/home/u/.ssh", []),
    ],
)
def test_the_other_names_of_a_path(mount: Mount, path: str, names: list[object]) -> None:
    assert Twice([ROOT, mount]).names(path) == names


def test_a_root_that_is_no_mount_has_no_other_names() -> None:
    """After chroot(2) into a directory in the middle of a mount."""
    table = Twice([Mount("8:1", "/home/u", "/srv/a"), Mount("8:1", "/home", "/srv/b")])
    assert table.names("/etc/shadow") == table.names("/") == []
    assert table.names("/srv/a/.ssh") == [("/srv/b/u/.ssh", True)]


def test_subvolumes_beside_each_other_share_nothing() -> None:
    table = Twice([Mount("0:30", "/@", "/"), Mount("0:30", "/@home", "/home")])
    assert table.is_empty
    whole = Twice([Mount("0:30", "/@home", "/home"), ROOT, Mount("0:30", "/", "/mnt")])
    assert whole.names("/home/u") == [("/mnt/@home/u", True)]
    assert whole.names("/mnt/@home/u") == [("/home/u", True)]


def test_a_long_table_takes_no_time() -> None:
    mounts = [Mount("8:1", f"/snap/{n}", f"/mnt/{n}") for n in range(1000)]
    started = time.process_time()
    table = Twice([ROOT, *mounts])
    for n in range(2000):
        table.names(f"/home/u/.config/{n}/secret")
    assert len(table.names("/snap")) == 1000
    assert time.process_time() - started < 1


def test_of_very_many_places_it_is_said_which_path_is_not_refused_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of those that somebody opened: a container's host has thousands of others."""
    places = [Mount("8:1", f"/vault/{n}", f"/{where}/{n}") for where in "ab" for n in range(70)]
    monkeypatch.setattr(other_mounts, "_mounts", lambda: iter([ROOT, *places]))
    monkeypatch.setattr(other_mounts, "MAX_NAMES", 100)
    person = Origin(OriginKind.FLAG, "x")
    refused = Rule(Subtree("/vault"), Access.READ, Effect.DENY, person)
    opened = {
        path: [Rule(Subtree(path), ALL_ACCESS, Effect.ALLOW, person)] for path in ("/", "/b", "/c")
    }
    with planned_for("linux"):
        names = OtherNames(())
        assert len(names.of([refused])) == 100
        assert names.unfound_for(opened["/"], Access.READ) == ["/vault"]
        assert names.unfound_for(opened["/b"], Access.READ) == ["/vault"]
        assert names.unfound_for(opened["/b"], Access.WRITE) == []
        assert names.unfound_for(opened["/c"], Access.READ) == []


@pytest.mark.parametrize(
    ("further", "shown"),
    [
        ("", ["/", "/m/v"]),
        ("30 20 8:1 /D /m rw - ext4 d rw\n", ["/", "/m"]),  # it lies over the way to /m/v
        ("30 29 8:1 /D /m/v rw - ext4 d rw\n", ["/", "/m/v"]),  # and this one over it
        ("30 20 8:1 /D /m rw - ext4 d rw\n31 30 8:1 /E /m/v rw - ext4 d rw\n", ["/", "/m", "/m/v"]),
        ("30 20 0:9 / /m rw - proc proc rw\n", ["/"]),
        ("30 29 8:1 /D /m/v/w rw - ext4 d rw\n", ["/", "/m/v", "/m/v/w"]),
        ("30 999 8:1 /D /m rw - ext4 d rw\n", ["/", "/m", "/m/v"]),
        ("30 31 8:1 /D /a rw - ext4 d rw\n31 30 8:1 /E /b rw - ext4 d rw\n", ["/", "/m/v"]),
    ],
)
def test_what_another_mount_lies_over_has_no_name(
    further: str, shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of /m/v/key is one of what is seen there, and goes by the names of that."""
    table = tmp_path / "mountinfo"
    before = "20 1 8:1 / / rw - ext4 d rw\n29 20 8:1 /other /m/v rw - ext4 d rw\n"
    table.write_text(before + further)
    monkeypatch.setattr(other_mounts, "_TABLE", str(table))
    with planned_for("linux"):
        assert sorted(other_mounts.mount_points()) == shown
