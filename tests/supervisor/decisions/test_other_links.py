"""Refused files that have several names: which are found, and what it costs to look for none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker import ALL_ACCESS, Effect, File, Origin, OriginKind, Rule, Subtree
from nono.supervisor.decisions import other_links
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


def found(opened: Path, kind: OriginKind = OriginKind.FLAG) -> list[str]:
    rules = [rule(opened, Effect.ALLOW), rule(opened.parent / "vault", Effect.DENY, kind)]
    links = OtherLinks(rules, ())
    assert links.unfound == []
    return sorted(os.path.basename(getattr(each.pattern, "path", "")) for each in links.rules)


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
