"""What a program of the library finds of its start: printed, to be compared."""

import json
import os
import signal
import sys
from pathlib import Path

from nono.supervisor import Options, make_plan, open_sandbox, run
import trio

STATUS = ("SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
LOOK = """
import json, os, resource
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {name: fields[name].strip() for name in (%r)}
umask = os.umask(0)
print(json.dumps([found, umask, os.getcwd(), sorted(os.listdir("/proc/self/fd")), os.nice(0),
    os.getpid() == os.getpgrp(), os.getsid(0) == os.getppid(), os.getpgrp() == os.getppid(),
    os.path.exists("/dev/tty"), resource.getrlimit(resource.RLIMIT_NOFILE), dict(os.environb) and
    sorted(os.environb.get(b"ODD", b"")), [os.fsencode(each).hex() for each in os.sys.argv]]))
""" % (STATUS,)
PYTHON = "/usr/bin/python3"

os.makedirs("sub/empty-dir")
for name, content, mode in [
    ("no-interpreter", "#!/no/such/interpreter\n", 0o755),
    ("not-executable", "#!/bin/sh\n", 0o644),
    ("no-program", "\0\0\0\0", 0o755),
    ("sub/script", "#!/bin/sh\necho script $0 $@\n", 0o755),
    ("sub/not-executable", "", 0o644),
]:
    Path(name).write_text(content)
    os.chmod(name, mode)
policy = make_plan(Options(allow_cwd=True), [PYTHON]).policy
here = os.getcwd()


def attempt(argv, **how):
    try:
        done = run(argv, policy, capture_output=True, **how)
        return [done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()]
    except Exception as error:
        return [type(error).__name__, str(error)]


def path(*directories):
    return {**os.environ, "PATH": ":".join(directories)}


async def init_of_a_program():
    async with open_sandbox(policy) as box, trio.open_nursery() as nursery:
        nursery.start_soon(box.run, ["sh", "-c", ": > up; exec sleep 1000"])
        while not os.path.exists("up"):
            await trio.sleep(0.01)
        (pid,) = [
            pid
            for pid in filter(str.isdecimal, os.listdir("/proc"))
            if name_of(pid) == "nono-init" and is_below(int(pid))
        ]
        fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
        nursery.cancel_scope.cancel()
        mask = int(fields["SigBlk"], 16) & ~(1 << signal.SIGCHLD - 1)  # C has a signalfd of it
        return [mask, *(fields[each].strip() for each in ("NoNewPrivs", "Threads", "Umask"))]


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def is_below(pid):
    try:
        while pid > 1:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if pid == os.getpid():
                return True
    except OSError:
        pass
    return False


os.umask(0o027)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGRTMIN})
odd = os.fsdecode(b"\xff\xfe odd")
found = {
    "looks": attempt([PYTHON, "-S", "-c", LOOK, odd, "", "a b"], env={**os.environ, "ODD": odd}),
    "in a directory": attempt([PYTHON, "-S", "-c", LOOK], cwd="sub"),
    "directory that is gone": attempt(["true"], cwd="sub/none"),
    "directory that is none": attempt(["true"], cwd="no-program"),
    "status": attempt(["sh", "-c", "exit 7"]),
    "signal": attempt(["sh", "-c", "kill -9 $$"]),
    "default of SIGTERM": attempt(["sh", "-c", "kill $$; sleep 9"]),
    "not found": attempt(["no-such-command"]),
    "not found with a slash": attempt(["./no-such-command"]),
    "no directory on the way": attempt(["./no-program/x"]),
    "a directory": attempt(["./sub"]),
    "not executable": attempt(["./not-executable"]),
    "no interpreter": attempt(["./no-interpreter"]),
    "no program": attempt(["./no-program"]),
    "on PATH": attempt(["script", "x"], env=path("/none", f"{here}/sub", "/usr/bin", "/bin")),
    "on a relative PATH": attempt(["script", "x"], env=path("", "sub", "/usr/bin", "/bin")),
    "on PATH and not executable": attempt(["not-executable"], env=path(f"{here}/sub", "/bin")),
    "long argument": attempt(["true", "x" * (1 << 20)]),
    "arguments of many megabytes": attempt(["true", *["x" * 100_000] * 720]),
    "many arguments": attempt(["sh", "-c", "echo $#", "-", *("x" * 5000)]),
    "init": trio.run(init_of_a_program),
}
print(json.dumps(found, indent=1, sort_keys=True))
servers = [
    Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    for pid in filter(str.isdecimal, os.listdir("/proc"))
    if name_of(pid) == "nono-fork" and is_below(int(pid))
]
print(*("c" if each.startswith(launcher.PROGRAM) else "python" for each in servers))
