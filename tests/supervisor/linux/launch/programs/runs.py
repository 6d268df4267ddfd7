"""What a program of `nono run` finds of its start, and what is told of it: to be compared."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

STATUS = ("SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")
LOOK = """
import json, os, resource, sys
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
found = {name: fields[name].strip() for name in (%r)}
umask = os.umask(0)
here = [fd for fd in range(100) if os.path.exists("/proc/self/fd/%%d" %% fd)]
print(json.dumps([found, umask, os.getcwd(), here, os.nice(0), os.getpgrp() == os.getpid(),
    os.getsid(0) == os.getppid(), os.path.exists("/dev/tty"), os.getpriority(os.PRIO_PROCESS, 0),
    [resource.getrlimit(each) for each in range(16) if each != resource.RLIMIT_CPU],
    os.environb.get(b"ODD", b"").hex(), [os.fsencode(each).hex() for each in sys.argv]]))
""" % (STATUS,)
PYTHON = "/usr/bin/python3"
NONO = (sys.executable, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "--env-allow", "ODD")

os.mkdir("sub")
for name, content, mode in [
    ("no-interpreter", "#!/no/such/interpreter\n", 0o755),
    ("not-executable", "#!/bin/sh\n", 0o644),
    ("no-program", "\0\0\0\0", 0o755),
    ("sub/script", "#!/bin/sh\necho script $0 $@\n", 0o755),
]:
    Path(name).write_text(content)
    os.chmod(name, mode)


def attempt(*argv, options=(), path=None, closed=""):
    env = {**os.environ, "ODD": odd, **({} if path is None else {"PATH": path})}
    command = [*NONO, *options, "--", *argv]
    if closed:
        command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command]
    done = subprocess.run(command, capture_output=True, env=env, preexec_fn=of_another)
    return [done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()]


def of_another():
    os.umask(0o027)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGRTMIN})
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, 600))
    os.nice(1)


odd = os.fsdecode(b"\xff\xfe odd")
here, usual = os.getcwd(), "/usr/bin:/bin"
found = {
    "looks": attempt(PYTHON, "-S", "-c", LOOK, odd, "", "a b"),
    "looks alone": attempt(PYTHON, "-S", "-c", LOOK, options=["--floor-only"]),
    "in a directory": attempt(PYTHON, "-S", "-c", LOOK, options=["--workdir", "sub"]),
    "with a limit": attempt(PYTHON, "-S", "-c", LOOK, options=["--max-open-files=64"]),
    "without input": attempt("sh", "-c", "ls /proc/self/fd", closed="<&-"),
    "without an output": attempt("sh", "-c", "ls /proc/self/fd >&2", closed=">&-"),
    "without any": attempt("sh", "-c", "exit 4", closed="<&- >&- 2>&-"),
    "status": attempt("sh", "-c", "exit 7"),
    "signal": attempt("sh", "-c", "kill -9 $$"),
    "time": attempt("sleep", "1000", options=["--timeout=0.3"]),
    "what is left": attempt("sh", "-c", "setsid sleep 1000 & echo left"),
    "not found": attempt("no-such-command"),
    "not found with a slash": attempt("./no-such-command"),
    "a directory": attempt("./sub"),
    "not executable": attempt("./not-executable"),
    "no interpreter": attempt("./no-interpreter"),
    "no program": attempt("./no-program"),
    "on PATH": attempt("script", "x", path=f"/none:{here}/sub:{usual}"),
    "many arguments": attempt("sh", "-c", "echo $#", "-", *("x" * 5000)),
}
print(json.dumps(found, indent=1, sort_keys=True))
