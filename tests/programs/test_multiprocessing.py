"""Python's own machinery for processes, threads, temporary files and shared memory."""

import pytest

from tests.programs.conftest import Alike

POOL = r"""
import multiprocessing as mp, os, sys

def square(number):
    return number * number

def record(lock, counter, path):
    with lock, open(path, "a") as file:
        counter.value += 1
        file.write(f"{counter.value}\n")

if __name__ == "__main__":
    mp.set_start_method(sys.argv[1])
    with mp.Pool(3) as pool:
        print(pool.map(square, range(10)))
    lock, counter = mp.Lock(), mp.Value("i", 0)
    workers = [mp.Process(target=record, args=(lock, counter, "log")) for _ in range(5)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print(counter.value, [worker.exitcode for worker in workers], open("log").read().split())
    queue = mp.Queue()
    other = mp.Process(target=queue.put, args=("from the child",))
    other.start(); print(queue.get()); other.join()
"""

MANAGER = """
import multiprocessing as mp
from multiprocessing.managers import SharedMemoryManager
from multiprocessing.shared_memory import SharedMemory

def fill(name, shared, items, gate):
    memory = SharedMemory(name)
    memory.buf[:5] = b"hello"
    memory.close()
    shared["key"] = len(items)
    gate.release()

if __name__ == "__main__":
    memory = SharedMemory(create=True, size=1 << 16)
    gate = mp.Semaphore(0)
    with mp.Manager() as manager:
        shared, items = manager.dict(), manager.list(range(7))
        worker = mp.Process(target=fill, args=(memory.name, shared, items, gate))
        worker.start(); gate.acquire(); worker.join()
        print(dict(shared), bytes(memory.buf[:5]), manager.Queue().empty())
    memory.close(); memory.unlink()
    with SharedMemoryManager() as manager:
        print(list(manager.ShareableList([1, "two", 3.0])))
    try:
        SharedMemory(memory.name)
    except FileNotFoundError:
        print("gone")
"""

FILES = """
import os, shutil, stat, tempfile
print(os.path.isdir(tempfile.gettempdir()), tempfile.gettempdir() == os.path.realpath(os.environ.get("TMPDIR", "/tmp")))
for directory in (None, ".", "/tmp", "/var/tmp", "/dev/shm"):
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(b"a"); file.seek(0); print(file.read(), stat.filemode(os.fstat(file.fileno()).st_mode))
    with tempfile.NamedTemporaryFile("w+", dir=directory) as file:
        file.write("b"); file.flush(); print(open(file.name).read(), stat.filemode(os.stat(file.name).st_mode))
    with tempfile.TemporaryDirectory(dir=directory) as name:
        os.makedirs(f"{name}/a/b"); shutil.copy(__file__, f"{name}/a/b"); os.chmod(f"{name}/a", 0o711)
        os.symlink("a", f"{name}/link"); os.link(f"{name}/a/b/files.py", f"{name}/hard")
        os.rename(f"{name}/a/b", f"{name}/b"); os.utime(f"{name}/b/files.py", (1, 2))
        print(sorted(os.listdir(name)), os.stat(f"{name}/hard").st_mtime, os.stat(f"{name}/hard").st_nlink)
    with tempfile.SpooledTemporaryFile(max_size=10, dir=directory) as file:
        file.write(b"0" * 20); file.seek(0); print(len(file.read()))
    fd = os.open(directory or tempfile.gettempdir(), os.O_TMPFILE | os.O_RDWR, 0o640)
    os.write(fd, b"c"); print(stat.filemode(os.fstat(fd).st_mode), os.pread(fd, 9, 0)); os.close(fd)
"""

THREADS = """
import os, threading
gate, wrong = threading.Barrier(50), []

def work(number):
    gate.wait()
    for turn in range(20):
        path = f"out/{number}.{turn}"
        with open(path, "w") as file:
            file.write(path)
        os.rename(path, path + ".done")
        with open(path + ".done") as file, open("/etc/hosts") as hosts:
            if file.read() != path or not hosts.readable():
                wrong.append(path)
        shared = f"/tmp/nono-test-{os.getpid()}-{number}"
        with open(shared, "x") as file:
            file.write("x")
        os.unlink(shared)
        try:
            open(f"out/{number}.missing")
        except FileNotFoundError:
            continue
        wrong.append(f"{number}.missing")

os.mkdir("out")
threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(os.listdir("out")), wrong)
"""

CHILDREN = r"""
import asyncio, os, subprocess, sys
run = subprocess.run
print(run(["sort"], input=b"b\na\n", capture_output=True).stdout)
print(run("echo $0 | cat; exit 5", shell=True, capture_output=True).returncode)
print(run([sys.executable, "-c", "print(input())"], input="in", text=True, capture_output=True).stdout)
with open("out", "w") as file:
    run(["ls", "-d", "."], stdout=file, cwd="/", start_new_session=True, close_fds=True, umask=0o77)
reader, writer = os.pipe()
run(["sh", "-c", f"echo passed >&{writer}"], pass_fds=[writer]); print(os.read(reader, 20))
with subprocess.Popen(["sleep", "60"]) as process:
    process.terminate(); print(process.wait())
try:
    run(["/missing"])
except FileNotFoundError as error:
    print(error)
try:
    run(["./out"])
except PermissionError as error:
    print(error)
try:
    run(["sleep", "60"], timeout=0.05)
except subprocess.TimeoutExpired:
    print("over time")
print(os.waitstatus_to_exitcode(os.system("exit 3")), os.popen("echo popen").read())
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 4"], os.environ); print(os.waitpid(pid, 0)[1] >> 8)

async def many():
    made = [await asyncio.create_subprocess_exec("echo", str(n), stdout=-1) for n in range(5)]
    print([(await each.communicate())[0] for each in made])

asyncio.run(many())
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(alike: Alike, method: str) -> None:
    done = alike("python3", "pool.py", method, files={"pool.py": POOL})
    assert (done.returncode, "from the child" in done.stdout) == (0, True)


def test_managers_semaphores_and_shared_memory(alike: Alike) -> None:
    done = alike("python3", "manager.py", files={"manager.py": MANAGER})
    assert (done.returncode, "gone" in done.stdout) == (0, True)


def test_temporary_files(alike: Alike) -> None:
    assert alike("python3", "files.py", files={"files.py": FILES}).returncode == 0


def test_fifty_threads_opening_files_at_once(alike: Alike) -> None:
    assert alike("python3", "-c", THREADS).stdout == "1000 []\n"


def test_subprocesses(alike: Alike) -> None:
    done = alike("python3", "-c", CHILDREN)
    assert (done.returncode, "over time" in done.stdout) == (0, True)
