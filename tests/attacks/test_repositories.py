"""Repositories that git enters from an opened directory: what a run can make them do outside."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["git"])

TOOLS = program_beside(__file__, "plant_in_repositories.py")
GIT = "git -c user.name=A -c user.email=a@example.org -c protocol.file.allow=always"
FIRST = f"git init -q . && echo x > f && git add . && {GIT} commit -qm first"


def shell(as_user: Account, script: str, cwd: Path) -> str:
    done = as_user("/bin/sh", "-ec", script, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(nono: Nono, deeds: str, mark: Path, *options: str | Path) -> tuple[str, list[str]]:
    """What the deeds in Python say, and what the report names, each as below the project."""
    command = ("/usr/bin/python3", "-c", f"{TOOLS}\n{deeds}", mark)
    done = nono("run", "--allow-cwd", "--json", *options, "--", *command)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stderr.splitlines()[-1])
    return done.stdout, report["changed"]


@pytest.fixture
def mark(as_user: Account, project: Path) -> Path:
    """Whatever runs outside makes it."""
    return as_user.directory(project.parent / f"{project.name}-marks") / "ran outside"


@pytest.fixture
def outer(as_user: Account, project: Path) -> Path:
    """A repository with a submodule two directories down and a linked work tree."""
    library = as_user.directory(project.parent / f"{project.name}-library")
    shell(as_user, FIRST, library)
    script = (
        f"{FIRST}; {GIT} submodule --quiet add {library} deep/er/sub; mkdir src;"
        f" {GIT} commit -qm sub; git worktree add -q trees/one"
    )
    shell(as_user, script, project)
    return project


def test_a_submodule_leads_where_it_did(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    deeds = """
evil = repository("evil")
for link in ("deep/er/sub/.git", "trees/one/.git"):
    to = f"gitdir: {os.getcwd()}/evil/.git"
    attempt(f"{link} written", write, link, to)
    attempt(f"{link} replaced", replace, link, to)
    attempt(f"{link} made anew", remove_and_write, link, to)
    attempt(f"{link} moved away", os.rename, link, "src/old")
    attempt(f"above {link} moved away", os.rename, os.path.dirname(link), "src/old")
for module in (".git/modules/deep/er/sub", ".git/worktrees/one"):
    attempt(f"{module}/config.worktree", write, f"{module}/config.worktree", CONFIG)
    attempt(f"{module} moved away", os.rename, module, "src/module")
attempt("config of the submodule", git, "config", "core.fsmonitor", "x", at="deep/er/sub")
attempt("a folder of an editor in it", write, "deep/er/sub/.vscode/tasks.json")
"""
    said, changed = run(nono, deeds, mark)
    assert said == ""
    assert changed == [f"{outer}/evil/.git/config"]
    shell(as_user, "git status; git -C trees/one status; git -C deep/er/sub status", outer)
    assert not mark.exists()


DEEP = {
    "plainly": ('gitlink("a/b/c/d/e/f/g")', "config"),
    "by a hook": ('gitlink("a/b/c/d/e/f/g", hook=True)', "hooks/post-index-change"),
    "with a mode that is odd": ('gitlink("a/b/c/d/e/f/g"); odd_mode()', "config"),
    "with names that are packed": ('gitlink("a/b/c/d/e/f/g", "--index-version=4")', "config"),
    "in an index that is split": ('gitlink("a/b/c/d/e/f/g", "--split-index")', "config"),
    "that a file leads to": (
        'gitlink("a/b/c/d/e/f/g"); os.rename("a/b/c/d/e/f/g/.git", "src/hidden");'
        ' write("a/b/c/d/e/f/g/.git", "gitdir: ../../../../../../../src/hidden")',
        "../../../../../../../../src/hidden/config",
    ),
    "with another's configuration": (
        'gitlink("a/b/c/d/e/f/g"); os.makedirs("src/hidden");'
        ' os.rename("a/b/c/d/e/f/g/.git/config", "src/hidden/config");'
        ' write("a/b/c/d/e/f/g/.git/commondir", f"{os.getcwd()}/src/hidden");'
        ' [os.rename(f"a/b/c/d/e/f/g/.git/{x}", f"src/hidden/{x}") for x in ("objects", "refs")]',
        "../../../../../../../../src/hidden/config",
    ),
    "in another that is one": (
        'repository("a/b"); os.chdir("a/b"); gitlink("c/d/e/f/g"); os.chdir("../..");'
        ' commit = "1" * 40; git("update-index", "--add", "--cacheinfo", f"160000,{commit},a/b")',
        "config",
    ),
}


@pytest.mark.lots(kind="way")
@BY_A_USER
@pytest.mark.parametrize("how", DEEP)
def test_a_repository_that_becomes_a_submodule_is_named(
    nono: Nono, as_user: Account, outer: Path, mark: Path, how: str
) -> None:
    deeds, what = DEEP[how]
    _, changed = run(nono, deeds, mark)
    assert os.path.normpath(f"{outer}/a/b/c/d/e/f/g/.git/{what}") in changed
    as_user("git", "status", "--short", cwd=outer)
    assert mark.exists(), "git does not enter it: this says nothing"


@BY_A_USER
def test_what_git_does_not_understand_is_named(nono: Nono, outer: Path, mark: Path) -> None:
    deeds = 'replace_bytes(".git/index", b"DIRC\\0\\0\\0\\2\\0\\0\\0\\x09" + b"x" * 90)'
    assert run(nono, deeds, mark)[1] == [f"{outer}/.git/index"]


@BY_A_USER
def test_a_part_of_an_index_that_was_there_is_read_again(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    """git does not compare such a part with its own hash, and the index itself stays as it was."""
    shell(as_user, "git update-index --split-index", outer)
    deeds = """
