"""Looks from which a policy is made: all go through one module, and tell when they find other."""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nono.broker.rules.automaton import Between
from nono.supervisor import descriptors, looks
from nono.supervisor.noted_looks import Looks, digest_now

if TYPE_CHECKING:
    from nono.supervisor.kinds_of_looks import Entry

SUPERVISOR = Path(looks.__file__).parent
LOOKING = {
    *("access", "getxattr", "listdir", "listxattr", "lstat", "open", "readlink", "scandir"),
    *("stat", "statvfs", "walk", "fwalk"),
}
LOOKING_AT_PATHS = {
    *(
        "exists",
        "expanduser",
        "getatime",
        "getctime",
        "getmtime",
        "getsize",
        "isdir",
        "isfile",
        "islink",
    ),
    *("ismount", "lexists", "realpath", "samefile"),
}
WHILE_IT_RUNS = {
    *("file_states", "left_in_repositories", "new_repository", "opened_later", "plain_calls"),
    *("repository_walk", "run_by_people"),
}
"""Of decisions: what looks while a program runs, and before and after it."""
NOT_FOR_A_POLICY = {
    ("decisions/own_code", "_files_below"): "looked through once, for files with other names",
    ("decisions/preloaded", "named"): "once the policy is made",
    ("out_of_reach", "_lstat"): "below a descriptor, which is not noted and spoils",
    ("out_of_reach", "_readlink"): "the same",
    ("places", "make_private"): "to make a directory",
    ("places", "path_of"): "of a descriptor",
    ("planning/git/remembered_repositories", "_alone"): "to write at the end",
    ("planning/git/remembered_repositories", "_write"): "to write at the end",
    ("planning/profiles/profile_files", "new_file"): "to write",
}


def modules() -> list[Path]:
    """Those that a policy is made in."""
    decisions = [*(SUPERVISOR / "decisions").glob("*.py")]
    alone = ("leaf_directories", "links", "out_of_reach", "places", "walk")
    return [
        *(SUPERVISOR / "planning").rglob("*.py"),
        *(each for each in decisions if each.stem not in WHILE_IT_RUNS),
        *(SUPERVISOR / f"{name}.py" for name in alone),
    ]


def looking_itself(module: Path) -> set[tuple[str, str]]:
    """The functions that ask the kernel without noting it."""
    name = str(module.relative_to(SUPERVISOR).with_suffix(""))
    found = set()
    for function in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and (
                    (ast.unparse(node.value) == "os" and node.attr in LOOKING)
                    or (ast.unparse(node.value) == "os.path" and node.attr in LOOKING_AT_PATHS)
                ):
                    found.add((name, function.name))
    return found


def test_what_makes_a_policy_notes_what_it_looks_at() -> None:
    found = set().union(*map(looking_itself, modules()))
    assert found == set(NOT_FOR_A_POLICY)


ASKED: dict[str, Callable[[str], object]] = {
    "lstat": looks.lstat,
    "stat": looks.stat,
    "file": lambda place: looks.file_status(place, follow_symlinks=True),
    "links": looks.links_status,
    "source": looks.source_status,
    "readlink": looks.readlink,
    "realpath": looks.realpath,
    "access": lambda place: looks.access(place, os.R_OK),
    "larger": lambda place: looks.is_larger(place, 2),
    "leaf": lambda place: looks.device_of_leaf(place, 2, 1 << 20),
    "exists": looks.exists,
    "isdir": looks.isdir,
    "isfile": looks.isfile,
    "islink": looks.islink,
    "listdir": descriptors.listdir,
    "scandir": lambda place: [each.name for each in listed(place)],
    "inodes": lambda place: [each.inode() for each in listed(place, inodes=True)],
    "names": lambda place: "name" in descriptors.names(place),
    "directories": lambda place: "name" in (descriptors.directories(place, 9) or ()),
    "folded": lambda place: "name" in (descriptors.folded_names(place, 9)[1] or ()),
    "linked": lambda place: "name" in (descriptors.folded_names(place, 9)[0] or ()),
    "apart": lambda place: descriptors.apart(place, 9).entries,
    "among": lambda place: descriptors.among(place, 9, [Between.of("n*")]).names,
    "opened": lambda place: os.close(descriptors.opened(place, os.O_RDONLY | os.O_NONBLOCK)),
}


def listed(place: str, *, inodes: bool = False) -> list[Entry]:
    with descriptors.scandir(place, inodes=inodes) as entries:
        return [*entries]


def nothing(place: Path) -> None:
    """Nothing is there."""


def file(place: Path) -> None:
    place.write_text("12")


def larger(place: Path) -> None:
    place.write_text("123")


def closed(place: Path) -> None:
    file(place)
    place.chmod(0)


def directory(place: Path) -> None:
    place.mkdir()


def with_directory(place: Path) -> None:
    (place / "name").mkdir(parents=True)


def with_file(place: Path) -> None:
    place.mkdir()
    (place / "name").touch()


def with_link(place: Path) -> None:
    place.mkdir()
    (place / "name").symlink_to("x")


