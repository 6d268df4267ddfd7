"""The library that programs load first: their opens for reading are the kernel's."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from nono.supervisor.linux.launch.running import with_library
from tests.conftest import TIMEOUT, Account, Nono, program_beside

CHECKED = """
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    free(malloc(10));
    puts(open("checked.c", O_RDONLY) < 0 ? "not found" : "found");
}
"""
OPEN = program_beside(__file__, "open_marked.py")
BOTH = program_beside(__file__, "open_both.py")


@pytest.mark.requires(landlock=2, commands=["gcc"], preload=True)
def test_opens_for_reading_go_on_while_nono_is_stopped(as_user: Account, project: Path) -> None:
    """And what the kernel refuses then is decided by nono, once, and told of once."""
    as_user.file(project / "note", "a note")
    as_user.file(project / "refused", "a secret")
    command = ("/usr/bin/python3", "-I", "-S", "-c", OPEN, project / "note", project / "refused")
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--preload", "--json")
    with subprocess.Popen(
        [*nono, "--allow-cwd", "--deny", "refused", "--", *command],
        cwd=project,
        env=as_user.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        **as_user.switch,
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "True\n"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "a note No such file or directory\n"
        process.send_signal(signal.SIGCONT)
        said, report = process.communicate("\n", timeout=TIMEOUT)
    assert said.splitlines() == [
        *("Operation not permitted Operation not permitted written x", "True True"),
        *("a note False", "a note False", "a note True"),
    ]
    assert process.returncode == 0
    refused = json.loads(report.splitlines()[-1])["denials"]
    assert [(each["path"], each["count"]) for each in refused] == [(str(project / "refused"), 2)]


@pytest.mark.requires(landlock=2, commands=["gcc"], preload=True)
def test_every_open_ends_as_it_does_without_the_mark(as_user: Account, project: Path) -> None:
    """The same file with the same flags, or the same errno: inside, beyond and between rules."""
    work, other = as_user.directory(project / "work"), as_user.directory(project / "other")
    for name in ("plain", "denied", "kept", "carved/inner", "vault/inner", "carved/refused"):
        as_user.file(work / name, "x")
        as_user.file(other / name, "x")
    for directory in (work, other):
        for link, target in (("link", "plain"), ("to-denied", "denied"), ("loop", "loop")):
            (directory / link).symlink_to(target)
        (directory / "dangling").symlink_to("absent")
        os.link(directory / "plain", directory / "hard")
        os.mkfifo(directory / "fifo")
        (directory / "kept").chmod(0o111)
    denied = ("denied", "vault", "carved/refused", "later", other / "denied", other / "vault")
    options: list[str | Path] = ["--allow-cwd", "--read", other, "--deny-write", "kept"]
    options += [word for each in denied for word in ("--deny", each)]
    places = [work, work / "carved", work / "vault", other, other / "vault", project / "none"]
    options += ["--", "/usr/bin/python3", "-I", "-S", "-c", BOTH, *places]
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--quiet", "--preload")
    done = as_user(*nono, *options, cwd=work)
    assert (done.returncode, done.stdout) == (0, "opened True refused True\n"), done.stderr


@pytest.mark.requires(landlock=2, commands=["gcc"], preload=True)
def test_programs_with_a_sanitizer(nono: Nono, project: Path) -> None:
    """One that has ASan loads its library first; one that has it in itself finds no other."""
    (project / "checked.c").write_text(CHECKED)
    checked: list[str | Path] = ["gcc", "-fsanitize=address", "-o", project / "checked"]
    subprocess.run([*checked, project / "checked.c"], check=True)
    script = (
        "./checked && ! grep libasan.so /proc/self/maps && grep -o libpreload.so /proc/self/maps"
    )
    env = {"ASAN_OPTIONS": "detect_leaks=0"}  # which takes ptrace(2)
    done = nono("run", "--preload", "--allow-cwd", "--", "sh", "-c", script, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == {"found", "libpreload.so"}


def test_what_is_named_already_comes_first() -> None:
    ours = "/place/shims/linux/libpreload.so"
    assert with_library({"A": "b"}, "") == {"A": "b"}
    assert with_library({"LD_PRELOAD": "/a.so b.so"}, "") == {"LD_PRELOAD": "/a.so b.so"}
    assert with_library({"A": "b"}, ours) == {"A": "b", "LD_PRELOAD": ours}
    for empty in ("", " ", ":"):
        assert with_library({"LD_PRELOAD": empty}, ours)["LD_PRELOAD"].strip(": ") == ours
    for named in ("/own.so", "/one.so two.so", "/one.so:two.so"):
        assert with_library({"LD_PRELOAD": named}, ours) == {"LD_PRELOAD": f"{named}:{ours}"}
        outer = with_library({"LD_PRELOAD": named}, f"/outer{ours}")
        inner = with_library(outer, ours)["LD_PRELOAD"]
        assert inner == f"{named}:{ours}".replace(" ", ":")
        assert with_library(outer, "") == {"LD_PRELOAD": named.replace(" ", ":")}
    assert with_library(with_library({}, ours), "") == {}


def test_whole_rooms_of_tests_can_do_without_it(nono: Nono) -> None:
    shown = ("run", "--quiet", "--preload", "--", "/usr/bin/printenv", "LD_PRELOAD")
    assert nono(*shown, env={"NONO_PRELOAD": "no"}).stdout == ""
    assert nono(*shown, env={"NONO_PRELOAD": ""}).stdout.endswith("/libpreload.so\n")
