"""Programs that make terminals of their own: openpty, forkpty, script(1)."""

from pathlib import Path

import pytest

from tests.conftest import Account, program_beside
from tests.programs.conftest import Alike

OPENPTY = program_beside(__file__, "openpty.py")
DIALOGUES = program_beside(__file__, "dialogues.py")


def test_openpty(alike: Alike) -> None:
    assert alike("python3", "-c", OPENPTY).returncode == 0


CONTAINERS_DEV = """
mount -t tmpfs -o mode=755 none /dev
mkdir /dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
ln -s /proc/self/fd /dev/fd
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/tty c 5 0
exec "$@"
"""


@pytest.mark.requires(commands=["unshare", "mount"])
def test_where_ptmx_is_a_link(root: Account, tmp_path: Path) -> None:
    """As in every container: /dev/ptmx is a link to the multiplexer of its own devpts."""
    nono = (root.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd")
    words = ("unshare", "--mount", "sh", "-ec", CONTAINERS_DEV, "sh", *nono, "--")
    done = root(*words, "python3", "-c", OPENPTY, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


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
