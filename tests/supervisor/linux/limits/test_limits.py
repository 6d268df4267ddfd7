"""Limits hold: as root and as a user, with a control group where this machine gives one."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from nono.supervisor.linux.limits.delegation import PREFIX, could_be_found
from nono.supervisor.linux.limits.scope import BOOTED
from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

GROUPS = could_be_found(frozenset())
"""Where root makes groups here, whatever they can hold; None on a machine without."""
HOG = "import time; a = bytearray(64 << 20); b = a * 8; time.sleep(60)"


def left_behind() -> list[str]:
    """Groups of runs that are over."""
    return [] if GROUPS is None else [e for e in os.listdir(GROUPS) if e.startswith(PREFIX)]


def test_every_way_to_make_a_process_is_counted(nono: Nono, as_user: Account) -> None:
    program = program_beside(__file__, "bombs.py")
    command = ("--", as_user.python, "-u", "-c", program)
    done = nono("run", "--report", "r.json", "--max-processes", "12", "--allow-cwd", *command)
    told = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0, done.stderr
    assert told.pop("fork") == "11 EAGAIN"
    assert told.pop("double") == "10 EAGAIN"
    assert told.pop("threads") == "11"
    assert (told.pop("clone3"), told.pop("namespace")) == ("ENOSYS", "EPERM")
    assert set(told.values()) == {"EAGAIN"}
    assert "nono: limit of processes and threads 12 reached by python" in done.stderr


@BY_A_USER
def test_limits_of_a_process(nono: Nono, as_user: Account, project: Path) -> None:
    program = program_beside(__file__, "open_and_write.py")
    limits = ("--max-open-files", "40", "--max-written", "1M", "--allow-cwd")
    done = nono("run", "--write", "/sys/fs/cgroup", *limits, "--", as_user.python, "-c", program)
    told = [line.rsplit(" ", 1) for line in done.stdout.splitlines()]
    assert ["open", "True"] in told and ["files", "EMFILE"] in told, done
    assert ["write", "EFBIG"] in told and ["truncate", "EFBIG"] in told
    assert ["memfd", "EFBIG"] in told
    refused = {what: how for what, how in told if what.startswith(("raise", "of", "leave", "make"))}
    assert len(refused) > 4 and not set(refused.values()) & {"done"}
    assert (project / "big").stat().st_size == 1 << 20
    assert "20 times a second" in done.stderr
    by_shell = "head -c 3000000 /dev/zero > more; exit $?"
    done = nono("run", *limits, "--", "sh", "-c", by_shell)
    assert done.returncode == 153 and "1 MiB reached by sh" in done.stderr


def test_what_is_written_in_all(nono: Nono, as_user: Account, project: Path) -> None:
    """Also by processes that are gone, and whoever runs it."""
    script = "for i in 1 2 3 4; do (head -c 400000 /dev/zero > f$i); done; sleep 60"
    limits = ("--max-written", "1M", "--no-audit", "--allow-cwd", "--timeout", "50")
    done = nono("run", "--report", "../w.json", *limits, "--", "sh", "-c", script)
    assert done.returncode == -9, done.stderr
    assert "limit of written bytes 1 MiB reached by sh, peak 1" in done.stderr
    assert "killed, with all that it started" in done.stderr
    (told,) = json.loads((project.parent / "w.json").read_text())["limits"]
    (project.parent / "w.json").unlink()
    assert (told["limit"], told["value"], told["ended"]) == ("written", 1 << 20, True)


def test_processor_time(nono: Nono, as_user: Account) -> None:
    """Of all processes together; without a control group it is refused, or looked at."""
    spin = "import os; [os.fork() for _ in (1, 2)]\nwhile True: pass"
    limits = ("--cpu-time", "0.4", "--timeout", "50", "--allow-cwd")
    command = ("--", as_user.python, "-c", spin)
    done = nono("run", *limits, *command)
    if as_user.uid or GROUPS is None:
        assert done.returncode == 125 and "nothing" not in done.stdout
        way = "systemd-run --user --scope" if os.path.isdir(BOOTED) else "--best-effort"
        assert f"hint: {way}" in done.stderr or not as_user.uid
        done = nono("run", "--best-effort", *limits, *command)
    assert done.returncode == -9, done.stderr
    assert "limit of processor time 0.4 s reached by python" in done.stderr
    assert left_behind() == []


@BY_A_USER
def test_processor_time_that_the_kernel_holds(nono: Nono, as_user: Account) -> None:
    """One process is ended by the kernel before anybody has looked, and that is told, too."""
    limits = ("--best-effort", "--cpu-time", "1", "--timeout", "50", "--allow-cwd")
    spin = "import signal, sys\nif sys.argv[1:]: signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
    command = ("--", as_user.python, "-c", f"{spin}while True: pass")
    for ignored in ((), ("ignored",)):
        done = nono("run", *limits, *command, *ignored)
        assert done.returncode in (-9, -signal.SIGXCPU), done.stderr
        assert "limit of processor time 1 s reached by python" in done.stderr
    script = "ulimit -S -t; ulimit -H -t"
    assert nono("run", *limits, "--", "sh", "-c", script).stdout.split() == ["1", "2"]


def test_memory(nono: Nono, as_user: Account, project: Path) -> None:
    """A hog is ended, and nothing else: by its control group, or when it is seen."""
    limits = ("--memory", "100M", "--timeout", "50", "--allow-cwd")
    command = ("--", as_user.python, "-c", HOG)
    done = nono("run", "--report", "r.json", *limits, *command)
    if as_user.uid or could_be_found(frozenset({"memory"})) is None:
        assert done.returncode == 125 and "needs" not in done.stderr
        assert "--memory: no control group of version 2 is delegated to this account" in done.stderr
        assert "nothing was run. With --best-effort each process is held to it" in done.stderr
        done = nono("run", "--best-effort", *limits, "--", as_user.python, "-c", HOG)
        assert "MemoryError" in done.stderr
        small = "import mmap, time; a = mmap.mmap(-1, 300 << 20)\n"
        small += "for i in range(0, 300 << 20, 4096): a[i] = 1\ntime.sleep(60)"
        command = ("--", as_user.python, "-c", small)
        done = nono("run", "--best-effort", "--report", "r2.json", *limits, *command)
    assert done.returncode == -9, done.stderr
    assert "memory limit 100 MiB reached by python" in done.stderr
    assert left_behind() == []


@BY_A_USER
def test_a_profile_and_a_flag(nono: Nono, project: Path) -> None:
    profile = project / "p.json"
    profile.write_text('{"limits": {"open_files": 50, "timeout": "1h", "processes": 20}}')
    show = ("--dry-run", "--profile", "./p.json", "--max-open-files", "33", "--", "true")
    done = nono("run", *show)
    assert "limit of open files 33\n" in done.stdout and "time limit 3600 s" in done.stdout
    assert "limit of processes and threads 20" in done.stdout
    done = nono("run", "--profile", "./p.json", "--", "sh", "-c", "ulimit -n")
    assert done.stdout == "50\n"
    profile.write_text('{"limits": {"memory": "lots", "processes": 0, "cpu": 3}}')
    done = nono("run", "--profile", "./p.json", "--", "true")
    for said in ("limits.memory: 'lots' is no size", "limits.processes: 0 is no whole number"):
        assert said in done.stderr
    assert done.returncode == 125
    done = nono("run", "--memory", "lots", "--", "true")
    assert done.returncode == 125 and "--memory: 'lots' is no size above 0" in done.stderr
    done = nono("run", "--floor-only", "--max-processes", "9", "--", "true")
    assert done.returncode == 125 and "--max-processes: " in done.stderr


@BY_A_USER
@pytest.mark.parametrize("name", ["library.py", "counted_from_the_start.py"])
def test_a_sandbox_that_stays_open(as_user: Account, project: Path, name: str) -> None:
    program = program_beside(__file__, name)
    done = as_user(as_user.python, "-P", "-c", program, cwd=project)
    assert done.stdout == "done\n", done.stderr
