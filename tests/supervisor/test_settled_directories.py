"""Directories are known to hold the names that they held by their times, where that is certain."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nono.supervisor import looks, settled_directories
from nono.supervisor.kinds_of_looks import KINDS, MAX_NAMES
from nono.supervisor.noted_looks import Looks, digest_now
from nono.supervisor.settled_directories import SettledDirectories

HOUR = 3600 * 10**9
MANY = 100


@pytest.fixture
def full() -> Iterator[Path]:
    """A directory of many names in a file system with times that are believed."""
    with tempfile.TemporaryDirectory(prefix="nono-settled-", dir="/dev/shm") as place:
        full = Path(place, "full")
        (full / "inner").mkdir(parents=True)
        for number in range(MANY):
            (full / f"file{number}").touch()
        full.with_name("there").touch()
        left_alone(full)
        yield full


def left_alone(directory: Path) -> None:
    """The next change is at another time, however soon it comes."""
    os.utime(directory, ns=(0, time.time_ns() - HOUR))


def later() -> int:
    return time.time_ns() + HOUR


def listed(directory: Path, clock: Callable[[], int] = later, kind: str = "scandir") -> Looks:
    noted = Looks()
    noted.settled = SettledDirectories(clock).times
    with looks.noted(noted):
        if kind == "listdir":
            looks.listdir(str(directory))
        else:
            with looks.scandir(str(directory), inodes=kind == "inodes") as entries:
                assert [*entries]
    return noted


def kinds(noted: Looks) -> list[str]:
    return [kind for kind, *_ in noted.asked]


def replace(full: Path) -> None:
    (full / "file0").unlink()
    (full / "file0").symlink_to("inner")


def exchange(full: Path) -> None:
    other = full.with_name("other")
    other.mkdir()
    full.rename(full.with_name("away"))
    other.rename(full)


def put_back(full: Path) -> None:
    """All that a program can write of its times."""
    before = full.stat()
    time.sleep(0.05)  # more than the tick of any kernel
    (full / "new.pem").touch()
    os.utime(full, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "made": lambda full: (full / "new.pem").touch(),
    "a link": lambda full: (full / "new.pem").symlink_to("inner"),
    "a directory": lambda full: (full / "new").mkdir(),
    "another name": lambda full: os.link(full / "file0", full / "new.pem"),
    "removed": lambda full: (full / "file0").unlink(),
    "renamed": lambda full: (full / "file0").rename(full / "new.pem"),
    "moved here": lambda full: full.with_name("there").rename(full / "there.pem"),
    "another kind": replace,
    "another directory": exchange,
    "with the time put back": put_back,
}


@pytest.mark.parametrize("kind", ["listdir", "scandir", "inodes"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_in_it_is_seen(
    full: Path, change: Callable[[Path], object], kind: str
) -> None:
    noted = listed(full, kind=kind)
    assert kinds(noted) == ["settled"]
    assert digest_now(noted.asked) == noted.digest(noted.asked)
    change(full)
    assert digest_now(noted.asked) != noted.digest(noted.asked)


def test_of_what_is_in_its_files_and_of_their_modes_a_listing_tells_nothing(full: Path) -> None:
    noted = listed(full)
    (full / "file0").write_text("more")
    (full / "file0").chmod(0)
    (full / "inner/deeper").mkdir()
    assert digest_now(noted.asked) == noted.digest(noted.asked)


def test_where_a_link_leads_is_seen(full: Path) -> None:
    link = full.with_name("link")
    link.symlink_to(full)
    noted = listed(link)
    assert kinds(noted) == ["settled"]
    link.unlink()
    link.symlink_to(full / "inner")
    assert digest_now(noted.asked) != noted.digest(noted.asked)


def test_one_that_was_just_changed_is_noted_by_its_names(full: Path) -> None:
    """The next change may have the same time."""
    (full / "file0").unlink()
    assert kinds(listed(full, time.time_ns)) == ["scandir"]


def test_one_of_a_time_that_is_still_to_come_is_noted_by_its_names(full: Path) -> None:
    """As after a clock was set back: it comes again."""
    os.utime(full, ns=(0, later() + HOUR))
    assert kinds(listed(full)) == ["scandir"]


def test_one_with_few_names_is_noted_by_them(full: Path) -> None:
    """A file that comes and goes changes none of them."""
    noted = listed(full.parent)
    assert kinds(noted) == ["scandir"]
    (full.parent / "temporary").touch()
    (full.parent / "temporary").unlink()
    assert digest_now(noted.asked) == noted.digest(noted.asked)


@pytest.mark.parametrize("kind", ["listdir", "scandir"])
def test_another_that_was_in_its_place_for_an_instant_is_noted_by_its_names(
    full: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an exchange of what is above them, of which neither tells."""
    other = full.with_name("other")
    shutil.copytree(full, other)
    (other / "key.pem").touch()
    real = getattr(os, kind)
    monkeypatch.setattr(os, kind, lambda place: real(full if place == str(other) else place))
    assert kinds(listed(other, kind=kind)) == [kind]


@pytest.mark.parametrize("kind", ["listdir", "scandir"])
def test_one_that_changes_while_it_is_listed_is_noted_by_its_names(
    full: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, text = KINDS[kind]

    def meanwhile(place: str) -> object:
        found = look(place)
        (full / "new.pem").touch()
        return found

    monkeypatch.setitem(KINDS, kind, (meanwhile, text))
    assert kinds(listed(full, kind=kind)) == [kind]


@pytest.mark.parametrize("said", [0x800, OSError(errno.EIO, "x")])
def test_one_that_is_encrypted_is_noted_by_its_names(
    full: Path, said: int | OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are others once the key is there, and the times are not."""

    def flags(fd: int) -> int:
        if isinstance(said, OSError):
            raise said
        return said

    monkeypatch.setattr(settled_directories, "flags", flags)
    assert kinds(listed(full)) == ["scandir"]


def test_other_file_systems_are_not_believed(full: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled_directories, "_TIMED", frozenset({"ext4"}))
    assert kinds(listed(full)) == ["scandir"]


def test_of_what_is_not_there_there_is_none(full: Path) -> None:
    times, text = SettledDirectories(later).times, "\0".join(os.listdir(full))
    assert times(str(full), "listdir", text) is not None
    for each in (f"{full}/missing", f"{full}/file0", "a\0b", f"{full}/inner"):
        assert times(each, "listdir", text) is None


def test_however_many_names_are_noted(full: Path) -> None:
    """The bound is for those that are listed again."""
    noted = listed(full)
    noted.count(MAX_NAMES)
    assert noted.are_whole
