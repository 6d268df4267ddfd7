"""Load, limits and odd names: nono neither hangs nor dies, and the program gets honest errors."""

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=3)

PYTHON = ("/usr/bin/python3", "-c")


def clean(nono: Nono, script: str, *flags: str, timeout: float = 120) -> str:
    """Run a script that must end well; what it printed."""
    done = nono("run", "--allow-cwd", "--json", *flags, "--", *PYTHON, script, timeout=timeout)
    assert done.returncode == 0, done.stderr
    assert '"internal_errors": []' in done.stderr
    return done.stdout


def test_ten_thousand_calls_from_64_threads(nono: Nono) -> None:
    script = """
import os, threading
open("inside", "w").close()
open("/tmp/own-%d" % os.getpid(), "w").close()
count = 0
lock = threading.Lock()
def work(number):
    global count
    for turn in range(53):
        os.close(os.open("inside", os.O_RDONLY))
        os.chmod("inside", 0o600 + (turn & 7))
        try:
            os.open("/etc/shadow", os.O_RDONLY)
        except PermissionError:
            with lock:
                count += 1
threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
[t.start() for t in threads]; [t.join() for t in threads]
os.unlink("/tmp/own-%d" % os.getpid())
print(count)
"""
    assert clean(nono, script).split() == [str(64 * 53)]


NAMES = """
import os
long = "d" * 250
path = ""
while len(path) + 251 < 4096:
    path += long + "/"
path += "x" * (4095 - len(path))
def attempt(path):
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT))
        return "ok"
    except OSError as error:
        return error.strerror
print(len(path), attempt(path))
print(attempt(path + "x"))
print(attempt("x" * 256))
odd = b"new\\nline \\x1b[31m \\xff\\xfe \\xe2\\x80\\xae"
print(attempt(odd), odd in os.listdir(b"."))
print(attempt(b"/etc/" + odd))
print(attempt(b"/" + b"\\xff" * 200))
print(attempt(""))
"""


def test_odd_names(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--", *PYTHON, NAMES)
    assert done.stdout.splitlines() == [
        "4095 No such file or directory",
        "File name too long",
        "File name too long",
        "ok True",
        "Permission denied",
        "Permission denied",
        "No such file or directory",
    ]
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr
    assert "\\x1b[31m" in done.stderr
    assert len(done.stderr.splitlines()) <= 20


def test_a_child_out_of_descriptors(nono: Nono) -> None:
    script = """
import errno, os, resource
open("file", "w").close()
open(f"/tmp/own-{os.getpid()}", "w").close()
resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
for path in ("file", f"/tmp/own-{os.getpid()}"):
    held = []
    try:
        while True:
            held.append(os.open(path, os.O_RDONLY))
    except OSError as error:
        print(errno.errorcode[error.errno], max(held) <= 7)
    for fd in held:
        os.close(fd)
os.close(os.open("file", os.O_RDONLY))
os.unlink(f"/tmp/own-{os.getpid()}")
"""
    assert clean(nono, script).splitlines() == ["EMFILE True", "EMFILE True"]


def test_few_descriptors_for_everybody(as_user: Account, nono: Nono) -> None:
    """nono and the program under a limit of 40: no traceback, no hang, and it works again."""
    script = (
        "import os, threading\n"
        "def work():\n"
        "    for n in range(200):\n"
        "        try: os.close(os.open('/tmp/none', os.O_RDONLY))\n"
        "        except OSError: pass\n"
        "ts = [threading.Thread(target=work) for _ in range(16)]\n"
        "[t.start() for t in ts]; [t.join() for t in ts]\n"
        "open('after', 'w').write('x'); print('end')\n"
    )
    nono_command = f"exec {as_user.python} -P -m nono.supervisor run --allow-cwd -- "
    done = as_user(
        "sh",
        "-c",
        f'ulimit -n 40; cd "$1"; {nono_command} {PYTHON[0]} -c "$2"',
        "sh",
        as_user.directory(as_user.home / "few"),
        script,
    )
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_sigchld_storm(nono: Nono) -> None:
    """Hundreds of orphans that end at once, beside a program that works."""
    script = """
import os
for turn in range(300):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    if turn % 10 == 0:
        open(f"file{turn}", "w").close()
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
print(len(os.listdir(".")))
"""
    assert clean(nono, script) == "30\n"


def test_a_bounded_fork_bomb_ends_with_the_session(nono: Nono, as_user: Account) -> None:
    script = """
import os, time
for generation in range(7):
    os.fork()
time.sleep(0.2)
if os.path.exists("done"):
    time.sleep(600)
try:
    os.close(os.open("done", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    time.sleep(600)
"""
    shell = f"{PYTHON[0]} -c '{script}' & while ! [ -e done ]; do sleep 0.05; done; echo end"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", shell)
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
