"""A program as it is started on a Mac, and how it ends: on Linux, with a library that records."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from nono.supervisor.macos.on_disk import path_on_disk
from tests.conftest import UMASK
from tests.seatbelt.conftest import SECONDS, Mac
from tests.seatbelt.evaluator import READINGS, Asked, parse

pytestmark = pytest.mark.long

TELL = """
import json, os, signal, sys
print(json.dumps({
    "argv": sys.argv[1:], "cwd": os.getcwd(), "tmpdir": os.environ["TMPDIR"],
    "is_there": os.path.isdir(os.environ["TMPDIR"]), "env": sorted(os.environ),
    "fds": sorted(map(int, os.listdir("/proc/self/fd")))[:-1], "umask": os.umask(0),
    "session": os.getsid(0) != os.getpid(), "group": os.getpgrp() == os.getpid(),
    "blocked": [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
}))
sys.exit(5)
"""
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for each in range(3): os.close(each)
        open("daemon", "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
while not os.path.exists("daemon") or not open("daemon").read(): time.sleep(0.01)
"""
WAIT = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"asked"), os._exit(7)))
os.write(1, b"ready\\n")
time.sleep(60)
"""


def _is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_what_a_program_is_given(mac: Mac) -> None:
    done = mac("run", "--allow-cwd", "--deny", "key", "--", sys.executable, "-c", TELL, "a b", "é")
    assert done.returncode == 5, done.stderr
    told = json.loads(done.stdout)
    assert told["argv"] == ["a b", "é"]
    assert told["cwd"] == str(mac.project)
    assert told["is_there"] and not os.path.lexists(told["tmpdir"])
    assert os.path.basename(told["tmpdir"]).startswith("nono-")
    assert told["fds"] == [0, 1, 2]
    assert told["session"] and told["group"]  # a job in the session of its guard
    assert told["umask"] == UMASK
    assert told["blocked"] == []
    assert "NONO_FAKE" in told["env"]  # the test's own
    text, parameters = mac.given()
    rules = parse(text, parameters)
    run = os.path.basename(told["tmpdir"]).removeprefix("nono-")
    assert text.startswith(f'(version 1)\n(deny default (with message "nono-{run}"))\n')
    for operation, path, expected in (
        ("file-read-data", f"{mac.project}/a", True),
        ("file-write-data", f"{mac.project}/a", True),
        ("file-read-data", f"{mac.project}/key", False),
        ("file-write-create", f"{told['tmpdir']}/a", True),
        ("file-read-data", f"{mac.home}/.ssh/id_rsa", False),
        ("file-read-data", "/usr/lib/dyld", True),
    ):
        asked = Asked(operation, path_on_disk(path))
        assert {read(rules, asked) for read in READINGS.values()} == {expected}, (operation, path)
    assert f'(global-name "nono.run.nono-{run}")' in text


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        (["no-such-command"], 127, "not found"),
        (["/etc/passwd"], 126, "ermission denied"),
        (["sh", "-c", "kill -9 $$"], -9, ""),
    ],
)
def test_how_it_ends(mac: Mac, command: list[str], status: int, words: str) -> None:
    done = mac("run", "--read", "/etc", "--", *command)
    assert done.returncode == status
    assert words in done.stderr


def test_a_profile_that_the_kernel_does_not_take(mac: Mac) -> None:
    """Nothing is run, and what is said is the library's own words, which are given back."""
    patch = (
        "from nono.shims.macos import sbpl;"
        " sbpl.Profile.text = lambda self: '(version 3)';"
        " from nono.supervisor.cli.main import main;"
        " main(['run', '--', 'touch', 'ran'])"
    )
    done = mac("-c", patch)
    assert done.returncode == 125
    assert "enter the sandbox: sandbox_init(3): unsupported version at line 1" in done.stderr
    assert list(mac.directory.glob("freed.*"))
    assert not (mac.project / "ran").exists()


def test_a_profile_that_ends_libsandbox_is_no_program_that_ended(mac: Mac) -> None:
    """It ends its process where it does not expect so much: nothing was run then."""
    done = mac(
        "-c",
        "from nono.shims.macos import sbpl; sbpl.Profile.text = lambda self:"
        " '(version 1)(allow signal ' + '(x y) ' * 20000 + ')';"
        " from nono.supervisor.cli.main import main; main(['run', '--', 'touch', 'ran'])",
    )
    assert done.returncode == 125
    assert "enter the sandbox: libsandbox ended its process (signal 6)" in done.stderr
    assert not (mac.project / "ran").exists()


