"""Repositories that a run makes, however git is led to them, and those that it would hide."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nono.broker.rules.paths import is_within
from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["git"])

MAKE = program_beside(__file__, "make_repositories.py")
PLANT = program_beside(__file__, "plant_in_repositories.py")
HOOK = "lib/.git/hooks/pre-commit"


def python(nono: Nono, program: str, *arguments: str | Path) -> tuple[list[str], list[str], str]:
    """The lines that it prints, what the report names, and all that nono says."""
    command = ("/usr/bin/python3", "-c", program, *arguments)
    # The TMPDIR is where the project is: what moves from there to here has to stay a move.
    env = {"TMPDIR": "/var/tmp"}
    done = nono("run", "--allow-cwd", "--json", "--", *command, env=env)
    assert done.returncode == 0, done.stderr
    changed = json.loads(done.stderr.splitlines()[-1])["changed"]
    return done.stdout.splitlines(), changed, done.stderr


def shell(as_user: Account, script: str, cwd: Path) -> None:
    done = as_user("/bin/sh", "-ec", script, cwd=cwd)
    assert done.returncode == 0, done.stderr


@BY_A_USER
def test_every_one_that_could_run_something_is_named(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(as_user, "git init -q .", project)
    made, changed, _ = python(nono, MAKE)
    try:
        below = {name for name in made if any(is_within(c, f"{project}/{name}") for c in changed)}
        assert [name for name in made if name not in below] == []
        strange = [c for c in changed if not any(is_within(c, f"{project}/{n}") for n in made)]
        assert strange == []
    finally:
        closed = ("not to be listed", "not to be entered/d", "to be listed only/d")
        shell(as_user, "chmod 755 " + " ".join(f"'v/{name}'" for name in closed), project)


TOP = """
os.makedirs("src")
for name in ("HEAD", "objects", "refs"):
    attempt(f"{name} moved", os.rename, f".git/{name}", f"src/{name}")
    attempt(f"{name} moved beside", os.rename, f".git/{name}", f".git/{name}2")
attempt("HEAD removed", os.unlink, ".git/HEAD")
os.symlink("refs/heads/none", "src/link")
attempt("HEAD a link", os.rename, "src/link", ".git/HEAD")
attempt(".git moved", os.rename, ".git", "src/git")
attempt("commondir", write, ".git/commondir", "x")
git("checkout", "-q", "-b", "other")
git("commit", "-q", "--allow-empty", "-m", "other")
git("checkout", "-q", "-")
git("gc", "-q")
with open(".git/HEAD", "r+") as head:
    head.write("nothing that git knows")
for name in ("objects", "refs"):
    os.mkdir(name)
