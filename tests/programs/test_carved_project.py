"""A project with something denied in it: nono itself performs what happens beside that.

The programs do not notice: modes, owners and contents are as outside.
"""

import pytest

from tests.programs.conftest import Alike
from tests.programs.test_multiprocessing import THREADS
from tests.programs.test_tools import GIT

FILES = {
    "private/key": "not for the program\n",
    "src/a.txt": "one\n",
    "run.sh": "#!/bin/sh\necho ran\n",
}

GIT_SCRIPT = """
    set -e
    printf 'private\\n' > .gitignore
    git init -q -b main . && git add . && git commit -q -m first
    echo more >> src/a.txt && git commit -q -a -m second
    git checkout -q -b side HEAD~1 && git mv src/a.txt b.txt && git commit -q -m third
    git merge -q --no-edit main && git gc -q && git status --short && git log --format=%s
"""
SQLITE_SCRIPT = """
    printf '%s\\n' 'pragma journal_mode=wal;' 'create table t(x);' 'insert into t values (7);' \\
        '.shell ls' 'select * from t;' 'vacuum;' | sqlite3 test.db
    ls
"""
FILE_SCRIPT = """
    set -e
    umask 027
    mkdir -m 2750 made; echo text > made/file; ln made/file hard; ln -s made/file link; mkfifo fifo
    chmod 604 hard; touch -d 2001-02-03 made/file; touch -h -d 2001-02-03 link
    cp -a src copy; cp --preserve=all run.sh made/; tar -cf all.tar src made && mkdir out
    tar -xpf all.tar -C out; mv out/made moved; mv moved/file here; rm -r out; rmdir copy/../out || :
    truncate -s 100 here; dd if=/dev/zero of=here bs=1 seek=200 count=1 conv=notrunc status=none
    (cat fifo > received) & echo through > fifo; wait; cat received
    sed -i s/one/two/ src/a.txt; sort -o src/a.txt src/a.txt; sh run.sh
    find . -path ./private -prune -o -printf '%M %n %s %p %l\\n' | sort
"""
PYTHON_SCRIPT = """
import ctypes, fcntl, mmap, os, shutil, stat, sys, tempfile
os.umask(0o037)
with open("data", "w+b") as file:
    file.truncate(8192)
    with mmap.mmap(file.fileno(), 0) as memory: memory[:4] = b"text"
    fcntl.flock(file, fcntl.LOCK_EX); fcntl.lockf(file, fcntl.LOCK_EX)
    os.fchmod(file.fileno(), 0o600)
log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o777)
os.write(log, b"a"); os.pwrite(log, b"b", 0)
print(oct(fcntl.fcntl(log, fcntl.F_GETFL)), fcntl.fcntl(log, fcntl.F_GETFD), os.get_inheritable(log))
directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
os.mkdir("sub", dir_fd=directory)
inner = os.open("sub/inner", os.O_RDWR | os.O_CREAT | os.O_EXCL, dir_fd=directory)
os.rename("sub", "renamed", src_dir_fd=directory, dst_dir_fd=directory)
print(open("renamed/inner").read() == "", sorted(os.listdir(directory)), oct(os.fstat(inner).st_mode))
for flags in (os.O_CREAT | os.O_EXCL, os.O_DIRECTORY, os.O_WRONLY | os.O_DIRECTORY):
    try: os.open("data", flags)
    except OSError as error: print(error)
for path in ("missing", "data/", "data/x", "renamed", "x" * 300):
    try: open(path, "r+")
    except OSError as error: print(error)
with tempfile.NamedTemporaryFile(dir=".", delete=False) as file: os.rename(file.name, "kept")
anonymous = os.open(".", os.O_TMPFILE | os.O_RDWR, 0o666)
os.link(f"/proc/self/fd/{anonymous}", "linked", src_dir_fd=directory, follow_symlinks=True)
os.setxattr("data", "user.note", b"value"); print(os.getxattr("data", "user.note"), os.listxattr("data"))
os.utime("data", ns=(1_000_000_001, 2_000_000_002)); print(os.stat("data").st_mtime_ns)
os.makedirs("deep/er/est"); shutil.copytree("deep", "copy"); shutil.rmtree("deep")
os.truncate("data", 5); print(os.stat("data").st_size); os.replace("kept", "data2")
print([stat.filemode(os.lstat(name).st_mode) for name in sorted(os.listdir()) if name != "private"])
"""


@pytest.mark.requires(commands=["git", "sqlite3"])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("sh", "-c", GIT_SCRIPT), id="git"),
        pytest.param(("sh", "-c", SQLITE_SCRIPT), id="sqlite"),
        pytest.param(("bash", "-c", FILE_SCRIPT), id="files"),
        pytest.param(("python3", "-c", PYTHON_SCRIPT), id="python"),
        pytest.param(("python3", "-c", THREADS), id="threads"),
    ],
)
def test_beside_a_denied_directory(alike: Alike, command: tuple[str, ...]) -> None:
    volatile = [".git/*", "*.tar", "*.db"]
    done = alike(*command, files=FILES, options=["--deny", "private"], env=GIT, volatile=volatile)
    assert done.returncode == 0, done.stderr
