"""stdin, stdout and stderr are the program's own: nono reads none, adds nothing, hides nothing."""

import os
import shlex
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Finished, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["bash"])

OPEN_STREAMS = program_beside(__file__, "open_streams.py")


def bash(account: Account, project: Path, script: str) -> Finished:
    """Run a script in which `$nono` runs a command in a sandbox; each step must be seen to fail."""
    nono = f"{shlex.quote(account.python)} -P -m nono.supervisor run --allow-cwd"
    return account("bash", "-o", "pipefail", "-c", script, cwd=project, env={"nono": nono})


@BY_A_USER
def test_every_byte_passes_both_ways(as_user: Account, project: Path) -> None:
    data = project / "data"
    data.write_bytes(os.urandom(1 << 20) + bytes(range(256)))
    os.chown(data, as_user.uid, as_user.gid)
    done = bash(
        as_user, project, "cat data | $nono -- cat | $nono -- cat | cmp - data && echo same"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "same\n", "")


@BY_A_USER
def test_what_the_program_does_not_read_is_left(as_user: Account, project: Path) -> None:
    done = bash(as_user, project, "printf 'one\\ntwo\\n' | { $nono -- head -c 4; cat; }")
    assert done.stdout == "one\ntwo\n"
    as_user.file(project / "lines", "one\ntwo\n")
    done = bash(as_user, project, "{ $nono -- sh -c 'read line; echo $line'; cat; } < lines")
    assert done.stdout == "one\ntwo\n"


@BY_A_USER
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_closed_streams_stay_closed(
    as_user: Account, project: Path, closed: tuple[int, ...]
) -> None:
    as_user.file(project / "streams.py", OPEN_STREAMS)
    closing = " ".join(f"{number}>&-" for number in closed)
    python = "/usr/bin/python3 -S -E streams.py"
    done = bash(as_user, project, f"$nono -- {python} {closing}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    states = ["closed" if number in closed else "open" for number in range(3)]
    assert (project / "streams").read_text().split() == states


def test_nothing_of_nonos_is_open_inside(as_user: Account, project: Path) -> None:
    for closing in ("", "<&-", "<&- >&-"):
        done = bash(as_user, project, f"$nono -- sh -c 'ls -l /proc/$$/fd >&2' {closing}")
        links = [line.split(" -> ")[1] for line in done.stderr.splitlines() if " -> " in line]
        assert not [link for link in links if "anon_inode" in link or "socket" in link], links


@BY_A_USER
def test_the_report_never_goes_to_stdout(as_user: Account, project: Path) -> None:
    done = bash(as_user, project, "$nono -- sh -c ': < /etc/shadow' 2>&-; echo $?")
    assert (done.stdout, done.stderr) == ("2\n", "")


@BY_A_USER
def test_nobody_reads_the_report(as_user: Account, project: Path) -> None:
    """The exit status is the program's, whatever becomes of what nono has to say."""
    script = "$nono -- sh -c 'cat /etc/shadow; exit 5' 2> >(exec true); echo $?"
    done = bash(as_user, project, script)
    assert done.stdout == "5\n"
    done = bash(as_user, project, "$nono --dry-run -- true | true; echo ${PIPESTATUS[0]}")
    assert done.stdout in ("0\n", "1\n")  # by whether `true` ended first
    assert done.stderr == ""
    done = bash(as_user, project, "$nono --dry-run -- true > /dev/full; echo $?")
    assert (done.stdout, len(done.stderr.splitlines())) == ("125\n", 2)
    done = bash(as_user, project, "$nono -- sh -c ': < /etc/shadow' 2> /dev/full; echo $?")
    assert done.stdout == "2\n"


@BY_A_USER
def test_a_stream_that_was_made_non_blocking(as_user: Account, project: Path) -> None:
    """O_NONBLOCK belongs to the open file and stays when the program is gone."""
    script = (
        "import fcntl, os\n"
        "os.set_blocking(2, False)\n"
        "try:\n"
        "    while True: os.write(2, bytes(4096))\n"
        "except BlockingIOError: pass\n"
        "try: open('/etc/shadow')\n"
        "except PermissionError: pass\n"
    )
    as_user.file(project / "fill.py", script)
    done = bash(as_user, project, "$nono -- python3 fill.py 2> >(sleep 0.2; tr -d '\\0' >&1); wait")
    assert "read /etc/shadow" in done.stdout


@BY_A_USER
def test_arguments_and_environment_are_bytes(as_user: Account, project: Path) -> None:
    script = (
        "export ODD=$'\\xff\\n\\x1b[0m'; "
        "$nono -- sh -c 'printf %s \"$ODD$1\"' sh $'\\xfe \\'\\\" $HOME' | od -An -tx1"
    )
    done = bash(as_user, project, script)
    expected = b"\xff\n\x1b[0m\xfe '\" $HOME"
    assert bytes.fromhex(done.stdout) == expected, done.stderr


def test_the_file_mode_mask_and_limits_are_inherited(nono: Nono, as_user: Account) -> None:
    place = as_user.directory(as_user.home / "limits")
    done = bash(as_user, place, "umask 027; ulimit -n 123; $nono -- sh -c 'umask; ulimit -n'")
    assert done.stdout == "0027\n123\n"
