"""git's configuration is read as git reads it, or not at all; and only what is harmless changes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker.datafile import data
from nono.broker.errors import NotUnderstoodError
from nono.broker.git_config import (
    MAX_BYTES,
    first_that_runs,
    harmful_change,
    parse,
    remotes_by_name,
)

FIRST = b"""[core]
\trepositoryformatversion = 0
\tfilemode = true
[remote "origin"]
\turl = https://example.org/a.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[alias]
\tst = "!echo 'a; b'" # mine
[include]
\tpath = ../other
"""
PIECES = (
    *("[core]", "[a-B]", "[a.b]", '[remote "o"]', '[remote "O \\"x\\\\"]', '[a  "]"]', "[a", "[]"),
    *("url", "Key", "k-1", "1k", " = ", "=", "\t=\t", "v", "value 2", '"q #;"', '"', '"a" b', '""'),
    *("\\n", "\\t", '\\"', "\\\\", "\\x", "\\", "#c", ";c", " ", "\t", "\n", "\n", "\n\t", "\r\n"),
    *("\\\n", "\x00", "\x0b", "\x7f", "\ufeff", "\uff0e", "é", "]", "[", "true", "  ", "a\tb"),
)
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join).map(str.encode)
likely = st.lists(
    st.builds(
        "{}\n{}{}{}{}\n".format,
        st.sampled_from(PIECES[:6]),
        st.sampled_from(("url", "Key", "k-1", "\tb", "x y")),
        st.sampled_from((" = ", "=", "", "\t= ")),
        st.lists(st.sampled_from(PIECES[13:]), max_size=5).map("".join),
        st.sampled_from(("", " ", "\t", " # c", ' ; "')),
    ),
    max_size=3,
).map(lambda lines: "".join(lines).encode())


def by_git(text: bytes, place: Path) -> list[tuple[bytes, bytes | None]] | None:
    """The settings as git reads them; None when it does not."""
    file = place / "config"
    file.write_bytes(text)
    command = ["git", "config", "--no-includes", "-l", "-z", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        return None
    entries = (entry.partition(b"\n") for entry in done.stdout.split(b"\0")[:-1])
    return [(name, value if equals else None) for name, equals, value in entries]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@settings(max_examples=300)
@given(st.one_of(texts, likely, likely, st.binary(max_size=40)))
@example(b'[a]\nb = "" x')
@example(b'[a "B"]c=1 \\\n 2')
@example(FIRST)
def test_what_is_understood_is_what_git_reads(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    try:
        ours = [(entry.name, entry.value) for entry in parse(text)]
    except NotUnderstoodError:
        return
    assert ours == by_git(text, tmp_path_factory.getbasetemp())


def test_what_git_writes_is_understood() -> None:
    assert [entry.pattern for entry in parse(FIRST)] == [
        "core.repositoryformatversion",
        "core.filemode",
        "remote.*.url",
        "remote.*.fetch",
        "alias.st",
        "include.path",
    ]


HARMLESS = (
    '[branch "x"]\n\tremote = origin\n\tmerge = refs/heads/x\n',
    '[remote "b"]\n\turl = git@example.org:a/b.git\n\tfetch = +refs/heads/*:refs/remotes/b/*\n',
    '[remote "b"]\n\turl = ssh://git@example.org/a\n',
    '[remote "b"]\n\turl = git://example.org/a\n[remote "c"]\n\turl = host_1:b\n',
    '[branch "x"]\n\tremote = .\n\tmerge = refs/heads/y\n',
    '[submodule "lib"]\n\tactive = true\n\turl = https://example.org/lib\n',
    "[user]\n\tname = A B\n\temail = a@example.org\n[core]\n\tautocrlf = input\n",
    "; a comment\n",
)


@pytest.mark.parametrize("added", HARMLESS)
def test_what_git_changes_by_itself_is_harmless(added: str) -> None:
    assert harmful_change(FIRST, FIRST + added.encode()) is None
    assert harmful_change(FIRST + added.encode(), FIRST) is None


HARMFUL = {
    "core.fsmonitor": "[core]\n\tfsmonitor = x\n",
    "core.hookspath": "[core]\n\thooksPath = x\n",
    "core.sshcommand": "[CORE]sshCommand = x\n",
    "core.editor": "[core]\n\teditor = x\n",
    "extensions.worktreeconfig": "[extensions]\n\tworktreeConfig = true\n",
    "core.worktree": "[core]\n\tworktree = /x\n",
    "filter.x.clean": '[filter "x"]\n\tclean = x\n',
    "diff.x.textconv": '[diff "x"]\n\ttextconv = x\n',
    "merge.x.driver": '[merge "x"]\n\tdriver = x\n',
    "alias.x": "[alias]\n\tx = !x\n",
    "include.path": "[include]\n\tpath = x\n",
    "includeif.onbranch:x.path": '[includeIf "onbranch:x"]\n\tpath = x\n',
    "credential.helper": "[credential]\n\thelper = !x\n",
    "remote.origin.uploadpack": '[remote "origin"]\n\tuploadpack = x\n',
    "remote.origin.receivepack": '[remote "origin"]\n\treceivepack = x\n',
    "remote.origin.vcs": '[remote "origin"]\n\tvcs = x\n',
    "remote.origin.proxy": '[remote "origin"]\n\tproxy = x\n',
    "submodule.x.update": '[submodule "x"]\n\tupdate = !x\n',
    "url.ext::x.insteadof": '[url "ext::x"]\n\tinsteadOf = https://example.org/\n',
    "protocol.ext.allow": '[protocol "ext"]\n\tallow = always\n',
    "gpg.program": "[gpg]\n\tprogram = x\n",
    "sequence.editor": "[sequence]\n\teditor = x\n",
    "pager.log": "[pager]\n\tlog = x\n",
    "uploadpack.packobjectshook": "[uploadpack]\n\tpackObjectsHook = x\n",
    "branch.x.mergeoptions": '[branch "x"]\n\tmergeoptions = --x\n',
    "remote.b.url": '[remote "b"]\n\turl = ext::sh -c x\n',
    "remote.c.url": '[remote "c"]\n\turl = --upload-pack=x\n',
    "remote.d.url": '[remote "d"]\n\turl = ssh://-oProxyCommand=x/y\n',
    "remote.e.url": '[remote "e"]\n\turl = a@-oProxyCommand=x:y\n',
    "remote.f.url": '[remote "f"]\n\turl = fd://3\n',
    "remote.g.url": '[remote "g"]\n\turl = "hg::x"\n',
    "remote.h.url": '[remote "h"]\n\turl = [-oProxyCommand=x]:y\n',
    "remote.i.url": '[remote "i"]\n\turl = ssh://%2DoProxyCommand=x/y\n',
    "branch.y.remote": '[branch "y"]\n\tremote = ext::x\n',
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_makes_git_run_something_is_named(name: str) -> None:
    assert harmful_change(FIRST, FIRST + HARMFUL[name].encode()) == name


def test_what_was_there_stays_in_its_order() -> None:
    assert harmful_change(FIRST, FIRST.replace(b"mine", b"still mine")) is None
    assert harmful_change(FIRST, FIRST.replace(b"a; b", b"c")) == "alias.st"
    assert harmful_change(FIRST, b"") == "alias.st"
    head, _, alias = FIRST.partition(b"[alias]")
    alias, _, include = alias.partition(b"[include]")
    swapped = head + b"[include]" + include + b"[alias]" + alias
    assert harmful_change(FIRST, swapped) == "include.path"


PATHS = ("/srv/git/a", "../b", "b", "./a:b", "file:///srv/a", "file://localhost/srv/a", "")


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_for_the_caller_to_judge(path: str) -> None:
    """A repository's own hooks run at a push to it."""
    after = FIRST + f'[remote "b"]\n\turl = {path}\n'.encode()
    plain = path.encode().removeprefix(b"file://localhost").removeprefix(b"file://")
    assert harmful_change(FIRST, after) == "remote.b.url"
    assert harmful_change(FIRST, after, lambda to: to != plain) == "remote.b.url"
    assert harmful_change(FIRST, after, lambda to: to == plain) is None
    renamed = after.replace(b'[remote "b"]', b'[remote "c"]')
    assert harmful_change(after, renamed) is None, "it was there before"


