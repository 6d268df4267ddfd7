"""A repository's files, and what an earlier run left, decide nothing about what a run may do."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.conftest import Account, Nono, Secret


@pytest.fixture
def letter(as_user: Account, project: Path) -> Secret:
    """A document beside the project, which nothing in the project may open."""
    letter = as_user.secret(f"{project.name}-documents/letter")
    letter.path.chmod(0o700)
    return letter


@pytest.fixture
def python(as_user: Account, project: Path) -> Path:
    """A virtual environment's interpreter, copied: only its configuration names its base."""
    place = as_user.directory(project / ".venv" / "bin") / "python"
    shutil.copy("/usr/bin/python3", place)
    place.chmod(0o755)
    return place


BASES = ["{documents}/bin", "/proc/self/cwd/../{name}/bin", "/etc/x", "/root/x"]


@pytest.mark.parametrize("base", BASES)
def test_a_configuration_opens_no_documents(
    project: Path, nono: Nono, as_user: Account, letter: Secret, python: Path, base: str
) -> None:
    documents = letter.path.parent
    text = base.format(documents=documents, name=documents.name)
    as_user.file(project / ".venv/pyvenv.cfg", f"home = {text}\n")
    code = "import sys; print(open(sys.argv[1]).read())"
    for path in (letter.path, Path("/etc/shadow")):
        done = nono("run", "--", ".venv/bin/python", "-S", "-c", code, path)
        assert letter.text not in done.stdout
        assert "root:" not in done.stdout
        assert "PermissionError" in done.stderr


@pytest.mark.parametrize("name", ["run", "script"])
def test_what_leads_to_a_document_does_not_open_it(
    project: Path, nono: Nono, as_user: Account, letter: Secret, name: str
) -> None:
    (project / "run").symlink_to(letter.path)
    as_user.file(project / "script", f"#!{letter.path}\n", 0o755)
    done = nono("run", "--allow-cwd", "--", f"./{name}")
    assert done.returncode == 126, done.stderr
    assert letter.text not in done.stdout + done.stderr
    dry = nono("run", "--dry-run", "--", f"./{name}")
    assert f"it takes --read-file {letter.path}" in dry.stdout + dry.stderr


def test_the_link_that_a_run_leaves_is_not_followed_by_the_next(
    project: Path, nono: Nono, as_user: Account, letter: Secret
) -> None:
    as_user.directory(project / "out")
    swap = f"rmdir out && ln -s {letter.path.parent} out && ln -s ../.. up"
    assert nono("run", "--allow-cwd", "--", "/bin/sh", "-c", swap).returncode == 0
    for flags in (["--write", "out"], ["--allow-cwd", "--write", "out"], ["--read", "out/."]):
        done = nono("run", *flags, "--", "/bin/sh", "-c", f"echo > out/new; cat {letter.path}")
        assert done.returncode == 125, done.stderr
        assert "leads out" in done.stderr
        assert str(letter.path.parent) in done.stderr
        dry = nono("run", "--dry-run", *flags, "--", "/bin/true")
        assert dry.returncode == 125
    assert not (letter.path.parent / "new").exists()
    # Where it leads holds the project: it is no directory that was opened before.
    for flags in (["--read", ".", "--write", "up"], ["--allow", "./up"]):
        done = nono("run", *flags, "--", "/bin/cat", letter.path)
        assert (done.returncode, done.stdout) == (125, ""), done.stderr
        assert done.stderr.endswith(f"\nhint: {flags[-2]} {project.parent.parent}\n")
    done = nono(
        "run", "--allow-cwd", "--", "true", cwd=project / "up", env={"PWD": f"{project}/up"}
    )
    assert f"{project}/up is a link" in done.stderr


@pytest.mark.requires(landlock=2, commands=["git"])
def test_a_repository_that_comes_during_a_run_is_told_of(
    project: Path, nono: Nono, as_user: Account
) -> None:
    """It is not protected before the next one: the report is what a person has."""
    outside = project.parent / f"{project.name}-clone"
    assert as_user("git", "init", "-q", outside).returncode == 0

    def clone() -> None:
        with open(project / "started") as started:
            started.read()
        os.rename(outside, project / "new")

    os.mkfifo(project / "started")
    os.chown(project / "started", as_user.uid, as_user.gid)
    thread = threading.Thread(target=clone, daemon=True)
    thread.start()
    wait = "until [ -e new/.git/hooks ]; do sleep 0.02; done"
    write = "echo x | tee new/.git/hooks/pre-commit >> new/.git/config"
    done = nono("run", "--allow-cwd", "--", "/bin/sh", "-ec", f": > started; {wait}; {write}")
    thread.join(timeout=60)
    assert done.returncode == 0, done.stderr
    assert "new/.git/hooks/pre-commit" in done.stderr
    done = nono("run", "--allow-cwd", "--", "/bin/sh", "-c", write)
    assert done.returncode != 0
    assert "Operation not permitted" in done.stderr
