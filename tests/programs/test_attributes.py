"""Extended attributes with ordinary tools: ls, cp, tar, Python."""

from pathlib import Path

from tests.conftest import Account, Nono, program_beside

SCRIPT = program_beside(__file__, "attributes.sh")


def test_ordinary_tools_keep_them(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--", "sh", "-c", SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4", "b'value'", "b'value'"]
    assert "cannot" not in done.stderr


def test_ls_says_nothing_of_what_it_may_not_read(
    nono: Nono, as_user: Account, project: Path
) -> None:
    as_user.file(project / "hidden" / "x")
    command = ("ls", "-l", "hidden/x", ".")
    done = nono("run", "--allow-cwd", "--deny", "hidden/x", "--", *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hidden/x" in done.stdout