def test_there_is_none_inside_of_another(mac: Mac) -> None:
    inner = mac.command("run", "--", "touch", "ran")
    done = mac("run", "--allow-cwd", "--env-allow", "PYTHONPATH", "--", *inner)
    assert done.returncode == 125
    assert "in a sandbox of macOS already" in done.stderr
    assert not (mac.project / "ran").exists()


def test_a_daemon_ends_with_the_run(mac: Mac) -> None:
    done = mac("run", "--allow-cwd", "--", sys.executable, "-c", DAEMON)
    assert done.returncode == 0, done.stderr
    assert _is_gone(int((mac.project / "daemon").read_text()))


def test_everything_ends_when_nono_is_killed(mac: Mac) -> None:
    code = f"{DAEMON}\nprint(os.getpid(), flush=True); time.sleep(60)"
    nono = mac.start("run", "--allow-cwd", "--", sys.executable, "-c", code)
    assert nono.stdout is not None
    program = int(nono.stdout.readline())
    nono.kill()
    nono.wait()
    nono.communicate()
    assert _is_gone(program)
    assert _is_gone(int((mac.project / "daemon").read_text()))


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 7), (signal.SIGINT, -signal.SIGINT)]
)
def test_signals_are_for_the_program(mac: Mac, number: signal.Signals, status: int) -> None:
    nono = mac.start("run", "--", sys.executable, "-c", WAIT)
    assert nono.stdout is not None
    assert nono.stdout.readline() == "ready\n"
    nono.send_signal(number)
    said, errors = nono.communicate(timeout=SECONDS)
    assert nono.returncode == status, errors
    assert ("asked" in said) == (number == signal.SIGTERM)


def test_who_asks_twice_is_heard(mac: Mac) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    deaf += "; time.sleep(60)"
    nono = mac.start("run", "--", sys.executable, "-c", deaf)
    assert nono.stdout is not None
    nono.stdout.readline()
    for _ in range(2):
        nono.send_signal(signal.SIGTERM)
        time.sleep(0.1)
    nono.communicate(timeout=SECONDS)
    assert nono.returncode in (-signal.SIGTERM, -signal.SIGKILL)


def test_the_time_is_up(mac: Mac) -> None:
    done = mac("run", "--timeout", "0.3", "--", "sleep", "60")
    assert done.returncode == 124


def test_a_terminal_of_its_own(mac: Mac) -> None:
    """The program never has the person's, so it can put nothing into it, nor change its modes."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(mac.project)
        (mac.home / "outer").write_text(os.ttyname(0))
        code = (
            "import os, sys, termios; m = termios.tcgetattr(0); m[3] = 0;"
            " termios.tcsetattr(0, 0, m); print(os.ttyname(0), os.isatty(1), os.tcgetpgrp(0) =="
            " os.getpgrp())"
        )
        command = mac.command("run", "--", sys.executable, "-c", code)
        os.execve(command[0], command, {**mac.environment, "TERM": "dumb"})
    before = termios.tcgetattr(master)
    output = b""
    while b"True" not in output:
        output += os.read(master, 4096)
    _, status = os.waitpid(pid, 0)
    said = output.decode().split()
    assert os.waitstatus_to_exitcode(status) == 0
    assert said[-2:] == ["True", "True"]
    assert said[-3].startswith("/dev/pts/") and said[-3] != (mac.home / "outer").read_text()
    assert termios.tcgetattr(master) == before
    os.close(master)


@pytest.mark.requires(commands=["vim", "npm"])
def test_an_editor_in_a_terminal_and_npm(mac: Mac) -> None:
    """What reads keys gets them, and what starts others ends with them."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(mac.project)
        words = "npm --version > version && exec vim -u NONE -n text"
        command = mac.command("run", "--allow-cwd", "--", "sh", "-c", words)
        os.execve(command[0], command, {**mac.environment, "TERM": "xterm"})
    output = b""
    while b"text" not in output:  # its first screen
        output += os.read(master, 4096)
    os.write(master, b"ihello\x1b:wq\r")
    with contextlib.suppress(OSError):  # the end, on Linux
        while os.read(master, 4096):
            pass
    _, status = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (mac.project / "text").read_text() == "hello\n"
    assert (mac.project / "version").read_text().count(".") == 2


def test_the_library(mac: Mac) -> None:
    """Its guard is a Python of its own, since the caller has threads."""
    code = """
from nono.broker import Access, Effect, Origin, OriginKind, Policy, Rule, Subtree
from nono.supervisor import run
import os, sys
flag = Origin(OriginKind.FLAG, "x")
policy = Policy((Rule(Subtree(os.getcwd()), Access.READ, Effect.ALLOW, flag),))
done = run(["sh", "-c", "cat; echo err >&2; exit 4"], policy, input=b"in", capture_output=True)
print(done.returncode, done.stdout, done.stderr)
"""
    done = mac("-c", code)
    assert done.stdout == "4 b'in' b'err\\n'\n", done.stderr
    assert path_on_disk(str(mac.project)) in mac.given()[1].values()


