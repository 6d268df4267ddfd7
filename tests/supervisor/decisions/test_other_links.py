"""Refused files that have several names: which are found, and what it costs to look for none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Effect,
    File,
    Origin,
    OriginKind,
    PolicyError,
    Rule,
    Subtree,
)
from nono.broker.dataclass import replace
from nono.broker.rules.access import CHANGING
from nono.supervisor import looks
from nono.supervisor.decisions import other_links, refused_files
from nono.supervisor.decisions.other_links import OtherLinks


def rule(path: Path, effect: Effect, kind: OriginKind = OriginKind.FLAG) -> Rule:
    return Rule(Subtree(str(path)), ALL_ACCESS, effect, Origin(kind, "x"))


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A directory with a link to each file of the vault beside it."""
    (tmp_path / "vault/deep").mkdir(parents=True)
    (tmp_path / "open").mkdir()
    for name in ("vault/key", "vault/deep/key"):
        (tmp_path / name).write_text("x")
        os.link(tmp_path / name, tmp_path / "open" / name.replace("/", "-"))
    return tmp_path / "open"


def name_of(rule: Rule) -> str:
    return getattr(rule.pattern, "path", "")


def found(opened: Path, kind: OriginKind = OriginKind.FLAG) -> list[str]:
    rules = [rule(opened, Effect.ALLOW), rule(opened.parent / "vault", Effect.DENY, kind)]
    links = OtherLinks(rules, ())
    assert links.unfound == []
    return sorted(os.path.basename(name_of(each)) for each in links.rules)


def test_what_a_person_refuses_is_looked_through(opened: Path) -> None:
    assert found(opened) == ["vault-deep-key", "vault-key"]
    assert found(opened, OriginKind.GROUP) == ["vault-key"]


def test_a_directory_that_cannot_be_listed_hides_nothing(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: str) -> list[str]:
        raise PermissionError(13, "closed", path)

    monkeypatch.setattr(os, "listdir", closed)
    assert found(opened) == ["vault-deep-key", "vault-key"]


