"""What the machine gives to root and to an ordinary user: the command line says the same of it."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2)


def test_why_agrees_with_run(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "inside")
    as_user.file(as_user.home / "outside")
    as_user.file(project / "denied")
    flags = ("--allow-cwd", "--deny", "denied")
    for path in ("inside", "denied", str(as_user.home / "outside"), "/usr/bin/env", "new"):
        for op, test in (("read", ": < "), ("write", ": >> ")):
            if (path, op) == ("new", "read"):
                continue  # there is nothing to read
            why = nono("why", *flags, "--path", path, "--op", op)
            ran = nono("run", *flags, "--", "sh", "-c", f"{test} {path}")
            assert (why.returncode == 0) == (ran.returncode == 0), (path, op, why.stdout)


def test_setup_check_tells_what_this_machine_gives(nono: Nono) -> None:
    done = nono("setup", "--check")
    assert done.returncode == 0, done.stdout
    for word in ("Landlock ABI", "notification", "ptrace scope"):
        assert word in done.stdout


def test_a_directory_is_made_in_the_home_alone(nono: Nono, as_user: Account) -> None:
    made = as_user.home / ".new/tool"
    done = nono("run", "--allow", made, "--", "sh", "-c", f"echo x > {made}/file; ls -ld {made}")
    assert done.returncode == 0 and done.stdout.startswith("drwx------"), done.stderr
    assert (made / "file").read_text() == "x\n"
    assert nono("run", "--allow", "/srv/no-such-directory", "--", "true").returncode == 125
    assert nono("run", "--read", as_user.home / ".absent", "--", "true").returncode == 125
    dry = nono("run", "--allow", as_user.home / ".later", "--dry-run", "--", "true")
    assert dry.returncode == 0 and not (as_user.home / ".later").exists()