def test_a_remote_without_an_url_is_a_path() -> None:
    follows = b'[branch "x"]\n\tremote = there\n'
    there = b'[remote "there"]\n\turl = https://example.org/a\n'
    assert harmful_change(FIRST, FIRST + follows) == "branch.x.remote"
    assert harmful_change(FIRST, FIRST + there + follows) is None
    assert remotes_by_name(FIRST + follows) == [b"there"]
    assert remotes_by_name(FIRST + there + follows) == []


def test_what_git_writes_into_a_new_repository_runs_nothing() -> None:
    own = b"[core]\n\tworktree = ../../../sub\n[extensions]\n\tworktreeConfig = true\n"
    plain = FIRST.partition(b"[alias]")[0]
    assert harmful_change(b"", own) == "core.worktree"
    assert first_that_runs(plain + own) is None
    assert first_that_runs(FIRST) == "alias.st"
    assert first_that_runs(plain + b'[remote "b"]\n\turl = /tmp/x\n') == "remote.b.url"


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf[a]\n", b"[a]\nb = \\\n", b"x" * (MAX_BYTES + 1)])
def test_what_is_not_understood_does_not_change(text: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        harmful_change(FIRST, text)
    with pytest.raises(NotUnderstoodError):
        harmful_change(text, FIRST)


def test_every_entry_of_the_table_has_a_reason_and_is_written_as_it_is_compared() -> None:
    table = data("git_config")
    for name, why in table["harmless"].items():
        assert name == name.lower() and name.count(".") in (1, 2) and why
        assert name.count(".") == 1 or name.split(".")[1] == "*"
    assert set(table["checked_as_urls"]) <= set(table["harmless"])
    assert set(table["checked_as_names"]) <= set(table["harmless"])
    assert set(table["harmless_in_new"]).isdisjoint(table["harmless"])


@pytest.mark.parametrize("said", ["\tbare = true\n", "\tbare = false\n"])
def test_whether_there_is_a_work_tree_is_only_for_a_new_repository(said: str) -> None:
    """Without one, relative hooks are those of the directory where git is used."""
    before = b"[core]\n\tfilemode = true\n"
    assert harmful_change(before, before + said.encode()) == "core.bare"
    assert first_that_runs(before + said.encode()) is None
