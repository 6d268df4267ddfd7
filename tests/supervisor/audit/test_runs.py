"""Audits of real runs: what is recorded, when, and what a program can do about it: nothing."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Secret, program_beside
from tests.supervisor.audit.conftest import Sessions

pytestmark = pytest.mark.requires(landlock=2)

RUN = ("run", "--allow-cwd")
HOSTILE = "red\x1b[31m\u202eevil\n"


@BY_A_USER
def test_a_run_is_recorded(
    sessions: Sessions, project: Path, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    key = secret(".ssh/id_rsa")
    script = f"cat {key.path}; cat .env; echo x > out; exit 3"
    as_user.file(project / ".env", "x")
    done = sessions(*RUN, "--deny", "**/.env", "--", "sh", "-c", script)
    assert done.returncode == 3
    (session,) = sessions.paths()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (session, *session.iterdir())}
    assert modes == {session.name: 0o700, "records": 0o600, "seal": 0o600}
    start, program, *middle, ended, end = sessions.export()
    assert (start["kind"], program["kind"], ended["kind"]) == ("start", "program", "exit")
    assert program["argv"] == ["sh", "-c", script]
    assert (program["cwd"], ended["returncode"]) == (str(project), 3)
    assert (end["kind"], end["count"]) == ("end", len(middle) + 3)
    refused = {each["request"]["path"]: each for each in middle if each["effect"] == "deny"}
    assert refused.keys() == {str(key.path), str(project / ".env")}
    record = refused[str(key.path)]
    assert (record["errno"], record["layer"]) == (1, "broker")
    assert record["rule"] == "group deny_credentials"
    assert record["exe"].endswith("cat")
    assert record["argv"] == ["cat", str(key.path)]
    created = [each for each in middle if each["request"].get("operation") == "create"]
    assert [each["request"]["path"] for each in created] == [str(project / "out")]


@BY_A_USER
def test_every_call(sessions: Sessions, project: Path, as_user: Account) -> None:
    as_user.file(project / "input", "x")
    for options, expected in (((), 0), (("--audit=all",), 1)):
        assert sessions(*RUN, *options, "--", "cat", "input").returncode == 0
        reads = [
            each
            for each in sessions.decisions("Open")
            if each["request"]["path"] == str(project / "input")
        ]
        assert len(reads) == expected
    assert reads[0]["layer"] == "kernel floor"
    assert sessions.decisions("Execute")


@BY_A_USER
def test_no_audit(sessions: Sessions) -> None:
    assert sessions(*RUN, "--no-audit", "--", "cat", "/root/x").returncode == 1
    assert sessions.paths() == []
    clash = sessions(*RUN, "--no-audit", "--audit=all", "--", "true")
    assert clash.returncode == 125
    assert sessions(*RUN, "--dry-run", "--", "true").returncode == 0
    assert sessions.paths() == []


@BY_A_USER
def test_show_list_verify(sessions: Sessions, secret: Callable[[str], Secret]) -> None:
    key = secret(".ssh/id_rsa")
    sessions(*RUN, "--", "cat", key.path)
    (session,) = sessions.paths()
    shown = sessions("audit", "show", "last")
    assert f"cat: refused: read {key.path} [group deny_credentials]" in shown.stdout
    only = sessions("audit", "show", "--refused")
    assert len(only.stdout.splitlines()) < len(shown.stdout.splitlines())
    listed = sessions("audit", "list").stdout
    assert listed.split("\n")[0].split() == ["SESSION", "STATE", "RECORDS", "COMMAND"]
    assert listed.split("\n")[1].startswith(f"{session.name}  ended")
    assert listed.endswith(f"cat {key.path}\n")
    checked = sessions("audit", "verify", session.name[:20])
    assert checked.returncode == 0
    assert "the session ended and every record is there" in checked.stdout
    assert sessions("audit", "show", "2099").returncode == 2


@BY_A_USER
@pytest.mark.parametrize("damage", ["change", "cut", "seal"])
def test_damage_is_found(sessions: Sessions, damage: str) -> None:
    sessions(*RUN, "--", "cat", "/root/secret")
    (session,) = sessions.paths()
    records, seal = session / "records", session / "seal"
    data = bytearray(records.read_bytes())
    if damage == "change":
        data[len(data) // 2] ^= 1
        records.write_bytes(data)
    elif damage == "cut":
        records.write_bytes(data[:-40])
    else:
        seal.write_bytes(b"")
    checked = sessions("audit", "verify")
    assert checked.returncode == 1
    assert "records" in checked.stdout
    if damage != "seal":
        shown = sessions("audit", "replay", "last")
        assert shown.returncode == 2
        assert f"hint: nono audit verify {session.name}" in shown.stderr


@BY_A_USER
def test_hostile_text_is_made_safe(sessions: Sessions, project: Path) -> None:
    names = [HOSTILE, "\udcff\udcfe", "a" * 200]
    script = (
        "import os, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try: open('/root/' + name)\n"
        "    except OSError: pass\n"
        "    os.close(os.open(os.fsencode(name), os.O_CREAT | os.O_WRONLY))\n"
        "    try: os.link(name, '/root/' + name)\n"
        "    except OSError: pass\n"
    )
    sessions(*RUN, "--", "python3", "-c", script, *names)
    for command in (("show",), ("export", "--json"), ("list",)):
        done = sessions("audit", *command)
        assert done.returncode == 0, done.stderr
        text = done.stdout.replace("\n", "")
        assert text.isprintable(), command
    created = {each["request"]["path"] for each in sessions.decisions("PathChange")}
    assert any("evil" in path for path in created)
    assert sessions("audit", "verify").returncode == 0


@BY_A_USER
def test_killed(sessions: Sessions, project: Path, as_user: Account) -> None:
    """What was decided before nono is killed is there, and whole."""
    script = "touch made; echo ready > fifo; sleep 100"
    os.mkfifo(project / "fifo")
    os.chown(project / "fifo", as_user.uid, as_user.gid)
    command = [as_user.python, "-P", "-m", "nono.supervisor", *RUN, "--", "sh", "-c", script]
    switch = as_user.uid != os.geteuid()
    process = subprocess.Popen(
        command,
        cwd=project,
        env={**as_user.environment, **sessions.env},
        user=as_user.uid if switch else None,
        group=as_user.gid if switch else None,
        extra_groups=[] if switch else None,
    )
    assert (project / "fifo").read_text() == "ready\n"
    running = sessions("audit", "list").stdout
    assert "  running " in running
    assert sessions("audit", "cleanup", "--keep", "0").stdout == "0 sessions removed (--keep 0)\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    # Its lock goes with the last process that holds it.
    limit = time.monotonic() + 60
    while "  killed " not in sessions("audit", "list").stdout and time.monotonic() < limit:
        time.sleep(0.05)
    assert "  killed " in sessions("audit", "list").stdout
    checked = sessions("audit", "verify")
    assert checked.returncode == 0
    assert "nono was killed" in checked.stdout
    changes = sessions.decisions("PathChange")
    assert str(project / "made") in {each["request"]["path"] for each in changes}
    assert sessions("audit", "cleanup", "--keep", "0").stdout == "1 session removed (--keep 0)\n"
    assert sessions(*RUN, "--no-audit", "--", "true").returncode == 0
    left = [*(sessions.directory.parent / "running").iterdir()]
    assert left == []  # the next run has removed its TMPDIR


def test_a_place_that_cannot_be_had(sessions: Sessions, project: Path, as_user: Account) -> None:
    as_user.directory(sessions.directory.parent, 0o700)
    as_user.directory(sessions.directory, 0o777)
    done = sessions(*RUN, "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "there is no audit" in done.stderr
    assert "others may write there" in done.stderr
    required = sessions(*RUN, "--audit=required", "--", "echo", "ran")
    assert (required.returncode, required.stdout) == (125, "")
    assert "hint: leave out --audit=required" in required.stderr


REACH = program_beside(__file__, "reach.py")


def test_no_program_reaches_the_records(
    sessions: Sessions, as_user: Account, project: Path
) -> None:
    sessions(*RUN, "--", "true")
    before = {path: (path / "records").read_bytes() for path in sessions.paths()}
    home = f"--allow={as_user.home}"
    done = sessions(*RUN, home, "--", "python3", "-c", REACH, sessions.directory)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 8
    assert not [line for line in lines if line.endswith("WON")]
    assert {path: (path / "records").read_bytes() for path in before} == before
    assert all(sessions("audit", "verify", path.name).returncode == 0 for path in sessions.paths())


@BY_A_USER
def test_two_at_once(sessions: Sessions, as_user: Account, project: Path) -> None:
    command = [as_user.python, "-P", "-m", "nono.supervisor", *RUN, "--", "sh", "-c", "cat /root/x"]
    switch = as_user.uid != os.geteuid()
    running = [
        subprocess.Popen(
            command,
            cwd=project,
            env={**as_user.environment, **sessions.env},
            stderr=subprocess.DEVNULL,
            user=as_user.uid if switch else None,
            group=as_user.gid if switch else None,
            extra_groups=[] if switch else None,
        )
        for _ in range(4)
    ]
    assert [process.wait(60) for process in running] == [1] * 4
    assert len(sessions.paths()) == 4
    for path in sessions.paths():
        assert sessions("audit", "verify", path.name).returncode == 0


@BY_A_USER
def test_cleanup(sessions: Sessions) -> None:
    for _ in range(3):
        sessions(*RUN, "--", "true")
    names = [path.name for path in sessions.paths()]
    assert sessions("audit", "cleanup", "--keep", "1").stdout == "2 sessions removed (--keep 1)\n"
    assert [path.name for path in sessions.paths()] == names[-1:]


@BY_A_USER
def test_what_was_never_run(sessions: Sessions) -> None:
    assert sessions(*RUN, "--", "no-such-command").returncode == 127
    listed = sessions("audit", "list").stdout.splitlines()[1:]
    assert all(" ended " in line for line in listed)
    assert json.dumps(sessions.export()[-1]["kind"]) == '"end"'


@BY_A_USER
def test_the_library_keeps_an_audit_when_asked(as_user: Account, sessions: Sessions) -> None:
    program = (
        "import sys\n"
        "from nono.supervisor import AuditOptions, run\n"
        "from nono.broker import Policy\n"
        "from nono.supervisor import Options, make_plan\n"
        "policy = make_plan(Options()).policy\n"
        "for audit in (None, AuditOptions()):\n"
        "    done = run(['cat', '/root/x'], policy, audit=audit, capture_output=True)\n"
        "    assert done.returncode == 1\n"
    )
    done = as_user(as_user.python, "-P", "-c", program, env=sessions.env)
    assert done.returncode == 0, done.stderr
    assert len(sessions.paths()) == 1
    assert sessions("audit", "verify").returncode == 0
    assert sys.version_info >= (3, 11)