import glob
repository("evil/er/sub")
[part] = glob.glob(".git/sharedindex.*")
with open(part, "r+b") as file:
    text = file.read().replace(b"deep/er/sub", b"evil/er/sub")
    file.seek(0)
    file.write(text)
"""
    assert run(nono, deeds, mark)[1] == [f"{outer}/evil/er/sub/.git/config"]
    as_user("git", "status", cwd=outer)
    assert mark.exists(), "git does not enter it: this says nothing"
    assert run(nono, 'write("src/other", "")', mark)[1] == [], "it is not told of again"


@BY_A_USER
def test_what_git_goes_on_with_is_named(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    """An agent may rebase; what it leaves half done may hold commands."""
    shell(as_user, f"echo y > f; {GIT} commit -qam second", outer)
    deeds = """
git("rebase", "--exec", "true", "HEAD~1")
git("-c", "sequence.editor=sed -i '1i break'", "rebase", "-i", "HEAD~1")
with open(".git/rebase-merge/git-rebase-todo", "a") as todo:
    todo.write(f"exec touch '{MARK}'\\n")
"""
    assert run(nono, deeds, mark)[1] == [f"{outer}/.git/rebase-merge"]
    as_user("git", "rebase", "--continue", cwd=outer)
    assert mark.exists(), "git does not run it: this says nothing"
    assert run(nono, 'git("status")', mark)[1] == []


@BY_A_USER
def test_new_work_trees_and_modules_are_looked_at(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    shell(as_user, "git config extensions.worktreeConfig true", outer)
    deeds = """
git("worktree", "add", "-q", "trees/two")
git("worktree", "add", "-q", "trees/three")
write(".git/worktrees/three/config.worktree", CONFIG)
os.makedirs(".git/modules/new")
write(".git/modules/new/HEAD", "ref: refs/heads/main")
write(".git/modules/new/config", CONFIG)
write(".git/modules/new/hooks/pre-commit")
"""
    modules = f"{outer}/.git/modules/new"
    assert run(nono, deeds, mark)[1] == [
        f"{modules}/config",
        f"{modules}/hooks/pre-commit",
        f"{outer}/.git/worktrees/three/config.worktree",
    ]
    as_user("git", "status", cwd=outer / "trees/three")
    assert mark.exists(), "git does not run it: this says nothing"


@BY_A_USER
def test_a_clone_is_nothing_to_tell_of(nono: Nono, outer: Path, mark: Path) -> None:
    deeds = """
git("clone", "-q", ".", "copy")
git("-c", "protocol.file.allow=always", "clone", "-q", "--recurse-submodules", ".", "full")
git("init", "-q", "new")
git("init", "-q", "--bare", "new.git")
git("worktree", "add", "-q", "trees/four")
git("checkout", "-q", "-b", "other", at="copy")
git("sparse-checkout", "set", "src", at="copy")
git("gc", "-q", at="copy")
"""
    library = outer.parent / f"{outer.name}-library"
    assert run(nono, deeds, mark, "--read", library)[1] == []


REMOTES = '''
git("init", "-q", "--bare", "evil")
write("evil/hooks/pre-receive")
here = os.getcwd()
os.symlink("evil", "link")
urls = """evil ./evil /proc/self/cwd/evil ~/x file://localhost/tmp/no-repository a::b
/tmp/nothing-yet
FILE:///tmp/no-repository ssh://-oProxyCommand=x/y -oProxyCommand=x:y trees/../evil""".split()
urls += [f"{here}/{name}" for name in ("evil", "link", "nothing-yet")]
urls += [f"file://{here}/evil", "ext::sh -c x", f"{os.environ['TMPDIR']}/x"]
keys = """remote.origin.url remote.origin.pushurl remote.new.url branch.main.remote
branch.main.pushRemote remote.pushDefault submodule.x.url""".split()
for url in urls:
    for key in keys:
        attempt(f"{key} {url}", git, "config", "--", key, url)
