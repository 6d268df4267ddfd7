"""A run goes by what one before it came to, where all is as it was; and by nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Finished, Nono

pytestmark = pytest.mark.requires(landlock=2)

_TRIES = 8
RUN = ("run", "--allow-cwd", "--deny", "**/*.pem", "--")
MADE = "nono.supervisor.planning.make_plan"
TELLING = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""


@pytest.fixture
def state(as_user: Account, project: Path) -> Path:
    """nono's state in this test alone."""
    as_user("sh", "-c", "echo key >a.pem; echo other >b", cwd=project)
    return as_user.directory(project.parent / f"state-{project.name}", 0o700)


@pytest.fixture
def run(as_user: Account, project: Path, state: Path) -> Callable[..., Finished]:
    """Run it so; what it says ends with the modules that nono has loaded."""

    def run(*words: str, env: dict[str, str] | None = None, cwd: Path = project) -> Finished:
        given = {"XDG_STATE_HOME": str(state), **(env or {})}
        command = (as_user.python, "-P", "-c", TELLING, *RUN, *words)
        return as_user(*command, cwd=cwd, env=given)

    return run


def is_kept(run: Callable[..., Finished], *words: str) -> bool:
    """Soon: other tests mount something meanwhile, which makes a start one of its own."""
    return any(MADE not in run(*words).stderr for _ in range(_TRIES))


@pytest.fixture
def kept(run: Callable[..., Finished], state: Path) -> Path:
    """The file of a start that is kept."""
    assert MADE in run("cat", "a.pem").stderr
    assert is_kept(run, "cat", "a.pem")
    done = run("cat", "a.pem")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a.pem: denied by flag --deny" in done.stderr
    (file,) = (state / "nono/starts").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    return file


@BY_A_USER
def test_each_has_a_directory_of_its_own(run: Callable[..., Finished], kept: Path) -> None:
    words = ("sh", "-c", 'echo x >"$TMPDIR/y" && echo "$TMPDIR"')
    told = [run(*words) for _ in range(5)]
    assert any(MADE not in done.stderr for done in told)
    assert len({done.stdout for done in told}) == 5
    assert {done.returncode for done in told} == {0}


@BY_A_USER
def test_the_directory_of_temporary_files_has_moved(
    as_user: Account, project: Path, run: Callable[..., Finished], kept: Path
) -> None:
    """The one that is opened is the one that the program gets."""
    for name in ("one", "other"):
        as_user.directory(project / name)
    named, env = project / "named", {"TMPDIR": str(project / "named")}
    words = ("sh", "-c", 'echo x >"$TMPDIR/y"')
    named.symlink_to("one")
    assert [run(*words, env=env).returncode for _ in range(3)] == [0, 0, 0]
    named.unlink()
    named.symlink_to("other")
    assert run(*words, env=env).returncode == 0


CHANGES = {
    "a name that a pattern is for": "echo key >c.pem",
    "a link that leads there": "rm c.pem; mkdir d; ln -s ../b d/c.pem",
    "another directory": "rm d/c.pem; mkdir -p d/e; echo key >d/e/c.pem",
    "what was a file": "rm -r a.pem d; mkdir a.pem; echo key >a.pem/c.pem",
}


@BY_A_USER
def test_what_has_changed_is_looked_at_anew(
    as_user: Account, project: Path, run: Callable[..., Finished], kept: Path
) -> None:
    """One change after the other, and none of them shows the program what is refused."""
    for name, change in CHANGES.items():
        assert as_user("sh", "-c", change, cwd=project).returncode == 0
        done = run("sh", "-c", "find . -name c.pem -exec cat {} + ; cat b")
        assert "key" not in done.stdout, name
        assert ("other" in done.stdout) is ("link" not in name), done.stderr


ODD: dict[str, Callable[[Path], object]] = {
    "empty": lambda kept: kept.write_bytes(b""),
    "zeros": lambda kept: kept.write_bytes(bytes(5000)),
    "other": lambda kept: kept.write_bytes(b"c" * 32 + b"i\x01\x00\x00\x00"),
    "cut": lambda kept: kept.write_bytes(kept.read_bytes()[:-9]),
    "one byte": lambda kept: kept.write_bytes(kept.read_bytes()[:-1] + b"x"),
    "open to others": lambda kept: kept.chmod(0o620),
    "a link": lambda kept: kept.symlink_to(kept.rename(kept.with_name("moved"))),
}


@BY_A_USER
def test_what_is_odd_is_as_nothing(run: Callable[..., Finished], kept: Path) -> None:
    whole = kept.read_bytes()
    for name, make_odd in ODD.items():
        make_odd(kept)
        done = run("cat", "a.pem")
        assert MADE in done.stderr, name
        assert "a.pem: denied by flag --deny" in done.stderr
        kept.unlink()
        kept.write_bytes(whole)
        kept.chmod(0o600)
        os.chown(kept, kept.parent.stat().st_uid, kept.parent.stat().st_gid)
    assert is_kept(run, "cat", "a.pem")


def test_no_program_reaches_it(
    as_user: Account, project: Path, state: Path, nono: Nono, kept: Path
) -> None:
    """Whatever is opened."""
    before = kept.read_bytes()
    options = ("--allow", state, "--bypass-protection", state, "--allow", "/")
    script = f"cat {kept}; echo x >>{kept}; rm {kept}; mv {kept.parent} {project}; ls {kept.parent}"
    done = nono("run", *options, "--", "sh", "-c", script, env={"XDG_STATE_HOME": str(state)})
    assert done.stdout == "", done.stdout
    assert kept.read_bytes() == before


@BY_A_USER
def test_what_is_said_otherwise_or_elsewhere_is_made_anew(
    as_user: Account, project: Path, run: Callable[..., Finished], kept: Path
) -> None:
    """As where the person does not want it, and by another version of nono."""
    assert is_kept(run, "cat", "b")
    inside = as_user.directory(project / "inside")
    telling = f"import {MADE} as made; print(made.__file__)"
    source = as_user(as_user.python, "-P", "-c", telling).stdout.strip()
    for done in (
        run("true"),
        run("cat", "a.pem", cwd=inside),
        run("cat", "a.pem", env={"PATH": f"{project}:/usr/bin:/bin"}),
        run("cat", "a.pem", env={"NONO_KEPT_START": "no"}),
    ):
        assert MADE in done.stderr
    found = os.stat(source)
    os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns + 1))
    try:
        assert MADE in run("cat", "a.pem").stderr
    finally:
        os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns))


@BY_A_USER
def test_nothing_is_kept_of_what_the_program_does(
    run: Callable[..., Finished], state: Path, kept: Path
) -> None:
    """Which a policy remembers while it runs."""
    line = "mkdir -p looked-at/by-it; rmdir looked-at/by-it; cat looked-at/a.pem"
    for _ in range(3):
        run("sh", "-c", line)
    assert not any(b"by-it" in each.read_bytes() for each in (state / "nono/starts").iterdir())


@BY_A_USER
def test_what_a_shell_is_to_run_is_a_part_of_it(run: Callable[..., Finished], kept: Path) -> None:
    """Which programs a line names is read by who makes a policy for it."""
    line = ("sh", "-c", "cat b")
    assert MADE in run(*line).stderr
    assert is_kept(run, *line)
    assert MADE in run("sh", "-c", "cat a.pem").stderr
