"""Shells do under nono what they do outside: pipelines, subshells, here-documents, jobs."""

import pytest

from tests.conftest import program_beside
from tests.programs.conftest import Alike

PIPELINE = program_beside(__file__, "pipeline.sh")

JOBS = r"""
    sleep 60 & echo $(( $! > 0 )); kill %1 2>/dev/null || kill $!; wait $! || echo "ended by $?"
    trap 'echo got USR1' USR1; kill -USR1 $$
    (trap 'echo child; exit 4' TERM; kill -TERM $BASHPID; sleep 60) || echo "status $?"
    for i in 1 2 3 4 5 6 7 8; do (echo $i > job.$i) & done; wait; cat job.*
    yes | head -n 2
    ulimit -n 32; ulimit -n; ulimit -Hn 32; ulimit -n 64 2>/dev/null || echo stays
"""


@pytest.mark.requires(commands=["bash"])
def test_a_bash_pipeline(alike: Alike) -> None:
    done = alike("bash", "-c", PIPELINE)
    assert (done.returncode, "coprocess: hello" in done.stdout) == (0, True)


@pytest.mark.requires(commands=["bash"])
def test_jobs_and_signals(alike: Alike) -> None:
    done = alike("bash", "-c", JOBS)
    assert (done.returncode, "ended by 143" in done.stdout) == (0, True)


def test_a_script_is_found_by_its_first_line(alike: Alike) -> None:
    files = {
        "outer": '#!/bin/sh -e\nexec ./inner "$@"\n',
        "inner": "#!/usr/bin/env -S awk -f\nBEGIN { print ARGC, ARGV[1] }\n",
    }
    assert alike("./outer", "an argument", files=files).stdout == "2 an argument\n"


def test_standard_input_is_passed_through(alike: Alike) -> None:
    script = "read -r line; echo $line; cat | wc -c; echo own | cat /dev/stdin - /dev/fd/0"
    assert alike("sh", "-c", script, input="first\n" + "x" * 100_000).returncode == 0


def test_a_closed_pipe_ends_the_writer(alike: Alike) -> None:
    done = alike("bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[@]}")
    assert done.stdout == "y\n141 0\n"


def test_a_script_that_does_not_exist(alike: Alike) -> None:
    assert alike("sh", "./missing").returncode == 2


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_the_exit_status_is_the_programs(alike: Alike, status: int) -> None:
    assert alike("sh", "-c", f"exit {status}").returncode == status


@pytest.mark.parametrize("signal", ["TERM", "KILL", "SEGV"])
def test_a_signal_that_ends_it_ends_nono(alike: Alike, signal: str) -> None:
    assert alike("sh", "-c", f"ulimit -c 0; kill -{signal} $$").returncode < 0
