"""A resolved profile is kept, and counts only while all that it was made from says the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker.errors import PolicyError, ProfileError
from nono.supervisor.places import planned_for
from nono.supervisor.planning.profiles import kept_profiles
from nono.supervisor.planning.profiles.kept_profiles import Resolved, resolved
from nono.supervisor.planning.profiles.profile_files import Profiles

TEXT = """{
  "extends": ["./base.json", "python-dev"],
  "meta": {"name": "mine"},
  "filesystem": {"read": ["/a", {"path": "/b", "when": "linux"}, {"path": "/c", "when": "macos"}]},
  "network": {"open_port": [80, "90-91"], "block": false, "credentials": []},
  "environment": {"set_vars": {"A": "b"}}
}"""


class Place:
    """A home, a profile in it, and what was read of profiles since it was made."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.file, self.base = top, top / "mine.json", top / "base.json"
        self.env = {"HOME": str(top)}
        self.file.write_text(TEXT)
        self.base.write_text('{"filesystem": {"deny": ["/x"]}}')
        self.parsed = 0
        parsing = Profiles.resolve

        def counted(*arguments: object) -> object:
            self.parsed += 1
            return parsing(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Profiles, "resolve", counted)

    def resolve(self, name: str = "") -> Resolved:
        with planned_for("linux"):
            return resolved(name or str(self.file), self.env, str(self.home))

    @property
    def kept(self) -> list[Path]:
        return sorted((self.home / ".local/state/nono/profiles").glob("*"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def paths(found: Resolved) -> list[str]:
    return [getattr(each.value, "path", each.value) for each in found.merged.all("filesystem.read")]


def test_what_is_kept_says_the_same(place: Place) -> None:
    first, second = place.resolve(), place.resolve()
    assert place.parsed == 1
    assert paths(first) == paths(second) == ["/a", "/b"]
    for key in first.merged.settings.keys() - {"filesystem.read"}:
        assert second.merged.all(key) == first.merged.all(key), key
    assert second.merged.settings.keys() == first.merged.settings.keys()
    read = [each.merged.all("filesystem.read") for each in (first, second)]
    assert [[tuple(each)[2:] for each in settings] for settings in read] == [
        [tuple(each)[2:] for each in read[0]]
    ] * 2
    assert (second.notes, second.merged.notes) == (first.notes, first.merged.notes)
    assert (second.merged.files, second.merged.meta) == (first.merged.files, first.merged.meta)
    assert second.merged.cleared == first.merged.cleared == {"network.credentials"}
    assert second.merged.profile().environment == first.merged.profile().environment


def test_only_this_user_may_read_or_write_it(place: Place) -> None:
    place.resolve()
    (kept,) = place.kept
    assert kept.stat().st_mode & 0o077 == 0 and kept.parent.stat().st_mode & 0o077 == 0


def test_what_was_changed_is_read_again(place: Place) -> None:
    place.resolve()
    place.base.write_text('{"filesystem": {"deny": ["/y"]}}')
    assert place.resolve().merged.all("filesystem.deny")[0].value == "/y"
    place.base.unlink()
    with pytest.raises(PolicyError):
        place.resolve()
    assert place.parsed == 3


def test_a_profile_with_problems_is_told_of_each_time(place: Place) -> None:
    place.file.write_text('{"nothing": 1}')
    for _ in range(2):
        with pytest.raises(ProfileError):
            place.resolve()
    assert not place.kept


def test_another_file_of_that_name_is_noted(place: Place) -> None:
    """What is found first is looked for again: here the person's own instead of nono's."""
    assert place.resolve("go-dev").merged.files == ("built-in go-dev",)
    own = place.home / ".config/nono/profiles/go-dev.json"
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    found = place.resolve("go-dev")
    assert found.merged.files != ("built-in go-dev",) and "is used, and not" in found.notes[0]
    assert place.resolve("go-dev") == found


def test_what_is_odd_is_not_there(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.resolve()
    (kept,) = place.kept
    good = kept.read_bytes()
    content = kept_profiles._unpacked(good)
    content["merged"]["settings"]["filesystem.read"][0][1] = ["/"]
    others: list[object] = [[], None, {"key": 1}, {1: 2}, content]
    odd = [*map(kept_profiles._packed, others), good[:-1] + bytes((good[-1] ^ 1,))]
    for data in (b"", b"{", b"\x91", b"\x91" * 100_000, b"\xff\xff\xff\xff", good + b"\0", *odd):
        kept.write_bytes(data)
        assert paths(place.resolve()) == ["/a", "/b"]
        assert kept.read_bytes() == good
    for mode in (0o620, 0o602):
        kept.chmod(mode)
        before = place.parsed
        place.resolve()
        assert place.parsed == before + 1
    kept.unlink()
    kept.symlink_to(place.home / "elsewhere")
    place.resolve()
    assert not (place.home / "elsewhere").exists()
    before = place.parsed
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    place.resolve()
    assert place.parsed == before + 1


def test_a_directory_whose_name_is_no_text_is_one_as_well(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a profile comes to is kept by the directory that it was named in."""
    odd = place.home / os.fsdecode(b"\xff\xfe")
    odd.mkdir()
    monkeypatch.chdir(odd)
    found = [place.resolve(), place.resolve()]
    assert paths(found[0]) == paths(found[1]) and place.parsed == 1


def test_another_nono_reads_it_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.resolve()
    monkeypatch.setattr(kept_profiles, "_code", lambda: "other")
    place.resolve()
    assert place.parsed == 2


def test_without_a_place_nothing_is_kept(place: Place) -> None:
    (place.home / ".local").write_text("")
    assert paths(place.resolve()) == paths(place.resolve()) == ["/a", "/b"]
    assert place.parsed == 2