attempt("insteadOf", git, "config", f"url.{here}/evil.insteadOf", "https://example.org/")
attempt("config.worktree counts", git, "config", "extensions.worktreeConfig", "true")
for name in ("remotes", "branches"):
    attempt(name, write, f".git/{name}/origin", f"{here}/evil")
for url in ("https://example.org/a", "git@example.org:a/b", "ssh://example.org/a"):
    git("config", "remote.origin.url", url)
'''


def test_a_push_goes_to_no_repository_of_ours(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    shell(as_user, "git remote add origin https://example.org/x; git branch -M main", outer)
    said, changed = run(nono, REMOTES, mark)
    assert said == ""
    # Another host's URL is allowed, and told of.
    assert changed == [f"{outer}/.git/config", f"{outer}/evil/hooks/pre-receive"]


@BY_A_USER
def test_a_remote_whose_name_is_a_directory_is_named(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    """Without a URL git takes the name for a path. To remove a remote is harmless by itself."""
    script = (
        "git branch -M main; git remote add origin https://example.org/x;"
        " git config branch.main.remote origin; git config branch.main.merge refs/heads/main"
    )
    shell(as_user, script, outer)
    deeds = """
git("config", "--remove-section", "remote.origin")
git("init", "-q", "--bare", "origin")
write("origin/hooks/pre-receive")
"""
    _, changed = run(nono, deeds, mark)
    assert f"{outer}/.git/config" in changed
    as_user("git", "push", cwd=outer)
    assert mark.exists(), "git does not run it: this says nothing"


def test_repositories_below_a_directory_are_kept(
    nono: Nono, as_user: Account, project: Path, mark: Path
) -> None:
    for name in ("one", "by/owner/two"):
        shell(as_user, FIRST, as_user.directory(project / name))
    shell(as_user, "git init -q --bare three.git; mkdir src", project)
    deeds = """
for top in ("one", "by/owner/two"):
    for name in (".git/hooks/post-checkout", ".vscode/tasks.json", ".envrc", ".mcp.json"):
        attempt(f"{top}/{name}", write, f"{top}/{name}")
    attempt(f"{top}/.git/config", write, f"{top}/.git/config", CONFIG)
    attempt(f"{top} by git", git, "config", "core.fsmonitor", "x", at=top)
    attempt(f"{top}/.git moved", os.rename, f"{top}/.git", "src/old")
    attempt(f"{top} moved", os.rename, top, "src/old")
    write(f"{top}/src/new.py", "")
    git("add", ".", at=top)
    git("commit", "-qm", "inside", at=top)
attempt("above moved", os.rename, "by", "src/by")
attempt("bare", write, "three.git/hooks/pre-receive")
attempt("bare config", git, "config", "core.pager", "x", at="three.git")
attempt("in bare", repository, "three.git/.git")
git("push", "-q", f"{os.getcwd()}/three.git", "HEAD:main", at="one")
"""
    said, changed = run(nono, deeds, mark)
    assert (said, changed) == ("", [])
    shell(as_user, "git -C one status; git -C by/owner/two status", project)
    assert not mark.exists()


def test_what_a_configuration_names_is_kept(
    nono: Nono, as_user: Account, outer: Path, mark: Path
) -> None:
    """Hooks and more configuration in the work tree, as many projects have them."""
    as_user.file(as_user.home / ".gitconfig", "[core]\n\thooksPath = team/hooks # ours\n")
    script = (
        "mkdir -p team/hooks; echo '[include]path=\"more\"' > team/config; echo > team/more;"
        " git config include.path ../team/config; git config core.hooksPath tools;"
        " mkdir bin; touch bin/clean bin/watch; git config filter.x.clean 'bin/clean --now %f';"
        " git config alias.w '!f() { ./bin/watch \"$@\"; }; f'"
    )
    shell(as_user, script, outer)
    deeds = """
for name in ("team/config", "team/more", "bin/clean", "bin/watch"):
    attempt(name, write, name, CONFIG)
    attempt(f"{name} replaced", replace, name, CONFIG)
for name in ("tools/pre-commit", "team/hooks/pre-commit", "deep/er/sub/team/hooks/pre-commit"):
    attempt(name, write, name)
attempt("above moved", os.rename, "team", "src/team")
write("team/text", "")
"""
    try:
        said, changed = run(nono, deeds, mark)
    finally:
        (as_user.home / ".gitconfig").unlink()
    assert (said, changed) == ("", [])
