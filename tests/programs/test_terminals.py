"""Programs that make terminals of their own: openpty, forkpty, script(1)."""

import pytest

from tests.programs.conftest import Alike

OPENPTY = r"""
import os, re, stat, subprocess, sys, termios, tty
if os.getsid(0) == os.getpid():  # the terminal would become its own, and hang it up
    if os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
leader, follower = os.openpty()
name = os.ttyname(follower)
print(re.sub(r"\d+", "N", name), stat.filemode(os.stat(name).st_mode), os.isatty(follower))
with open(name, "r+b", buffering=0) as again:
    os.write(leader, b"typed\n"); print(again.read(100), os.read(leader, 100))
tty.setraw(follower)
attributes = termios.tcgetattr(follower)
termios.tcsetwinsize(follower, (20, 50)); print(termios.tcgetwinsize(leader))
os.chmod(name, 0o600); os.utime(name)
done = subprocess.run(["stty", "size"], stdin=follower, capture_output=True); print(done.stdout)
os.write(follower, b"raw\n"); print(os.read(leader, 100))
with open(name, "wb", buffering=0) as again, open(f"/dev/fd/{follower}", "wb") as by_fd:
    again.write(b"by name"); print(os.read(leader, 100))
os.close(follower); os.close(leader)
"""

DIALOGUES = r"""
import os, pty, sys

def dialogue(command, *lines):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    for expected, answer in lines:
        said = b""
        while expected not in said:
            try:
                said += os.read(terminal, 1000)
            except OSError as error:  # EIO: hung up
                raise EOFError(said) from error
        os.write(terminal, answer)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return status

ask = "printf 'name? '; read name; printf 'hello %s\\nage? ' $name; read age; exit $age"
print(dialogue(["sh", "-c", ask], (b"name? ", b"world\n"), (b"hello world\r\nage? ", b"41\n")))
wait = "trap 'exit 5' INT; tty > /dev/tty; while :; do sleep 1; done"
print(dialogue(["sh", "-c", wait], (b"/dev/pts/", b"\x03")))
shell = ["env", "PS1=> ", "HISTFILE=", "bash", "--norc", "--noprofile", "-i"]
print(dialogue(shell, (b"> ", b"echo $((6 * 7))\n"), (b"\n42", b"sleep 600 | cat & jobs\n"),
               (b"Running", b"kill %1; wait %1\n"), (b"Terminated", b"exit 6\n")))
secret = "import getpass; print(len(getpass.getpass('secret? ')), flush=True)"
print(dialogue([sys.executable, "-c", secret], (b"secret? ", b"12345\n"), (b"5", b"")))
print(dialogue(["sh", "-c", "printf ready; read x"], (b"ready", b"\x04")))
"""


def test_openpty(alike: Alike) -> None:
    assert alike("python3", "-c", OPENPTY).returncode == 0


def test_a_dialogue_on_a_terminal(alike: Alike) -> None:
    done = alike("python3", "-c", DIALOGUES)
    assert done.stdout == "41\n5\n6\n0\n1\n"


@pytest.mark.requires(commands=["script"])
def test_script_records_a_session(alike: Alike) -> None:
    command = "tty | sed s/[0-9]*$//; stty size; echo to the terminal > /dev/tty; exit 6"
    done = alike("script", "-qec", command, "typescript", volatile=["typescript"])
    assert (done.returncode, done.stdout) == (6, "/dev/pts/\n0 0\nto the terminal\n")


@pytest.mark.requires(commands=["script"])
def test_many_terminals_one_after_the_other(alike: Alike) -> None:
    script = "for i in 1 2 3 4 5 6 7 8; do script -qc 'test -t 0 && echo $0' /dev/null; done"
    assert alike("sh", "-c", script).returncode == 0
