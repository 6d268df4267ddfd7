"""What a program sees of itself and of the machine: /proc, /dev/stdin, /dev/fd."""

import json

from tests.programs.conftest import Alike

ITSELF = r"""
import os
for self in ("/proc/self", "/proc/thread-self", f"/proc/{os.getpid()}", f"/proc/self/task/{os.getpid()}"):
    read = lambda name: open(f"{self}/{name}", "rb").read()
    assert int(read("stat").split()[0]) == os.getpid()
    assert f"Pid:\t{os.getpid()}\n".encode() in read("status")
    print(read("cmdline"), read("comm"), read("environ").count(b"HOME="), len(read("auxv")))
    print(b"libc" in read("maps"), b"Rss" in read("smaps"), read("statm").count(b" "))
    print(b"Max open files" in read("limits"), len(read("cgroup")) > 0, b" / " in read("mountinfo"))
    print(read("oom_score").strip().isdigit(), b"/proc " in read("mounts"), len(read("io")) > 0)
    print(os.readlink(f"{self}/exe"), os.readlink(f"{self}/cwd") == os.getcwd(), os.readlink(f"{self}/root"))
    print(sorted(os.listdir(f"{self}/fd"))[:3], read(f"fdinfo/0").startswith(b"pos"))
    print(open(f"{self}/cwd/note").read(), open(f"{self}/exe", "rb").read(4), open(f"{self}/root/etc/hosts").read(0))
print(os.listdir("/proc/self/task") == [str(os.getpid())], sorted(os.listdir("/proc/self/ns"))[:2])
with open("/proc/self/comm", "w") as file: file.write("renamed")
print(open("/proc/self/comm").read())
with open("/proc/self/oom_score_adj") as file: print(file.read())
fd = os.open("note", os.O_RDONLY)
os.unlink("note")
print(open(f"/proc/self/fd/{fd}").read(), os.readlink(f"/proc/self/fd/{fd}").endswith("note (deleted)"))
print(flush=True)
child = os.fork()
if child == 0:
    print("parent", open(f"/proc/{os.getppid()}/comm").read(), flush=True); os._exit(0)
os.waitpid(child, 0)
"""

MACHINE = r"""
import os
for name in ("cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems",
             "sys/kernel/osrelease", "sys/kernel/hostname", "sys/kernel/pid_max",
             "sys/vm/overcommit_memory", "sys/kernel/random/boot_id", "sys/fs/nr_open"):
    with open("/proc/" + name) as file:
        text = file.read()
    # What changes by the second is only counted.
    print(name, len(text.split("\n")) if name in ("cpuinfo", "meminfo", "stat", "loadavg", "uptime") else text)
print(os.cpu_count(), len(os.sched_getaffinity(0)), os.sysconf("SC_PHYS_PAGES"))
print(open("/sys/devices/system/cpu/online").read(), sorted(os.listdir("/sys/devices/system/node")))
print(str(os.getpid()) in os.listdir("/proc"))
for device in ("null", "zero", "full", "random", "urandom"):
    with open("/dev/" + device, "rb") as file: print(device, len(file.read(3)))
with open("/dev/null", "w") as file: print(file.write("gone"))
try:
    with open("/dev/full", "w") as file: file.write("x")
except OSError as error: print(error.strerror)
"""

STREAMS = r"""
import os, sys
print(open("/dev/stdin").readline().strip())
with open("/dev/fd/0") as file: print(file.readline().strip())
with open("/proc/self/fd/0") as file: print(file.readline().strip())
for name in ("/dev/stdout", "/dev/fd/1", f"/proc/{os.getpid()}/fd/1"):
    with open(name, "a") as file: file.write(name.replace(str(os.getpid()), "PID") + "\n")
with open("/dev/stderr", "w") as file: file.write("to the errors\n")
reader, writer = os.pipe()
with open(f"/dev/fd/{writer}", "w") as file: file.write("through a pipe")
os.close(writer)
print(open(f"/dev/fd/{reader}").read())
fd = os.memfd_create("memory"); os.write(fd, b"in memory")
with open(f"/proc/self/fd/{fd}", "r+b") as file: print(file.read())
directory = os.open(".", os.O_RDONLY)
print(os.listdir(directory), os.listdir(f"/dev/fd/{directory}"), os.readlink("/dev/fd").startswith("/proc/"))
"""


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


def test_status_of_the_sandboxed(alike: Alike) -> None:
    """Nothing of nono's shows in a program's limits, ids, umask and signals."""
    names = ["Umask", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "SigCgt", "SigPnd", "Threads"]
    script = (
        "import json, os, resource; lines = open('/proc/self/status').read().splitlines();"
        f"print(json.dumps([l for l in lines if l.split(':')[0] in {names}]));"
        "print([resource.getrlimit(n) for n in range(16)], os.getpriority(0, 0), os.getcwd());"
        "print(sorted(os.listdir('/proc/self/fd')), os.isatty(0), sorted(os.environ))"
    )
    done = alike("python3", "-c", script, env={"TMPDIR": "/tmp"})
    assert len(json.loads(done.stdout.splitlines()[0])) == len(names)
