"""Audits that reach a bound: of one file, of a session, of a disk. The run goes on."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account
from tests.supervisor.audit.conftest import Sessions

pytestmark = pytest.mark.requires(landlock=3)

RUN = ("run", "--allow-cwd")
FULL = """
import resource, sys, runpy
sys.argv = ["nono", *sys.argv[1:]]
import nono.supervisor.audit.writer as audit
audit.MAX_BYTES = int(sys.argv.pop(1))
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""


def limited(
    sessions: Sessions, as_user: Account, project: Path, room: str, *arguments: str
) -> tuple[int, str, str]:
    done = as_user(
        as_user.python, "-P", "-c", FULL, room, *arguments, cwd=project, env=sessions.env
    )
    return done.returncode, done.stdout, done.stderr


ROTATED = """
import sys
import nono.supervisor.audit.record_files as files
files.MAX_FILE_BYTES = 40_000
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""
MANY = "for n in $(seq 300); do : > f$n; done; echo done; exit 4"


@BY_A_USER
def test_what_is_too_much_for_one_file_goes_on_in_the_next(
    sessions: Sessions, as_user: Account, project: Path
) -> None:
    program = (as_user.python, "-P", "-c", ROTATED, *RUN, "--", "sh", "-c", MANY)
    done = as_user(*program, cwd=project, env=sessions.env)
    assert (done.returncode, done.stdout, done.stderr) == (4, "done\n", "")
    (session,) = sessions.paths()
    files = {path.name: path.stat() for path in session.iterdir()}
    assert {"records", "records.1", "records.2", "seal"} <= files.keys()
    assert all(stat.S_IMODE(status.st_mode) == 0o600 for status in files.values())
    assert all(files[name].st_size <= 40_000 for name in files.keys() - {"records", "seal"})
    recorded = {each["request"]["path"] for each in sessions.decisions("PathChange")}
    assert {str(project / f"f{number}") for number in range(1, 301)} <= recorded
    assert sessions("audit", "replay", "last", "--allow-cwd").returncode == 0
    intact = sessions("audit", "verify")
    assert "the session ended and every record is there" in intact.stdout
    (session / "records.1").unlink()
    assert sessions("audit", "verify").returncode == 1
    assert sessions("audit", "cleanup", "--keep", "0").stdout == "1 session removed (--keep 0)\n"
    assert sessions.paths() == []


@BY_A_USER
def test_what_cannot_be_written_ends_the_audit_and_not_the_run(
    sessions: Sessions, as_user: Account, project: Path
) -> None:
    code, out, err = limited(sessions, as_user, project, "60000", *RUN, "--", "sh", "-c", MANY)
    assert (code, out) == (4, "done\n")
    (session,) = sessions.paths()
    assert err.splitlines() == [f"nono: the audit {session.name} ended early: it has reached 0 MiB"]
    assert len(list(project.glob("f*"))) == 300
    checked = sessions("audit", "verify")
    assert checked.returncode == 0
    assert "nothing more could be written" in checked.stdout
    assert (session / "records").stat().st_size <= 60000


@BY_A_USER
def test_an_audit_that_is_required_refuses_what_it_cannot_record(
    sessions: Sessions, as_user: Account, project: Path
) -> None:
    options = (*RUN, "--audit=required", "--")
    _, _, err = limited(sessions, as_user, project, "120000", *options, "sh", "-c", MANY)
    made = len(list(project.glob("f*")))
    assert 0 < made < 300
    assert "every later call was refused" in err.splitlines()[-1]
    recorded = {each["request"]["path"] for each in sessions.decisions("PathChange")}
    assert len([path for path in recorded if "/f" in path]) == made
    assert sessions("audit", "verify").returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk(
    sessions: Sessions, project: Path, as_user: Account, request: pytest.FixtureRequest
) -> None:
    """A small file system of its own, in a mount namespace of its own."""
    state = Path(sessions.env["XDG_STATE_HOME"])
    nono = [as_user.python, "-P", "-m", "nono.supervisor", *RUN, "--", "sh", "-c", MANY]
    mount = (
        f"mount -t tmpfs -o size=64k,mode=0700,uid={as_user.uid},gid={as_user.gid}"
        f" tmpfs {state} && cd {project} && exec setpriv --reuid={as_user.uid}"
        f' --regid={as_user.gid} --clear-groups "$@"'
    )
    done = subprocess.run(
        ["unshare", "--mount", "--propagation=private", "sh", "-c", mount, "sh", *nono],
        env={**as_user.environment, **sessions.env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (4, "done\n"), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("nono: the audit ")
    assert line.endswith("ended early: No space left on device")
    assert len(list(project.glob("f*"))) == 300