def test_the_machine_is_looked_at(mac: Mac) -> None:
    done = mac("setup", "--check")
    assert done.returncode == 0, done.stdout
    assert "NO  questions about files" in done.stdout
    assert "ok  a sandbox: holds a process, and says so" in done.stdout


def test_without_the_library(mac: Mac) -> None:
    (mac.directory / "libsandbox.so").unlink()
    done = mac("run", "--", "true")
    assert done.returncode == 125
    assert "libsandbox" in done.stderr
    assert subprocess.run(mac.command("setup", "--check"), env=mac.environment).returncode == 1


def test_what_is_refused_is_told_after_a_failure(mac: Mac) -> None:
    target = mac.home / "notes.txt"
    mac.logs(
        f"Sandbox: cat(12) deny(1) file-read-data {target}",
        f"2 duplicate reports for Sandbox: cat(12) deny(1) file-read-data {target}",
        "Sandbox: x(1) deny(1) mach-lookup com.apple.pasteboard.1",
        "Sandbox: x(1) deny(1) file-read-data /x(12) deny(1) file-write-data /etc/passwd",
    )
    done = mac("run", "--", "false")
    assert done.returncode == 1
    assert "nono: 3 calls refused:" in done.stderr
    assert "notes.txt (3 times): " in done.stderr
    assert "refused by macOS: mach-lookup com.apple.pasteboard.1" in done.stderr
    assert "at least these" in done.stderr and "1 of its lines" in done.stderr
    assert "/etc/passwd" not in done.stderr
    assert "refused" not in mac("run", "--", "true").stderr


def test_what_cannot_be_done_there_is_refused(mac: Mac) -> None:
    done = mac("run", "--ask", "--", "true")
    assert done.returncode == 125
    assert "questions about files" in done.stderr and "--best-effort" in done.stderr


def test_hosts_are_reached_by_the_proxy_alone(mac: Mac) -> None:
    """Its port is all that is open, and the variables name it."""
    tell = "import json, os; print(json.dumps(dict(os.environ)))"
    done = mac("run", "--allow-domain", "a.example", "--", sys.executable, "-c", tell)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    port = told["HTTPS_PROXY"].rpartition(":")[2].rstrip("/")
    rules = parse(*mac.given())
    for place, expected in ((f"127.0.0.1:{port}", True), ("127.0.0.1:1", False)):
        asked = Asked("network-outbound", place)
        assert {read(rules, asked) for read in READINGS.values()} == {expected}


def test_a_key_is_not_given_and_the_run_is_recorded(mac: Mac) -> None:
    """The program has a token and the address of nono's proxy, and the audit has the run."""
    (mac.home / "key").write_text("a-real-key")
    (mac.home / "key").chmod(0o600)
    tell = "import json, os; print(json.dumps(dict(os.environ)))"
    service = ("--proxy-credential", f"openai=file://{mac.home}/key")
    done = mac("run", *service, "--", sys.executable, "-c", tell)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "a-real-key" not in done.stdout
    port = int(told["OPENAI_BASE_URL"].removeprefix("http://127.0.0.1:").partition("/")[0])
    rules = parse(*mac.given())
    assert READINGS["D"](rules, Asked("network-outbound", f"127.0.0.1:{port}"))
    assert not READINGS["D"](rules, Asked("file-read-data", path_on_disk(f"{mac.home}/key")))
    told_later = mac("audit", "show", "last")
    assert told_later.returncode == 0, told_later.stderr
    assert sys.executable in told_later.stdout


def test_a_profile_is_learned_from_what_is_refused(mac: Mac) -> None:
    """In rounds: what the log says of the first is in the profile of the second, and what is
    protected in none."""
    for name in ("notes", "id_rsa"):
        path = mac.home / (".ssh" if name == "id_rsa" else "data") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    mac.logs(
        f"Sandbox: cat(12) deny(1) file-read-data {mac.home}/data/notes",
        f"Sandbox: cat(12) deny(1) file-read-data {mac.home}/.ssh/id_rsa",
    )
    said = mac.directory / "said"
    program = f"echo round >&2; until rm {said} 2>/dev/null; do sleep 0.01; done"
    done = mac("learn", "--json", "--", "sh", "-c", program)
    assert done.returncode == 0, done.stderr
    profile = json.loads(done.stdout)
    assert "notes" in json.dumps(profile["filesystem"])
    assert "id_rsa" not in json.dumps(profile)
    assert done.stderr.count("round\n") == 2