attempt("HEAD of the top", write, "HEAD", "ref: refs/heads/main")
os.symlink("refs/heads/main", "head")
attempt("HEAD of the top a link", os.rename, "head", "HEAD")
write("config", "[core]\\n\\tbare = false\\n\\tworktree = .\\n")
"""


def test_what_makes_the_top_a_repository_stays_and_no_other_comes(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(
        as_user,
        "git init -q . && git -c user.name=A -c user.email=a@b.c commit -qm 1 --allow-empty",
        project,
    )
    won, changed, said = python(nono, f"{PLANT}\n{TOP}", project / "mark")
    assert won == []
    found = as_user("/usr/bin/git", "rev-parse", "--show-toplevel", cwd=project)
    assert found.stdout == "", "the top is no repository either"
    denials = json.loads(said.splitlines()[-1])["denials"]
    refused = [each for each in denials if each["path"] == f"{project}/.git/HEAD"]
    assert refused and all("--bypass-protection" in json.dumps(each) for each in refused)
    assert changed == []


@BY_A_USER
def test_names_of_an_earlier_run_hide_none_from_the_next(
    nono: Nono, as_user: Account, project: Path
) -> None:
    far = "one/two/three/four/five/six"
    shell(
        as_user,
        f"git init -q .; mkdir -p ext {far}; git init -q ext/lib; git init -q {far}/lib",
        project,
    )
    records = as_user.home / ".local/state/nono/repositories"
    before = set(records.iterdir()) if records.is_dir() else set()
    python(nono, "open('.git/HEAD').read()")
    after = set(records.iterdir()) if records.is_dir() else set()
    assert before == after, "nobody looks after a run that could change nothing"
    python(nono, "import os; [os.mkdir(f'!{n}') for n in range(700)]")
    program = f"{PLANT}\nfor top in ('ext', '{far}'): attempt(top, write, f'{{top}}/{HOOK}')"
    won, changed, _ = python(nono, program, project / "mark")
    assert (won, changed) == ([], [])


@BY_A_USER
def test_what_becomes_one_in_the_second_run_is_new(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """Without a HEAD it was none, wherever it lies."""
    shell(as_user, "git init -q .", project)
    parts = "[os.makedirs(f'.git/modules/foo/{name}') for name in ('objects', 'refs')]"
    config = "open('.git/modules/foo/config', 'w').write('[core]\\n\\tfsmonitor = false\\n')"
    python(nono, f"import os; {parts}; {config}")
    head = "open('.git/modules/foo/HEAD', 'w').write('ref: refs/heads/x')"
    link = "os.mkdir('sub'); open('sub/.git', 'w').write('gitdir: ../.git/modules/foo\\n')"
    _, changed, _ = python(nono, f"import os; {head}; {link}")
    assert any(each.startswith(f"{project}/.git/modules/foo") for each in changed), changed


@BY_A_USER
def test_one_too_deep_to_be_asked_for_by_its_path_is_named(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(as_user, "git init -q .", project)
    deep = "[(os.mkdir('d' * 200), os.chdir('d' * 200)) for _ in range(20)]"
    made = "os.symlink('x', '.git'); os.mkdir('x'); open('x/HEAD', 'w').write('ref: refs/heads/x')"
    _, changed, _ = python(nono, f"import os; {deep}; {made}")
    assert any(each.startswith(f"{project}/ddd") for each in changed), changed


def test_files_of_a_new_repository_go_nowhere_else(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """git stash in it would write them there: hooks of another one, a file of a shell's."""
    shell(as_user, "git init -q .", project)
    init = "[subprocess.run(['git', 'init', '-q', n], check=True) for n in ('one', 'two')]"
    tree = "[open(f'{n}/.git/config', 'a').write('[core]\\n\\tworktree = ' + t + '\\n')"
    pairs = f"for n, t in (('one', '../../.git'), ('two', '{as_user.home}'))]"
    _, changed, _ = python(nono, f"import subprocess; {init}; {tree} {pairs}")
    assert changed == [f"{project}/{name}/.git/config" for name in ("one", "two")]


