"""Become somebody else, get capabilities back, and run what may not be run.

Arguments: a directory to write in, a program that says who it is, the same set-user-ID (of
somebody else if there is a way), a denied file with the right to execute it.
"""

import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from .attempt import AT_EMPTY_PATH, AT_FDCWD, arguments, attempt, call

ALL = 0xFFFFFFFF
VERSION_3 = 0x20080522
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, PR_SET_SECUREBITS, PR_CAPBSET_DROP = 47, 2, 28, 24
PR_SET_NO_NEW_PRIVS = 38
CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH = 21, 19, 2

Made = tuple[str, Callable[[], object]]


def gains() -> Iterator[Made]:
    header = struct.pack("=Ii", VERSION_3, 0)
    yield "capset", lambda: call("capset", header, struct.pack("=6I", *[ALL] * 6))
    for number in (CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH):
        words = (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0)
        yield f"ambient {number}", lambda w=words: call("prctl", *w)
    yield "securebits", lambda: call("prctl", PR_SET_SECUREBITS, 1 << 4, 0, 0, 0)
    yield "new privileges", lambda: call("prctl", PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)
    other = 65534 if os.getuid() == 0 else 0
    yield "setuid", lambda: os.setuid(other)
    yield "setreuid", lambda: os.setreuid(-1, other)
    yield "setgid", lambda: os.setgid(other if os.getuid() == 0 else 0)
    yield "setgroups", lambda: os.setgroups([0, 42])


def executions(work: str, denied: str) -> Iterator[Made]:
    """Run a denied file: by every call, as an interpreter, through the dynamic linker."""
    name, handle = os.fsencode(denied), os.open(denied, os.O_PATH)
    yield "execve", lambda: execute("execve", name, None, None)
    yield "execveat", lambda: execute("execveat", AT_FDCWD, name, None, None, 0)
    yield "handle", lambda: execute("execveat", handle, b"", None, None, AT_EMPTY_PATH)
    place = f"/proc/self/fd/{handle}".encode()
    yield "/proc/self/fd", lambda: execute("execve", place, None, None)
    script = Path(work, "script")
    script.write_text(f"#!{denied}\n")
    script.chmod(0o755)
    yield "interpreter", lambda: execute("execve", os.fsencode(script), None, None)
    os.symlink(denied, f"{work}/to denied")
    yield "symbolic link", lambda: execute("execve", os.fsencode(f"{work}/to denied"), None, None)


def execute(name: str, *words: int | bytes | None) -> object:
    """In a child, which says with which errno it did not become the program."""
    child = os.fork()
    if child == 0:
        try:
            call(name, *words)
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status > 0:
        raise OSError(status, os.strerror(status))
    return status


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def from_memory(program: str, denied: str) -> str:
    """A program that is no file: it may run, and it is in the same sandbox."""
    fd = os.memfd_create("program", 0)
    os.write(fd, Path(program).read_bytes())
    place = f"/proc/{os.getpid()}/fd/{fd}"
    return output(place, denied)


def main() -> None:
    work, program, setuid, denied = arguments()
    for label, attack in (*gains(), *executions(work, denied)):
        attempt(label, attack)
    status = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp"):
        print(name, fields[name], sep="\t")
    print("who", output(program, denied), sep="\t")
    print("set-user-ID", output(setuid, denied), sep="\t")
    print("memory", from_memory(program, denied), sep="\t")


if __name__ == "__main__":
    main()
