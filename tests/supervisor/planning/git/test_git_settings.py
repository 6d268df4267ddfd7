"""What git's configuration names is kept, with or without a repository around it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open, Operation, PathChange
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.planning.git import git_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve() / "home"
    for name in ("dot/bin", "dot/tpl/hooks", "p/.git"):
        (home / name).mkdir(parents=True)
    for name in ("dot/bin/helper", "dot/bin/other", "dot/inc"):
        (home / name).touch()
    return home


def plan(home: Path, workdir: str, env: Mapping[str, str] | None = None) -> Plan:
    made = Options(workdir=str(home / workdir), allow_cwd=True)
    return make_plan(made, (), {"HOME": str(home), **(env or {})})


def may_write(made: Plan, path: Path) -> bool:
    verdict = made.policy.decide(Open(RecordedProcess(1), str(path), Access.WRITE))
    return isinstance(verdict, Allow)


NAMED = [
    ("[include]\n\tpath = ~/dot/inc", "dot/inc"),
    ("[include]\n\tpath = dot/more", "dot/more"),
    ('[includeIf "gitdir:~/work/"]\n\tpath = ~/dot/work', "dot/work"),
    ("[core]\n\thooksPath = ~/dot/hooks", "dot/hooks/pre-commit"),
    ("[init]\n\ttemplateDir = ~/dot/tpl", "dot/tpl/hooks/post-checkout"),
    ("[credential]\n\thelper = {home}/dot/bin/helper --now", "dot/bin/helper"),
    ('[credential]\n\thelper = "!~/dot/bin/helper"', "dot/bin/helper"),
]


@pytest.mark.parametrize(("text", "kept"), NAMED)
def test_what_a_person_names_is_kept_without_a_repository(home: Path, text: str, kept: str) -> None:
    assert may_write(plan(home, "dot"), home / kept)
    (home / ".gitconfig").write_text(text.format(home=home) + "\n")
    made = plan(home, "dot")
    assert not may_write(made, home / kept)
    assert may_write(made, home / "dot/bin/other") and may_write(made, home / "dot/new")


def test_a_directory_that_holds_the_home_is_none_of_hooks(home: Path) -> None:
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {home.parent}\n")
    made = make_plan(Options(workdir=str(home), allow=["~"]), (), {"HOME": str(home)})
    assert may_write(made, home / "dot/new")


@pytest.mark.parametrize("path", ["web/.husky/_", "{home}/p/web/.husky/_"])
def test_the_scripts_that_husky_calls_are_kept(home: Path, path: str) -> None:
    config = home / "p/.git/config"
    config.write_text(f"[core]\n\thooksPath = {path.format(home=home)}\n")
    made = plan(home, "p")
    for name in ("_/pre-commit", "_/h", "pre-commit", "new"):
        assert not may_write(made, home / "p/web/.husky" / name), name
    assert may_write(made, home / "p/web/src")
    config.write_text("[core]\n\thooksPath = _\n")
    made = plan(home, "p")
    assert not may_write(made, home / "p/_/x") and may_write(made, home / "p/src")


@pytest.mark.parametrize("count", ["2", "02", "9" * 5000, "-1", "", "²", "x"])
def test_settings_in_the_environment_count(home: Path, count: str) -> None:
    env = {
        "GIT_CONFIG_COUNT": count,
        "GIT_CONFIG_KEY_0": "Core.HooksPath",
        "GIT_CONFIG_VALUE_0": "tools/hooks",
        "GIT_CONFIG_KEY_1": "include.path",
        "GIT_CONFIG_VALUE_1": f"{home}/p/inc",
    }
    (home / "p/inc").write_text("[core]\n\tfsmonitor = ./watch\n")
    (home / "p/watch").touch()
    made = plan(home, "p", env)
    is_a_count = count.isascii() and count.isdecimal()
    for name in ("tools/hooks/pre-commit", "inc", "watch"):
        assert may_write(made, home / "p" / name) is not is_a_count, name


@pytest.mark.parametrize(
    "given",
    [
        "'core.hooksPath'='tools/hooks' 'include.path'='{home}/p/inc'",
        "'core.hookspath=tools/hooks' 'include.path={home}/p/inc'",
    ],
)
def test_parameters_in_the_environment_count(home: Path, given: str) -> None:
    (home / "p/inc").write_text("[core]\n\tfsmonitor = ./watch\n")
    (home / "p/watch").touch()
    made = plan(home, "p", {"GIT_CONFIG_PARAMETERS": given.format(home=home)})
    for name in ("tools/hooks/pre-commit", "inc", "watch"):
        assert not may_write(made, home / "p" / name), name


def test_a_value_on_two_lines(home: Path) -> None:
    config = home / "p/.git/config"
    config.write_text("[core]\n\thooksPath = tools/\\\nhooks\n")
    assert not may_write(plan(home, "p"), home / "p/tools/hooks/pre-commit")


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("hk#c", ("hk",)),
        ("hk;c", ("hk",)),
        ('h"k"3', ("hk3",)),
        ('"a"b"c"14', ("abc14",)),
        ('"hk ; d"', ("hk ; d",)),
        ('"C # hooks" # c', ("C # hooks",)),
        ("hk\\\\\n\tb = c", ("hk\\",)),
        ("a\tb", ("a\tb", "a b")),
        ('"~/p"/hk', ("hk",)),
        (":(optional)hk", ("hk", ":(optional)hk")),
    ],
)
def test_a_value_is_what_git_reads(home: Path, value: str, names: tuple[str, ...]) -> None:
    (home / "p/.git/config").write_text(f"[core]\n\thooksPath = {value}\n")
    made = plan(home, "p")
    assert not any(may_write(made, home / "p" / name / "pre-commit") for name in names)
    assert may_write(made, home / "p/new")


def test_a_file_with_blanks_in_its_path(home: Path) -> None:
    (home / "p/.git/config").write_text('[core]\n\tattributesFile = "a b/c d" # x\n')
    (home / "p/a b").mkdir()
    (home / "p/a b/c d").touch()
    made = plan(home, "p")
    assert not may_write(made, home / "p/a b/c d") and may_write(made, home / "p/a b/c")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('[remote "o"]\n\turl = sub/../hk', ["sub"]),
        ('[remote "o"]\n\turl = led/hk', ["led"]),
        ('[remote "o"]\n\turl = led', ["led"]),
        ('[remote "o"]\n\tpushUrl = file://{top}/led/../hk', ["led", "o/p"]),
        ('[remote "o"]\n\turl = "sub dir/../hk"', ["sub dir"]),
        ('[branch "b"]\n\tremote = sub/../hk', ["sub"]),
        ("[remote]\n\tpushDefault = sub/../hk", ["sub"]),
        ('[url "sub/../"]\n\tinsteadOf = work:', ["sub"]),
        ('[url "led/"]\n\tpushInsteadOf = work:', ["led"]),
        ('[remote "o"]\n\turl = https://example.org/sub/../hk', []),
        ('[remote "o"]\n\turl = host:sub/../hk', []),
    ],
)
@pytest.mark.parametrize("is_own", [True, False])
def test_the_way_to_another_repository_is_kept(
    home: Path, text: str, kept: list[str], is_own: bool
) -> None:
    """What is at its end may be any directory, and is free."""
    for name in ("hk", "o/p", "o/hk", "sub", "sub dir"):
        (home / "p" / name).mkdir(parents=True)
    (home / "p/led").symlink_to("o/p")
    config = home / (".gitconfig" if is_own else "p/.git/config")
    config.write_text(text.format(top=home / "p") + "\n")
    made = plan(home, "p")
    for name in ("sub", "sub dir", "led", "o/p", "hk"):
        assert may_write(made, home / "p" / name) is (name not in kept), name
    assert may_write(made, home / "p/hk/x") and may_write(made, home / "p/o/p/x")


def test_where_more_is_configured_than_is_read_nothing_may_be_changed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_settings, "_MAX_ALL_WORDS", 100)
    for name in ("a", "b", "c"):
        (home / "p" / name / ".git").mkdir(parents=True)
        (home / "p" / name / ".git/HEAD").touch()
    (home / "p/b/.git/config").write_text(f"[k]\n\tk = {'x/y ' * 100}\n[core]\n\thooksPath = h\n")
    made = plan(home, "p")
    (note,) = (each for each in made.notes if "more than is read" in each)
    assert f"{home}/p/b/.git/config" in note
    for name in ("b/h/pre-commit", "b/new", "b/.git/new"):
        assert not may_write(made, home / "p" / name), name
    for name in ("new", ".git/new", "a/new", "a/.git/new"):
        assert may_write(made, home / "p" / name), name


def test_one_file_that_is_too_large_is_cut_and_the_others_are_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_settings, "MAX_BYTES", 1000)
    inner = home / "p/a/.git"
    inner.mkdir(parents=True)
    (inner / "config").write_text("#" * 1000 + "\n[core]\n\thooksPath = h\n")
    (home / "p/.git/config").write_text("[core]\n\thooksPath = g\n")
    made = plan(home, "p")
    assert not may_write(made, home / "p/a/h/pre-commit")
    assert not may_write(made, home / "p/g/pre-commit")
    assert may_write(made, home / "p/new")


def test_what_a_person_configures_beyond_the_bound_is_told_of(home: Path) -> None:
    (home / ".gitconfig").write_text("".join(f"[include]\n\tpath = ~/{i}\n" for i in range(20)))
    assert any("is not protected" in note for note in plan(home, "p").notes)


def test_what_a_setting_goes_up_from_stays_though_it_is_opened_by_name(home: Path) -> None:
    (home / "p/sub").mkdir()
    (home / "p/.git/config").write_text("[core]\n\thooksPath = sub/../hooks\n")
    options = Options(workdir=str(home / "p"), allow_cwd=True, allow=["sub"])
    made = make_plan(options, (), {"HOME": str(home)})
    move = PathChange(
        RecordedProcess(1), Operation.RENAME_FROM, str(home / "p/sub"), directory=True
    )
    assert not isinstance(made.policy.decide(move), Allow) and may_write(made, home / "p/sub/x")


@pytest.mark.parametrize("name", ["sub", "gone", "led"])
@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\thooksPath = {0}/../x",
        "[core]\n\tattributesFile = {0}/../file",
        "[core]\n\texcludesFile = {0}/../file",
        "[core]\n\tfsmonitor = ./{0}/../file --now",
        "[filter \"a\"]\n\tclean = sh -c '{0}/../file'",
        "[include]\n\tpath = ../{0}/../x",
        '[includeIf "gitdir:**"]\n\tpath = ../{0}//.././x',
        "[init]\n\ttemplateDir = {0}/../x",
    ],
)
def test_what_goes_up_is_kept_with_what_it_goes_up_from(home: Path, text: str, name: str) -> None:
    """It is what the kernel comes to, and stays so; in what is gone up from work goes on."""
    for directory in ("o/p", "sub"):
        (home / "p" / directory).mkdir(parents=True)
    (home / "p/led").symlink_to("o/p")
    for top in ("p", "p/o"):
        (home / top / "file").touch()
    (home / "p/.git/config").write_text(text.format(name) + "\n")
    made = plan(home, "p")
    above = "p/o" if name == "led" else "p"
    assert not may_write(made, home / above / text[text.rindex("/") + 1 :].split(" ")[0].strip("'"))
    assert not may_write(made, home / "p" / name)
    assert may_write(made, home / "p/sub/new") and may_write(made, home / "p/new")
    if name == "led":
        assert not may_write(made, home / "p/o/p") and may_write(made, home / "p/o/p/new")


@pytest.mark.parametrize("key", ["hooksPath", "worktree", "fsmonitor", "sshCommand"])
def test_a_path_that_no_kernel_takes_names_nothing(home: Path, key: str) -> None:
    """A run may leave it in a repository of its own: no later start holds each of its parts."""
    for name in ("objects", "refs"):
        (home / "p/.git" / name).mkdir()
    (home / "p/.git/HEAD").write_text("ref: refs/heads/m\n")
    (home / "p/.git/config").write_text(f"[core]\n\t{key} = {'a/' * 40_000}../b\n")
    tracemalloc.start()
    try:
        made = plan(home, "p")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert may_write(made, home / "p/a")
    assert most < 60_000_000


def test_relative_hooks_are_kept_in_the_directory_of_a_repository_too(home: Path) -> None:
    """There git runs what receives a push."""
    (home / "p/.git/HEAD").touch()
    (home / "p/.git/config").write_text("[core]\n\thooksPath = tools/hooks\n")
    made = plan(home, "p")
    for name in ("tools/hooks/pre-commit", ".git/tools/hooks/post-receive"):
        assert not may_write(made, home / "p" / name), name
    assert may_write(made, home / "p/.git/index") and may_write(made, home / "p/tools/other")


def test_a_branch_that_is_configured_is_gits_to_write(home: Path) -> None:
    """`merge = refs/heads/main`, as in every clone; hooks may not be in there all the same."""
    (home / "p/.git/HEAD").touch()
    (home / "p/.git/refs/heads").mkdir(parents=True)
    (home / "p/.git/refs/heads/main").touch()
    text = '[branch "main"]\n\tmerge = refs/heads/main\n[core]\n\thooksPath = refs/hooks\n'
    (home / "p/.git/config").write_text(text)
    made = plan(home, "p")
    assert may_write(made, home / "p/.git/refs/heads/main")
    assert not may_write(made, home / "p/.git/refs/hooks/post-receive")


@pytest.mark.parametrize("path", [".", "tools/..", "{home}/p", "{home}", ".git"])
def test_hooks_beside_all_the_rest_are_kept_by_their_names(home: Path, path: str) -> None:
    (home / "p/.git/HEAD").touch()
    (home / "p/.git/config").write_text(f"[core]\n\thooksPath = {path.format(home=home)}\n")
    made = make_plan(Options(workdir=str(home / "p"), allow=["~"]), (), {"HOME": str(home)})
    place = (home / "p" / path.format(home=home)).resolve()
    for name in ("pre-commit", "post-index-change"):
        assert not may_write(made, place / name)
    assert may_write(made, home / "p/src") and may_write(made, place / "other")
