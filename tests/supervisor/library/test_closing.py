"""A sandbox that is closed while somebody waits for a program in it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import nono

pytestmark = pytest.mark.requires(landlock=2)


def test_whoever_waits_is_told(tmp_path: Path) -> None:
    """With its output read, too, for which tasks of their own wait beside."""
    found: list[BaseException] = []
    with nono.Sandbox(nono.Policy().workdir(tmp_path, allow=True)) as box:
        process = box.start(["sleep", "60"], stdout=nono.PIPE, stderr=nono.PIPE)

        def wait() -> None:
            try:
                process.complete()
            except BaseException as error:
                found.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
    waiting.join(30)
    assert [type(each) for each in found] == [nono.BrokenError], found


HOST = """
import os, signal, nono
with nono.Sandbox(nono.Policy()) as box:
    reader, sleeper = box.start(["cat"], stdin=nono.PIPE), box.start(["sleep", "1000"])
    fork = os.fork()
    if not fork:
        os.close(1)
        signal.pause()
    try:
        reader.stdin.close()
        print(reader.wait(20), fork, sleeper.pid, box.tmpdir, flush=True)
    except BaseException:
        os.kill(fork, signal.SIGKILL)
        raise
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_fork_of_the_host_keeps_nothing_alive(tmp_path: Path) -> None:
    """A program in it sees the end of its input, and all ends with the host itself."""
    host = (sys.executable, "-c", HOST)
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(host, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        status, fork, sleeper, tmpdir = process.stdout.read().split()
    try:
        assert (status, process.returncode) == ("0", -signal.SIGKILL)
        deadline = time.monotonic() + 60
        while state(sleeper) not in ("", "Z") and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state(sleeper) in ("", "Z") and state(fork) == "S"
        subprocess.run([sys.executable, "-c", AGAIN], env=env, check=True)
        assert not os.path.exists(tmpdir), "it was left by a sandbox that is no more"
    finally:
        os.kill(int(fork), signal.SIGKILL)


AGAIN = "import nono; nono.run(['true'])"


def state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
