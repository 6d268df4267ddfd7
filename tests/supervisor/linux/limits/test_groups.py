"""Control groups of ours: where they are made, that nobody inside leaves them, and their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor.linux.limits import delegation
from nono.supervisor.linux.limits.cgroup import Cgroup, read
from nono.supervisor.linux.limits.delegation import PREFIX
from tests.conftest import TIMEOUT, Account

OWN = delegation.own_group()


def as_a_mount(place: Path, monkeypatch: pytest.MonkeyPatch, own: str, root: str = "/") -> Path:
    """A hierarchy in ordinary files, in which this process is in the group `own`."""
    files = {
        "/proc/self/cgroup": f"8:pids:/x\n0::{own}\n",
        "/proc/self/mountinfo": f"1 2 0:3 {root} {place} rw shared:4 - cgroup2 cgroup2 rw\n",
    }
    monkeypatch.setattr(delegation, "read", lambda path: files.get(path) or read(path))
    monkeypatch.setattr(os.path, "ismount", lambda path: path == str(place))
    return place


def group(directory: Path, enabled: str, available: str = "cpu memory pids") -> None:
    """The files of a group with these controllers for what is made in it."""
    directory.mkdir(exist_ok=True)
    (directory / "cgroup.subtree_control").write_text(enabled)
    (directory / "cgroup.controllers").write_text(available)
    (directory / "cgroup.procs").write_text("")
    (directory / "cgroup.type").write_text("domain\n")


BOTH = frozenset({"memory", "pids"})


def test_beside_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = as_a_mount(tmp_path, monkeypatch, "/app.slice/terminal.scope")
    group(place, "cpu")
    group(place / "app.slice", "memory pids")
    group(place / "app.slice/terminal.scope", "")
    assert delegation.find(BOTH) == str(place / "app.slice")
    (place / "app.slice/cgroup.procs").unlink()  # whoever may not write there moves nobody
    (place / "app.slice/terminal.scope/cgroup.procs").write_text("1\n")
    assert delegation.find(BOTH) is None


def test_in_our_own_where_we_are_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = as_a_mount(tmp_path, monkeypatch, "/outer/own", root="/outer")
    group(place, "cpu")
    own = place / "own"
    group(own, "")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(Cgroup, "made", staticmethod(lambda path: group(Path(path), "")))
    assert delegation.could_be_found(BOTH) == str(own)
    assert not (own / "nono-supervisor").exists()
    assert delegation.find(BOTH) == str(own)
    assert (own / "nono-supervisor/cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"
    (own / f"{PREFIX}1-2-3-4").mkdir()
    delegation.go_back(str(own))  # not while another sandbox needs it
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"
    (own / f"{PREFIX}1-2-3-4").rmdir()
    delegation.go_back(str(own))
    assert (own / "cgroup.subtree_control").read_text() == "-memory -pids"
    assert (own / "cgroup.procs").read_text().startswith(str(os.getpid()))
    (own / "cgroup.subtree_control").write_text("")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n1\n")
    assert delegation.find(BOTH) is None


def test_no_hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_a_mount(tmp_path, monkeypatch, "/../elsewhere")
    assert delegation.find(frozenset()) is None
    monkeypatch.setattr(delegation, "read", lambda path: "")
    assert delegation.find(frozenset()) is None and delegation.could_be_found(BOTH) is None


def test_what_others_left_is_not_ours(tmp_path: Path) -> None:
    """A name of another pid namespace, of a process that lives, and of something else."""
    ours = delegation.name_of_ours()
    namespace = os.stat("/proc/self/ns/pid").st_ino
    gone = f"{PREFIX}4194305-7-{namespace}-x"
    for name in (ours, gone, f"{PREFIX}4194305-7-{namespace + 1}-x", f"{PREFIX}x", "other"):
        (tmp_path / name).mkdir()
    delegation.sweep(str(tmp_path))
    assert gone not in os.listdir(tmp_path) and len(os.listdir(tmp_path)) == 4


@pytest.fixture
def delegated(user: Account) -> Iterator[Path]:
    """A group that the user may do everything in; what is left of it is ended."""
    if OWN is None or os.geteuid():
        pytest.fail("root and a mounted cgroup2 are needed")
    made = Cgroup.made(f"{OWN}/tests-{os.getpid()}")
    place = Path(made.path)
    for path in (place, *(place / f"cgroup.{name}" for name in ("procs", "subtree_control"))):
        os.chown(path, user.uid, user.gid)
    yield place
    made.end()
    assert not place.exists()


def in_group(place: Path, account: Account, *command: str) -> subprocess.Popen[str]:
    """A program of the account's that starts in the group."""
    entering = f'echo $$ > {place}/cgroup.procs; exec "$@"'
    switch = "import os, sys; os.setgroups([]); os.setgid({0}); os.setuid({1}); "
    switch += "os.execvp(sys.argv[1], sys.argv[1:])"
    python = (sys.executable, "-c", switch.format(account.gid, account.uid))
    return subprocess.Popen(
        ["sh", "-c", entering, "sh", *python, *command],
        env=dict(account.environment),
        cwd=account.home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


ESCAPES = r"""
import os, sys
own = open("/proc/self/cgroup").read().partition("0::")[2].strip()
print("own", own)
for mount in "/sys/fs/cgroup", "/sys/fs/cgroup/unified":
    for above in own, os.path.dirname(own), os.path.dirname(os.path.dirname(own)):
        for name in "cgroup.procs", "cgroup.kill", "memory.max", "pids.max", "cgroup.freeze":
            try:
                os.close(os.open(mount + above + "/" + name, os.O_WRONLY))
                print("OPENED", name)
            except OSError:
                pass
        try:
            os.mkdir(mount + above + "/mine")
            print("MADE", above)
        except OSError:
            pass
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        sum(range(1_000_000))
"""


@pytest.mark.requires(landlock=2, root=True)
def test_a_user_with_a_group_of_its_own(delegated: Path, user: Account) -> None:
    """A fork bomb in it spends its time and is gone; what nono left when it was killed goes too."""
    limits = ("--cpu-time", "0.6", "--max-processes", "25", "--allow", "/sys/fs/cgroup")
    nono = (user.python, "-P", "-m", "nono.supervisor", "run", "--no-audit", *limits)
    bomb = in_group(delegated, user, *nono, "--", user.python, "-uc", ESCAPES)
    output, _ = bomb.communicate(timeout=TIMEOUT)
    assert bomb.returncode == -9, output
    assert f"own /{delegated.name}/{PREFIX}" in output.replace(os.fspath(delegated.parent), "")
    assert "OPENED" not in output and "MADE" not in output
    assert "limit of processor time 0.6 s reached" in output
    assert "limit of processes and threads 25 reached" in output
    assert not [each.name for each in delegated.iterdir() if each.name.startswith(PREFIX)]

    killed = in_group(delegated, user, *nono, "--", "sh", "-c", "echo up; exec sleep 1000")
    assert killed.stdout is not None
    while killed.stdout.readline() not in ("up\n", ""):
        pass
    (left,) = delegated.glob(f"{PREFIX}*")
    killed.kill()
    killed.wait()
    deadline = time.monotonic() + TIMEOUT
    while left.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left.exists()