def test_nothing_is_searched_without_need(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for link in opened.iterdir():
        link.unlink()
    monkeypatch.setattr(OtherLinks, "_note", lambda *_: pytest.fail("it was searched"))
    assert found(opened) == []
    denied = rule(opened.parent / "vault", Effect.DENY)
    lifted = OtherLinks([rule(opened, Effect.ALLOW), denied], (str(opened.parent),))
    assert lifted.rules == []


def test_what_was_not_looked_through_is_said(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(other_links, "_MAX_ENTRIES", 0)
    rules = [rule(opened, Effect.ALLOW), rule(opened.parent / "vault", Effect.DENY)]
    links = OtherLinks(rules, ())
    vault = opened.parent / "vault"
    assert links.unfound == [str(vault / "deep/key"), str(vault / "key")]
    assert links.rules == []


@pytest.mark.parametrize("grant", [File, Subtree])
@pytest.mark.parametrize("effect", [Effect.DENY, Effect.ASK])
def test_a_file_that_is_opened_by_itself(
    opened: Path, grant: type[File | Subtree], effect: Effect
) -> None:
    path = str(opened / "vault-key")
    allowed = Rule(grant(path), ALL_ACCESS, Effect.ALLOW, Origin(OriginKind.FLAG, "x"))
    links = OtherLinks([allowed, rule(opened.parent / "vault", effect)], ())
    (found,) = links.rules
    assert (found.pattern, found.effect) == (File(path), effect)


def test_what_is_asked_about_is_asked_about_by_every_name(opened: Path) -> None:
    rules = [rule(opened, Effect.ALLOW), rule(opened.parent / "vault/key", Effect.ASK)]
    (found,) = OtherLinks(rules, ()).rules
    assert (found.pattern, found.effect) == (File(str(opened / "vault-key")), Effect.ASK)
    refused = rule(opened.parent / "vault", Effect.DENY)
    assert {each.effect for each in OtherLinks([*rules, refused], ()).rules} == {Effect.DENY}


def refused_at(rules: list[Rule], path: Path) -> Access:
    """What these refuse at a path, together."""
    found = Access(0)
    for each in rules:
        if each.effect is Effect.DENY and each.reaches(str(path)):
            found |= each.access
    return found


@pytest.mark.parametrize("whole_first", [True, False])
@pytest.mark.parametrize("is_third_refused", [True, False])
def test_each_name_has_what_is_refused_to_any(
    tmp_path: Path, whole_first: bool, is_third_refused: bool
) -> None:
    """However little the first rule on the file refuses, and however many names rules speak of."""
    names = [tmp_path / name for name in ("rc", "token", "third")]
    names[0].write_text("x")
    for name in names[1:]:
        os.link(names[0], name)
    changes = replace(rule(names[0], Effect.DENY, OriginKind.GROUP), access=CHANGING)
    refusals = [changes, rule(names[1], Effect.DENY)]
    if is_third_refused:
        refusals.append(replace(rule(names[2], Effect.DENY), access=Access.WRITE))
    refusals.sort(key=lambda each: each.access is not ALL_ACCESS, reverse=not whole_first)
    rules = [rule(tmp_path, Effect.ALLOW), *refusals]
    links = OtherLinks(rules, ())
    for name in names:
        assert refused_at([*rules, *links.rules], name) == ALL_ACCESS, name
    assert not any(
        each.reaches(str(names[1])) and each.access == ALL_ACCESS for each in links.rules
    )


def test_a_name_counts_once_however_many_paths_lead_to_it(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = opened.parent / "vault"
    (opened.parent / "link").symlink_to("vault")
    twice = [rule(each / "key", Effect.DENY) for each in (vault, opened.parent / "link")]
    rules = [rule(opened, Effect.ALLOW), *twice]
    (found,) = OtherLinks(rules, ()).rules
    assert found.pattern == File(str(opened / "vault-key"))
    monkeypatch.setattr(other_links, "_MAX_ENTRIES", 0)
    assert len(OtherLinks(rules, ()).unfound) == 1


def test_a_mount_of_the_file_itself_is_none_of_its_names(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = opened.parent / "mounted"
    os.link(opened.parent / "vault/key", mounted)  # as one looks: the same device and inode
    (opened / "vault-deep-key").unlink()
    os.link(mounted, opened / "third")
    monkeypatch.setattr(other_links, "mount_points", lambda: frozenset([str(mounted)]))
    refusals = [rule(each, Effect.DENY) for each in (opened.parent / "vault/key", mounted)]
    links = OtherLinks([rule(opened, Effect.ALLOW), *refusals], ())
    assert {each.pattern for each in links.rules} == {
        File(str(opened / name)) for name in ("vault-key", "third")
    }


def test_each_refused_directory_is_looked_through_as_far_as_any(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it is told where that was not far enough."""
    large = opened.parent / "large"
    large.mkdir()
    for number in range(6):
        (large / str(number)).touch()
    monkeypatch.setattr(refused_files, "_MAX_ENTRIES", 5)
    refusals = [rule(each, Effect.DENY) for each in (large, opened.parent / "vault")]
    rules = [rule(opened, Effect.ALLOW), *refusals]
    links = OtherLinks(rules, ())
    assert len(links.rules) == 2
    assert links.unseen_for(Access.READ) == [str(large)]
    assert links.unseen_for(Access(0)) == []
    monkeypatch.setattr(refused_files, "_MAX_IN_ALL", 5)
    assert len(OtherLinks(rules, ()).unseen_for(Access.READ)) == 2


@pytest.mark.parametrize("error", [PermissionError, OSError, FileNotFoundError])
@pytest.mark.parametrize("place", ["open/further", "vault"])
def test_a_directory_that_cannot_be_listed_is_told_of(
    opened: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: type[OSError]
) -> None:
    closed = opened.parent / place
    closed.mkdir(exist_ok=True)
    os.link(opened.parent / "vault/key", opened.parent / "third")
    scandir = os.scandir

    def scans(path: str) -> os._ScandirIterator[str]:
        if path == str(closed):
            raise error(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scans)
    vault = opened.parent / "vault"
    links = OtherLinks([rule(opened, Effect.ALLOW), rule(vault, Effect.DENY)], ())
    told = (links.unfound, [*links.closed_for(Access.READ)])
    if place == "vault":
        is_gone = error is FileNotFoundError
        assert told == ([], [] if is_gone else [str(vault)])
        # What has names nobody knows may be a file in there.
        names = [] if is_gone else ["open/vault-deep-key", "open/vault-key"]
    else:
        assert told == ([str(vault / "key")], [])
        names = ["open/vault-deep-key", "open/vault-key", "open/further"]
    assert {*map(name_of, links.rules)} == {str(opened.parent / name) for name in names}


def test_a_large_directory_is_not_listed_for_a_few_names(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, listed = opened.parent / "vault", list[str]()
    monkeypatch.setattr(refused_files, "_MAX_LISTED", -1)
    monkeypatch.setattr(os, "listdir", listed.append)
    refusals = [rule(vault / name, Effect.DENY) for name in ("key", "missing")]
    (found,) = OtherLinks([rule(opened, Effect.ALLOW), *refusals], ()).rules
    assert found.pattern == File(str(opened / "vault-key"))
    assert listed == []


def test_in_what_groups_open_no_more_is_looked_at_than_that(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(opened.parent))
    by_group = replace(rule(opened, Effect.ALLOW, OriginKind.GROUP), access=Access.READ)
    key = opened.parent / "vault/key"
    rules = [by_group, rule(key, Effect.DENY)]
    (found,) = OtherLinks(rules, ()).rules
    assert found.pattern == File(str(opened / "vault-key"))
    monkeypatch.setattr(other_links, "_MAX_ENTRIES_OF_GROUPS", 0)
    assert OtherLinks(rules, ()).unfound == [str(key)]
    changes = replace(rule(key, Effect.DENY), access=CHANGING)
    assert OtherLinks([by_group, changes], ()).unfound == []
    monkeypatch.setenv("HOME", "/elsewhere")
    monkeypatch.setattr(os, "lstat", lambda path: as_roots(os.stat(path, follow_symlinks=False)))
    assert OtherLinks(rules, ()).unfound == []


def as_roots(status: os.stat_result) -> os.stat_result:
    return os.stat_result([*status[:4], 0, *status[5:]])


def test_too_many_names_to_refuse_are_an_error(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = str(opened.parent / "vault")
    scandir = os.scandir

    def scans(path: str) -> os._ScandirIterator[str]:
        if path == vault:
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scans)
    monkeypatch.setattr(other_links, "_MAX_UNSEEN", 1)
    rules = [rule(opened, Effect.ALLOW), rule(opened.parent / "vault", Effect.DENY)]
    with pytest.raises(PolicyError, match="cannot be looked into") as raised:
        OtherLinks(rules, ())
    assert raised.value.hint == f"chmod u+rx {vault}"


def test_names_below_each_other_take_one_look_at_each_directory(
    opened: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def readlink(path: str) -> str:
        looked.append(path)
        return os.readlink(path)

    (opened / "x").touch()
    directory, rules = opened, [rule(opened, Effect.ALLOW), rule(opened / "x", Effect.DENY)]
    for _ in range(50):
        directory = directory / "a"
        directory.mkdir()
        (directory / "x").hardlink_to(opened / "x")
        rules.append(rule(directory / "x", Effect.DENY))
    monkeypatch.setattr(looks, "readlink", readlink)
    assert OtherLinks(rules, ()).is_complete
    assert f"{directory}" in looked and len(looked) == len(set(looked))