@BY_A_USER
def test_what_a_persons_configuration_runs_in_every_work_tree_is_named(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(
        as_user,
        "git init -q .; git -c user.name=A -c user.email=a@b.c commit -qm 1 --allow-empty",
        project,
    )
    text = "[core]\nhooksPath = .team/hooks\n[alias]\nw = !./bin/watch all\n[include]\npath = x\n"
    as_user.file(as_user.home / ".gitconfig", text)
    program = """
import os, subprocess
for top in ("one", "two", "three"):
    subprocess.run(["git", "init", "-q", top], check=True)
subprocess.run(["git", "worktree", "add", "-q", "tree"], check=True)
for name in ("one/.team/hooks/post-index-change", "two/bin/watch", "tree/.team/hooks/x", "three/x"):
    os.makedirs(os.path.dirname(name), exist_ok=True)
    open(name, "w").close()
"""
    try:
        _, changed, _ = python(nono, program)
    finally:
        (as_user.home / ".gitconfig").unlink()
    names = ("one/.team/hooks/post-index-change", "tree/.team/hooks/x", "two/bin/watch")
    assert changed == [f"{project}/{name}" for name in names]


LINKS = """
import os, subprocess
git = lambda *words: subprocess.run(["git", *words], check=True, capture_output=True)
for top in ("known", "new"):
    if top == "new":
        git("init", "-q", top)
    os.makedirs(f"{top}/.git/logs/refs/heads", exist_ok=True)
    for name, to in {
        "logs/refs/heads/x": "../../../../../../.bash_profile",
        "COMMIT_EDITMSG": "config",
        "FETCH_HEAD": "../../.bash_profile",
        "packed-refs": "../../.bash_profile",
    }.items():
        os.symlink(to, f"{top}/.git/{name}")
os.rename("moved", "known/.git/moved")
"""


@BY_A_USER
def test_a_link_that_git_would_write_through_is_named(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(
        as_user,
        "git init -q known; ln -s nothing known/.git/before; mkdir moved; ln -s ../x moved/link",
        project,
    )
    _, changed, _ = python(nono, LINKS)
    names = ("logs/refs/heads/x", "COMMIT_EDITMSG", "FETCH_HEAD", "packed-refs")
    expected = {f"{project}/{top}/.git/{name}" for top in ("known", "new") for name in names}
    assert set(changed) == {*expected, f"{project}/known/.git/moved/link"}


@BY_A_USER
def test_a_work_tree_is_no_place_of_git_s_own(nono: Nono, as_user: Account, project: Path) -> None:
    """git stash would write hooks there."""
    shell(as_user, "git init -q .", project)
    program = """
import subprocess
subprocess.run(["git", "init", "-q", "sub"], check=True)
open(".git/.git", "w").write("gitdir: ../sub/.git\\n")
with open("sub/.git/config", "a") as config:
    config.write("[core]\\n\\tworktree = ../../.git\\n")
"""
    _, changed, _ = python(nono, program)
    assert changed == [f"{project}/.git/.git", f"{project}/sub/.git/config"]


@BY_A_USER
def test_where_a_push_goes_is_told(nono: Nono, as_user: Account, project: Path) -> None:
    shell(as_user, "git init -q .; git remote add origin https://a.example/x", project)
    add = "git remote add fork https://b.example/x; git config branch.x.remote origin"
    assert nono("run", "--allow-cwd", "--", "sh", "-ec", add).stderr == ""
    url = "git remote set-url --push origin https://b.example/x"
    done = nono("run", "--allow-cwd", "--", "sh", "-ec", url)
    assert f"nono: changed: {project}/.git/config" in done.stderr
    lifted = ("--allow-cwd", "--bypass-protection", ".git/config", "--", "git", "config")
    assert nono("run", *lifted, "user.name", "x").stderr == ""
    done = nono("run", *lifted, "core.fsmonitor", "./x")
    assert f"nono: changed: {project}/.git/config; look before you run it" in done.stderr


@BY_A_USER
def test_a_hook_is_told_where_its_protection_was_lifted(
    nono: Nono, as_user: Account, project: Path
) -> None:
    hook = ".git/hooks/pre-commit"
    shell(as_user, f"git init -q .; echo : > {hook}; mkdir -p .git/hooks/a.d", project)
    lifted = ("--allow-cwd", "--bypass-protection", ".git/hooks", "--", "sh", "-ec")
    assert nono("run", *lifted, f"cat {hook}").stderr == ""
    done = nono("run", *lifted, f"echo : > {hook}; echo : > .git/hooks/post-merge")
    assert f"nono: changed: {project}/.git/hooks/post-merge, {project}/{hook}; look" in done.stderr


EMPTY = """
import os
os.makedirs("cache/led")
open("cache/.git", "x").close()
with open("cache/led/.git", "x") as link:
    link.write("gitdir: elsewhere\\n")
"""


@BY_A_USER
def test_an_empty_file_leads_to_none(nono: Nono, project: Path) -> None:
    """git goes no further where one is: uv makes one in its cache."""
    assert python(nono, EMPTY)[1] == [f"{project}/cache/led/.git"]


@BY_A_USER
@pytest.mark.parametrize("mode", ["311", "0"])
def test_a_run_that_closes_a_directory_hides_no_repository(
    nono: Nono, as_user: Account, project: Path, mode: str
) -> None:
    shell(as_user, "mkdir -p sub/repo/src other; git init -q sub/repo", project)
    hook = "sub/repo/.git/hooks/pre-commit"
    shell(as_user, f"chmod {mode} sub", project)
    opening = f"chmod 755 sub; echo x >other/new; echo x >{hook}; echo x >sub/repo/src/new"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", opening)
    assert f"{project}/sub: cannot be looked into" in done.stderr, done.stderr
    assert (project / "other/new").exists()
    shell(as_user, f"chmod 755 sub; test ! -e {hook}; test ! -e sub/repo/src/new", project)
    assert "cannot be looked into" not in nono("run", "--allow-cwd", "--", "true").stderr


@BY_A_USER
@pytest.mark.parametrize("closed", [".git/modules", ".git/modules/lib", ".git"])
def test_a_run_that_closes_what_is_gits_own_hides_no_repository_in_it(
    nono: Nono, as_user: Account, project: Path, closed: str
) -> None:
    """As a submodule's is that no index names any more."""
    shell(as_user, "git init -q .; git init -q --bare .git/modules/lib/deep", project)
    hook = ".git/modules/lib/deep/hooks/pre-commit"
    nono("run", "--allow-cwd", "--", "chmod", "311", closed)
    writing = f"chmod 755 {closed}; echo x >{hook}; echo x >other"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", writing)
    shell(as_user, f"chmod 755 {closed}; test ! -e {hook}; test -e other", project)
    assert hook in done.stderr


@BY_A_USER
def test_one_in_a_directory_of_others_that_may_only_be_searched(
    nono: Nono, root: Account, as_user: Account, project: Path
) -> None:
    root.directory(project / "home", 0o711)
    as_user.directory(project / "home/mine")
    shell(as_user, "git init -q home/mine; mkdir home/mine/src", project)
    new = ("touch", "home/mine/.git/hooks/pre-commit", "home/mine/src/new")
    done = nono("run", "--allow-cwd", "--", *new)
    assert f"{project}/home: cannot be looked into" in done.stderr, done.stderr
    shell(as_user, "cd home/mine; test ! -e .git/hooks/pre-commit; test ! -e src/new", project)
    for named in ("home/mine/src", "home/mine"):
        done = nono("run", "--allow-cwd", "--write", named, "--", *new)
        shell(as_user, "cd home/mine; test ! -e .git/hooks/pre-commit; rm src/new", project)


@BY_A_USER
def test_what_is_remembered_stays_so_though_a_run_closes_the_way_to_it(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """Deeper than a start looks."""
    deep = "a/b/c/d/e/f/repo"
    shell(as_user, f"mkdir -p {deep}; git init -q {deep}", project)
    assert nono("run", "--allow-cwd", "--", "touch", "new").returncode == 0
    shell(as_user, "chmod 311 a/b/c/d/e/f", project)
    nono("run", "--allow-cwd", "--", "chmod", "0", "a/b/c/d/e/f")
    assert (project / "a/b/c/d/e/f").stat().st_mode & 0o777 == 0o311
    shell(as_user, "chmod 0 a/b/c/d/e/f", project)
    hook = f"chmod 755 a/b/c/d/e/f; echo x >{deep}/.git/hooks/pre-push"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", hook)
    shell(as_user, f"chmod 755 a/b/c/d/e/f; test ! -e {deep}/.git/hooks/pre-push", project)
    assert "a/b/c/d/e/f: cannot be looked into" in done.stderr


@BY_A_USER
def test_one_closed_before_is_told_once_and_is_not_said_to_be_changed(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(as_user, "mkdir locked; chmod 0 locked", project)
    done = nono("run", "--allow-cwd", "--", "mkdir", "new")
    told = "cannot be looked into: in it nothing may be changed but what was opened by its own name"
    assert done.stderr == f"nono: note: {project}/locked: {told}\n"
    shell(as_user, "mkdir other; chmod 0 other", project)
    done = nono("run", "--allow-cwd", "--", "sh", "-c", "mkdir late; chmod 0 late")
    assert "in it and 1 other directory nothing" in done.stderr
    assert f"nono: changed: {project}/late;" in done.stderr
    shell(as_user, "chmod 700 late", project)
