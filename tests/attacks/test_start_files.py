"""Places that run by themselves later, outside: what a run in a project can put there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["git"])

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org")
PLANT = program_beside(__file__, "plant_start_files.py")
RACE = program_beside(__file__, "race_start_files.py")
TOOLS = program_beside(__file__, "plant_in_repositories.py")


@pytest.fixture
def repository(as_user: Account, project: Path) -> Path:
    """A repository with one commit."""
    as_user.file(project / "src/file", "first")
    for command in (("git", "init", "-q"), ("git", "add", "."), (*GIT, "commit", "-qm", "first")):
        done = as_user(*command, cwd=project)
        assert done.returncode == 0, done.stderr
    return project


def inside(nono: Nono, *command: str) -> tuple[int, str]:
    done = nono("run", "--allow-cwd", "--", *command)
    return done.returncode, done.stdout + done.stderr


def test_nothing_can_be_planted(nono: Nono, as_user: Account, repository: Path) -> None:
    before = (repository / ".git/config").read_bytes()
    status, output = inside(nono, "/usr/bin/python3", "-c", PLANT)
    assert status == 0 and "WON" not in output, output
    assert "--bypass-protection" in output
    assert (repository / ".git/config").read_bytes() == before
    assert not [each for each in (repository / ".git/hooks").iterdir() if each.suffix == ""]
    assert as_user("git", "status", "--short", cwd=repository).returncode == 0
    assert not (repository / "ran outside").exists()


def test_no_race_makes_or_changes_one(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "src/file", "first")
    as_user.file(project / ".mcp.json", "kept")
    status, output = inside(nono, "/usr/bin/python3", "-c", RACE)
    assert status == 0 and "WON" not in output, output
    # The calls went through where they were harmless.
    assert int(output.split("done ")[1].split()[0]) > 10, output
    assert (project / ".mcp.json").read_text() == "kept"
    assert not (project / ".envrc").exists()


@BY_A_USER
def test_git_goes_on_working(nono: Nono, repository: Path) -> None:
    script = (
        "set -e; echo more >> src/file; git add .; git status --short;"
        " git -c user.name=A -c user.email=a@example.org commit -qm second;"
        " git checkout -q -b other; git tag v1; git stash list; git gc -q; git log --oneline"
    )
    status, output = inside(nono, "/bin/sh", "-c", script)
    assert status == 0 and "second" in output, output
    assert "refused" not in output


def test_what_the_run_makes_it_may_configure(nono: Nono, repository: Path) -> None:
    script = (
        "set -e; git clone -q . made; git -C made config core.editor vi;"
        " echo '#!/bin/sh' > made/.git/hooks/pre-commit; git init -q new; git -C new config a.b c"
    )
    status, output = inside(nono, "/bin/sh", "-c", script)
    assert status == 0, output


def test_a_person_may_lift_it(nono: Nono, repository: Path) -> None:
    lifted = ("run", "--allow-cwd", "--bypass-protection", ".git/hooks", "--")
    done = nono(*lifted, "/bin/sh", "-c", "echo > .git/hooks/post-merge")
    assert done.returncode == 0, done.stderr


@BY_A_USER
def test_git_changes_its_configuration_by_itself(
    nono: Nono, as_user: Account, repository: Path
) -> None:
    bare = as_user.directory(repository.parent / f"{repository.name}-bare.git")
    as_user("git", "init", "-q", "--bare", cwd=bare)
    as_user("chmod", "640", ".git/config", cwd=repository)
    script = (
        f"set -e; git remote add origin {bare}; git push -q -u origin HEAD; git fetch -q;"
        " git checkout -q -b other --track @{u}; git branch -m third; git config user.name B;"
        " git remote rename origin up; git worktree add -q tree; git -C tree config user.email e;"
        " git submodule deinit --all -f; git branch -D -q tree || true"
    )
    done = nono("run", "--allow-cwd", "--allow", bare, "--", "/bin/sh", "-c", script)
    assert done.returncode == 0 and "refused" not in done.stderr, done.stderr
    listed = as_user("git", "config", "--list", "--local", cwd=repository).stdout
    assert f"remote.up.url={bare}" in listed and "branch.third.merge=" in listed
    assert "user.name=B" in listed and "user.email=e" in listed
    assert (repository / ".git/config").stat().st_mode & 0o777 == 0o640
    assert not list((repository / ".git").glob("config.*"))


@BY_A_USER
def test_a_refusal_names_the_setting(nono: Nono, repository: Path) -> None:
    status, output = inside(nono, "git", "config", "core.fsmonitor", "x")
    assert status != 0
    assert "group protect_start_files, for core.fsmonitor" in output
    assert f"--bypass-protection {repository}/.git/config" in output


CONFIGURE = program_beside(__file__, "race_git_config.py")


def test_what_is_compared_is_what_is_put_in_place(
    nono: Nono, as_user: Account, repository: Path
) -> None:
    """Threads hold the lock open, write to it, exchange it and the name that ours has before."""
    status, output = inside(nono, "/usr/bin/python3", "-c", CONFIGURE)
    assert status == 0 and "rounds" in output, output
    assert "renamed 0" not in output, output
    text = (repository / ".git/config").read_text()
    assert "ran outside" not in text and "fsmonitor" not in text
    assert as_user("git", "status", "--short", cwd=repository).returncode == 0


@BY_A_USER
def test_each_setting_that_was_refused_is_named(nono: Nono, repository: Path) -> None:
    keys = ("core.fsmonitor", "core.pager", "alias.x", "filter.a.clean")
    script = "; ".join(f"git config {key} /bin/true" for key in (*keys, keys[0]))
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script, cwd=repository)
    assert "nono: 5 calls refused:" in done.stderr
    assert [key for key in keys if f", for {key} (" not in done.stderr] == []


def test_what_runs_by_itself_is_refused_while_learning(nono: Nono, repository: Path) -> None:
    script = (
        "echo > .git/hooks/pre-commit; git config core.fsmonitor x; echo > .envrc; mkdir .vscode;"
        " echo all: > Makefile; echo more >> src/file"
    )
    done = nono("learn", "--", "/bin/sh", "-c", script)
    assert "refused while learning" in done.stderr, done.stderr
    assert "nono: changed: " in done.stderr and "/Makefile; look before" in done.stderr
    assert not (repository / ".git/hooks/pre-commit").exists()
    assert not (repository / ".envrc").exists() and not (repository / ".vscode").exists()
    assert "fsmonitor" not in (repository / ".git/config").read_text()
    assert (repository / "src/file").read_text() == "firstmore\n"


@pytest.mark.parametrize(
    "opened",
    [
        {"allow": ["{above}/{start}*"]},
        {"allow": ["{above}/**"]},
        {"write": ["{above}/{start}*/**"]},
        {"allow_file": ["{project}/*", "{project}/.git/*", "{project}/.git/hooks*/*"]},
    ],
    ids=str,
)
def test_what_a_pattern_opens_is_protected(
    nono: Nono, as_user: Account, repository: Path, opened: dict[str, list[str]]
) -> None:
    words = {"above": repository.parent, "start": repository.name, "project": repository}
    filesystem = {key: [each.format(**words) for each in value] for key, value in opened.items()}
    text = json.dumps({"meta": {"name": "g"}, "filesystem": filesystem})
    profile = as_user.file(repository.parent / f"{repository.name}.json", text)
    options = ("--profile", profile, "--read", repository)
    script = (
        "echo > .git/hooks/pre-commit; git config core.fsmonitor x; echo > .envrc; mkdir .vscode;"
        " echo all: > Makefile"
    )
    done = nono("run", *options, "--", "/bin/sh", "-c", script)
    assert "nono: changed: " in done.stderr and "/Makefile; look before" in done.stderr
    assert "denied by group protect_start_files" in done.stderr
    assert not (repository / ".git/hooks/pre-commit").exists()
    assert not (repository / ".envrc").exists() and not (repository / ".vscode").exists()
    assert "fsmonitor" not in (repository / ".git/config").read_text()
    told = nono("why", *options, "--path", ".git/hooks", "--op", "write")
    assert told.stdout.startswith("denied"), told.stdout
    profile.unlink()


LINKED = """
set -e
mkdir -p dot/tpl/hooks dot/bin group
echo > dot/inc; echo > dot/bin/helper
git config --global include.path "$PWD/dot/inc"
git config --global init.templateDir "$PWD/dot/tpl"
git config --global credential.helper "$PWD/dot/bin/helper"
mkdir group/proj; cd group/proj; git init -q .
mkdir -p scripts .vscode/snippets .claude/worktrees web/.husky/_ src
echo '#!/bin/sh' > scripts/pre-commit; chmod +x scripts/pre-commit
ln -sf ../../scripts/pre-commit .git/hooks/pre-commit
ln -s ../scripts/settings.json .claude/settings.json
echo '#!/bin/sh' > web/.husky/pre-commit
git add .; git -c user.name=A -c user.email=a@example.org commit -qm first
git worktree add -q .claude/worktrees/w1
git config core.hooksPath web/.husky/_
"""
PLANTED = """
for name in (
    "dot/inc", "dot/tpl/hooks/post-checkout", "dot/bin/helper",
    ".envrc", "group/.cargo/config.toml", "group/.envrc", "group/.mcp.json",
    *(f"group/proj/{each}" for each in (
        "scripts/pre-commit", "scripts/settings.json", "web/.husky/pre-commit",
        "web/.husky/_/pre-commit", ".vscode/tasks.json", ".vscode/new/x", ".claude/settings.json",
        ".claude/worktrees/w2/x", ".claude/worktrees/w1/.git", ".claude/worktrees/w1/.envrc",
        ".claude/worktrees/w1/.vscode/tasks.json",
    )),
):
    attempt(name, write, name)
    attempt(f"{name} replaced", replace, name, CODE)
    attempt(f"{name} by a link", os.symlink, "/dev/null", name)
