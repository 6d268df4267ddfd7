"""What a program sees of itself and of the machine: /proc, /dev/stdin, /dev/fd."""

import json

import pytest

from tests.conftest import Nono, program_beside
from tests.programs.conftest import Alike

ITSELF = program_beside(__file__, "itself.py")
MACHINE = program_beside(__file__, "machine.py")
STREAMS = program_beside(__file__, "streams.py")


def test_a_program_reads_about_itself(alike: Alike) -> None:
    done = alike("python3", "-c", ITSELF, files={"note": "a note"})
    assert (done.returncode, "parent renamed" in done.stdout) == (0, True)


def test_a_program_reads_about_the_machine(alike: Alike) -> None:
    assert alike("python3", "-c", MACHINE).returncode == 0


def test_streams_by_name(alike: Alike) -> None:
    """Through pipes of the sandbox's own: what nono was started with may belong to another user."""
    script = 'printf "1\\n2\\n3\\n" > lines; python3 streams.py < lines 2>errors | cat; cat errors'
    done = alike("sh", "-c", script, files={"streams.py": STREAMS})
    assert (done.returncode, "to the errors" in done.stdout) == (0, True)


POINTED = {"LD_PRELOAD", "MC_TMPDIR", "RAY_TMPDIR", "SCREENDIR", "TMUX_TMPDIR"}
"""Variables that nono sets: its library, and no names of temporary files that everybody trusts."""


def test_status_of_the_sandboxed(alike: Alike) -> None:
    """Nothing of nono's shows in a program's limits, ids, umask and signals."""
    names = ["Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "SigPnd", "Threads"]
    script = (
        f"POINTED = {POINTED};"
        "import json, os, resource; lines = open('/proc/self/status').read().splitlines();"
        f"print(json.dumps([l for l in lines if l.split(':')[0] in {names}]));"
        "print([resource.getrlimit(n) for n in range(16)], os.getpriority(0, 0), os.getcwd());"
        "print(sorted(os.listdir('/proc/self/fd')), os.isatty(0));"
        "print(sorted(os.environ.keys() - POINTED))"
    )
    done = alike("python3", "-c", script, env={"TMPDIR": "/tmp"})
    assert len(json.loads(done.stdout.splitlines()[0])) == len(names)


def test_processes_of_others_are_not_there(nono: Nono) -> None:
    """Whoever lists processes passes them by, and nothing is said of them."""
    lister = program_beside(__file__, "process_lister.py")
    done = nono("run", "--", "/usr/bin/python3", "-I", "-S", "-c", lister)
    assert (done.returncode, done.stdout, done.stderr) == (0, "seen 1\n", "")


@pytest.mark.requires(commands=["ps", "top"])
def test_nor_do_ps_and_top_show_them(nono: Nono) -> None:
    listed = nono("run", "--", "ps", "-e", "-o", "comm=")
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "ps\n", "")
    top = nono("run", "--", "top", "-b", "-n", "1")
    assert (top.returncode, top.stderr) == (0, "")
