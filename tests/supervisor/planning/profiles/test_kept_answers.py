"""Answers of earlier runs count for the objects that they were given for."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from nono.broker import File, Subtree
from nono.supervisor.planning.profiles import kept_answers
from nono.supervisor.planning.profiles.answers_file import KeptAnswers
from nono.supervisor.planning.profiles.kept_answers import keep, read_kept
from nono.supervisor.walk import Changeable


def _read(tmp_path: Path) -> KeptAnswers:
    file = str(tmp_path / "x.answers.json")
    return read_kept(file, {}, str(tmp_path), str(tmp_path / "project"), Changeable(()))


def test_a_link_in_the_place_of_what_was_answered_about_opens_nothing(tmp_path: Path) -> None:
    """The program was allowed to change it: by now it leads where nobody was asked about."""
    data, secret = tmp_path / "data", tmp_path / "secret"
    for directory in (data / "sub", data / "around" / "deep", secret / "deep"):
        directory.mkdir(parents=True)
    file = data / "file"
    file.write_text("")
    (data / "plain").write_text("")
    entries: list[tuple[str, str | int]] = [
        ("filesystem.write_file", "~/data/file"),
        ("filesystem.read", str(data / "sub")),
        ("filesystem.allow", "~/data/around/deep"),
        ("filesystem.read_file", "~/data/plain"),
        ("network.open_port", 5432),
    ]
    keep(str(tmp_path / "x.answers.json"), {}, str(tmp_path), entries, "words")
    before = {rule.pattern for rule in _read(tmp_path).rules}
    assert before == {
        File(str(file), "~/data/file"),
        File(str(data / "plain"), "~/data/plain"),
        Subtree(str(data / "sub"), str(data / "sub")),
        Subtree(str(data / "around" / "deep"), "~/data/around/deep"),
    }
    for path in (file, data / "sub", data / "around"):
        file.unlink() if path == file else shutil.rmtree(path)
        path.symlink_to(secret)
    after = _read(tmp_path)
    assert [rule.pattern for rule in after.rules] == [File(str(data / "plain"), "~/data/plain")]
    assert len(after.notes) == 3 and all("by now it leads to" in note for note in after.notes)
    assert len(after.listen) + len(after.hosts) == 1


def test_what_no_run_used_for_90_days_counts_no_more(tmp_path: Path) -> None:
    file, names = tmp_path / "x.answers.json", ("old", "new")
    for name in names:
        (tmp_path / name).write_text("")
    keep(str(file), {}, str(tmp_path), [("filesystem.read_file", f"~/{n}") for n in names], "words")
    today = kept_answers.day(time.time())
    kept = file.read_text()
    assert kept.count(f"used {today}: words") == 2
    for days, counted in (90, {*names}), (92, {"new"}):
        since = kept_answers.day(time.time() - days * 86_400)
        file.write_text(kept.replace(f"used {today}: words", f"used {since}: words", 1))
        found = _read(tmp_path)
        assert {
            each.removeprefix("~/") for r in found.rules for each in r.named.values()
        } == counted
        assert len(found.notes) == 2 - len(counted)
    assert "1 answer in" in found.notes[0] and "not used for 90 days: left out" in found.notes[0]


def test_a_link_that_comes_while_they_are_read_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run that may change the directory goes on meanwhile."""
    for name in ("data/file", "data/sub/x", "secret/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    entries: list[tuple[str, str | int]] = [
        ("filesystem.read_file", "~/data/file"),
        ("filesystem.read", "~/data/sub"),
        ("filesystem.read", "~/data/s*/x"),
    ]
    keep(str(tmp_path / "x.answers.json"), {}, str(tmp_path), entries, "words")
    assert len(_read(tmp_path).rules) == 3
    checked = kept_answers._where_no_link_stands

    def swapped(*arguments: Any) -> Any:
        found = checked(*arguments)
        (tmp_path / "data").rename(tmp_path / "away")
        (tmp_path / "data").symlink_to(tmp_path / "secret")
        return found

    monkeypatch.setattr(kept_answers, "_where_no_link_stands", swapped)
    after = _read(tmp_path)
    assert after.rules == ()
    assert len(after.notes) == 3 and all("by now it leads to" in note for note in after.notes)