os.chdir("group/proj")
for name in ("scripts", ".vscode", ".claude", ".claude/worktrees", "web"):
    attempt(f"{name} moved", os.rename, name, "src/moved")
for name in ("tasks.json", "new"):
    attempt(f"a snippet to {name}", replace, f".vscode/{name}", CODE)
    os.symlink(f"../{name}", ".vscode/snippets/to")
    attempt(f"written through a link to {name}", write, ".vscode/snippets/to")
    os.unlink(".vscode/snippets/to")
write(".vscode/snippets/mine.json", "{}")
write(".vscode/snippets/deep/er", "{}")
os.rename(".vscode/snippets/deep", ".vscode/snippets/other")
write("scripts/other", "")
os.chdir(".claude/worktrees/w1")
write("src/new.py", "")
git("add", ".")
git("commit", "-qm", "second")
"""


def test_nothing_around_what_is_named_and_nothing_that_is_led_to(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """By way of links, of git's configuration, of directories above, and of a grant inside."""
    try:
        made = as_user("/bin/sh", "-c", LINKED, cwd=project)
        assert made.returncode == 0, made.stderr
        proj = project / "group/proj"
        named = ("--allow", proj / ".vscode/snippets", "--allow", proj / ".claude/worktrees/w1")
        command = ("/usr/bin/python3", "-c", f"{TOOLS}\n{PLANTED}", project / "mark")
        done = nono("run", "--allow-cwd", *named, "--", *command)
    finally:
        (as_user.home / ".gitconfig").unlink()
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (proj / ".vscode/snippets/other/er").read_text() == "{}"
    assert (proj / "scripts/pre-commit").read_text() == "#!/bin/sh\n"
    log = as_user("git", "log", "--format=%s", "-1", cwd=proj / ".claude/worktrees/w1")
    assert log.stdout == "second\n"