def link(place: Path) -> None:
    place.symlink_to("file")


def other_link(place: Path) -> None:
    place.symlink_to("directory")


def hard_link(place: Path) -> None:
    os.link(place.with_name("file"), place)


STATES = [
    *(nothing, file, larger, closed, directory, with_directory, with_file, with_link),
    *(link, other_link, hard_link),
]


@pytest.mark.parametrize("kind", ASKED)
def test_what_has_another_answer_is_another(tmp_path: Path, kind: str) -> None:
    """In whatever follows whatever was there."""
    (tmp_path / "file").write_text("12")
    (tmp_path / "directory").mkdir()
    answers, noted = [], []
    for number, state in enumerate(STATES):
        place = tmp_path / "place"
        state(place)
        found = Looks()
        with looks.noted(found):
            answers.append(answer(ASKED[kind], str(place)))
        noted.append(found)
        for known, before in zip(noted, answers, strict=True):
            is_same = digest_now(known.asked) == known.digest(known.asked)
            assert not is_same or before == answers[-1], (kind, number)
        assert not found.are_whole or digest_now(found.asked) == found.digest(found.asked)
        place.rename(tmp_path / f"was-{number}") if os.path.lexists(place) else None


def answer(look: Callable[[str], object], place: str) -> object:
    """Of a status, what is for use."""
    try:
        found = look(place)
    except OSError as error:
        return type(error), error.errno
    if isinstance(found, os.stat_result):
        return found.st_mode, found.st_uid
    if isinstance(found, list) and found and isinstance(found[0], os.DirEntry):
        return [each.name for each in found]
    return found


def test_nothing_is_noted_afterwards(tmp_path: Path) -> None:
    noted = Looks()
    with looks.noted(noted):
        looks.exists(str(tmp_path))
    looks.exists(str(tmp_path / "more"))
    assert len(noted.asked) == 1


def test_a_directory_by_which_is_gone_on_spoils(tmp_path: Path) -> None:
    """What is looked at below a descriptor is not noted."""
    noted = Looks()
    with looks.noted(noted):
        os.close(descriptors.opened(str(tmp_path), os.O_RDONLY | os.O_DIRECTORY))
    assert not noted.are_whole


def test_what_changes_meanwhile_spoils(tmp_path: Path) -> None:
    noted = Looks()
    with looks.noted(noted):
        looks.exists(str(tmp_path / "name"))
        (tmp_path / "name").touch()
        looks.exists(str(tmp_path / "name"))
    assert not noted.are_whole


def test_too_many_spoil_and_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nono.supervisor.noted_looks._MAX_LOOKS", 3)
    noted = Looks()
    with looks.noted(noted):
        for number in range(9):
            looks.exists(str(tmp_path / f"{number}"))
            assert "x" not in descriptors.names(str(tmp_path))
    assert not noted.are_whole and len(noted.asked) <= 4


def test_what_only_this_run_has_is_left_out(tmp_path: Path) -> None:
    noted = Looks()
    with looks.noted(noted):
        for name in ("own", "own/inner", "own-not"):
            looks.exists(str(tmp_path / name))
    noted.leave_out(str(tmp_path / "own"))
    assert [each[1] for each in noted.asked] == [str(tmp_path / "own-not")]


@pytest.mark.parametrize("look", [looks.readlink, looks.listdir])
def test_nothing_that_is_found_is_as_an_error(
    tmp_path: Path, look: Callable[[str], object]
) -> None:
    place, noted = tmp_path / "place", Looks()
    with looks.noted(noted), contextlib.suppress(OSError):
        look(str(place))
    for text in ("2", "!2", "=!2"):
        place.symlink_to(text)
        assert digest_now(noted.asked) != noted.digest(noted.asked) or look is looks.listdir
        place.unlink()
        place.mkdir()
        (place / text).touch()
        assert digest_now(noted.asked) != noted.digest(noted.asked)
        (place / text).unlink()
        place.rmdir()


def test_of_very_many_names_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not noted, and who lists them gets all."""
    monkeypatch.setattr("nono.supervisor.looks.MAX_NAMES", 5)
    for number in range(12):
        (tmp_path / f"{number}").touch()
    for look in ("scandir", "inodes", "listdir", "names"):
        noted = Looks()
        with looks.noted(noted):
            if look in ("scandir", "inodes"):
                found = len(listed(str(tmp_path), inodes=look == "inodes"))
            elif look == "names":
                found = sum(f"{n}" in descriptors.names(str(tmp_path)) for n in range(12))
            else:
                found = len(descriptors.listdir(str(tmp_path)))
        assert found == 12, look
        assert look == "listdir" or not noted.are_whole


@pytest.mark.parametrize(("path", "is_noted"), [("~/x", True), ("/x/~y", True), ("~root/x", False)])
def test_where_others_live_may_change_unseen(path: str, is_noted: bool) -> None:
    noted = Looks()
    with looks.noted(noted):
        assert looks.expanduser(path) == os.path.expanduser(path)
    assert noted.are_whole == is_noted
