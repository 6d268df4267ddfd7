"""Which opens the filter lets through to the kernel, and the library that marks them."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.shims.linux import filter
from nono.shims.linux.filter import AUDIT_ARCH
from nono.shims.linux.marked_opens import MARK, READING
from nono.shims.linux.syscall_classes import (
    ARCHES,
    Arch,
    Network,
    SyscallClass,
    machine,
    number,
    table,
)
from tests.conftest import CHECKOUT, TIMEOUT
from tests.shims.linux.filters import ALLOW, NETWORKS, NOTIFY
from tests.simulator import Program

SOURCE = CHECKOUT / "shims/linux/preload.c"
EXPORTED = {
    *("open", "open64", "openat", "openat64"),
    "opendir",
    *("__open_2", "__open64_2", "__openat_2", "__openat64_2"),
}
PROGRAMS = {
    (arch, network): Program(filter.build(arch, network, marked=True))
    for arch in ARCHES
    for network in NETWORKS
}
BEFORE = {which: Program(filter.build(*which)) for which in PROGRAMS}
each_filter = pytest.mark.parametrize(("arch", "network"), PROGRAMS)
registers = st.integers(0, 2**64 - 1)


def _openat(arch: Arch, network: Network, flags: int, mark: int = MARK, mode: int = 0) -> int:
    arguments = (0xFFFFFF9C, 0x7F0000001000, flags, mode, 0, mark)
    return PROGRAMS[arch, network].run(number(arch, "openat"), AUDIT_ARCH[arch], arguments).result


@each_filter
def test_reading_alone_may_be_marked(arch: Arch, network: Network) -> None:
    """Every set of the flags that it may have; every other bit of the register's low half."""
    flags = READING[arch].values()
    for count in range(len(flags) + 1):
        for chosen in combinations(flags, count):
            assert _openat(arch, network, sum(chosen)) == ALLOW
    for bit in range(32):
        for beside in (0, sum(flags)):
            is_reading = 1 << bit in flags
            assert _openat(arch, network, beside | 1 << bit) == (ALLOW if is_reading else NOTIFY)
    assert _openat(arch, network, 0x1234567800000000) == ALLOW  # what an int has not


@each_filter
def test_what_landlock_does_not_hold_is_never_let_through(arch: Arch, network: Network) -> None:
    """Access mode 3, set-id bits of what is made, O_PATH, O_TMPFILE, emptying."""
    for flags in (1, 2, 3, 0o100, 0o102, 0o1000, 0o1001, 0o10000000, 0o20000000, 0o20200002):
        for mode in (0, 0o644, 0o4755, 0o7777):
            assert _openat(arch, network, flags, mode=mode) == NOTIFY, oct(flags)


@each_filter
def test_the_whole_mark_is_looked_at(arch: Arch, network: Network) -> None:
    for bit in range(64):
        assert _openat(arch, network, 0, MARK ^ 1 << bit) == NOTIFY
    for mark in (0, MARK & 0xFFFFFFFF, MARK >> 32, 2**64 - 1):
        assert _openat(arch, network, 0, mark) == NOTIFY


@given(st.sampled_from(sorted(PROGRAMS)), st.lists(registers, min_size=6, max_size=6), st.data())
def test_every_other_call_is_as_it_was(
    which: tuple[Arch, Network], values: list[int], data: st.DataObject
) -> None:
    arch, network = which
    name = data.draw(st.sampled_from(sorted(table(arch, network))))
    values[5] = data.draw(st.sampled_from([MARK, *values]))
    call = (number(arch, name), AUDIT_ARCH[arch], tuple(values))
    if name != "openat" or values[5] != MARK:
        assert PROGRAMS[which].run(*call).result == BEFORE[which].run(*call).result


@each_filter
def test_native_calls_stay_cheap(arch: Arch, network: Network) -> None:
    """The kernel's cache of allowed calls takes only those for which no argument is loaded."""
    for each, which in table(arch, network).values():
        if which is SyscallClass.NATIVE:
            run = PROGRAMS[arch, network].run(each, AUDIT_ARCH[arch])
            assert (run.result, set(run.loads)) == (ALLOW, {0, 4})


def test_no_filter_lets_a_mark_through_unasked() -> None:
    for (arch, _), program in BEFORE.items():
        run = program.run(number(arch, "openat"), AUDIT_ARCH[arch], (0, 0, 0, 0, 0, MARK))
        assert run.result == NOTIFY


def test_the_flags_are_this_machine_s() -> None:
    here = READING[machine()]
    known = {name: getattr(os, name) for name in here if name != "O_LARGEFILE"}
    assert known | {"O_LARGEFILE": here["O_LARGEFILE"]} == here
    with open("/dev/null") as null, open(f"/proc/self/fdinfo/{null.fileno()}") as file:
        # What is opened on 64 bits has it.
        assert int(file.read().split()[3], 8) & here["O_LARGEFILE"]


def test_the_library_marks_what_the_filter_lets_through() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    marks = re.findall(r"#define MARK (0x[0-9a-f]+)UL", text)
    assert [int(each, 16) for each in marks] == [MARK]
    (reading,) = re.findall(r"#define READING\s+\\\n\s*\(([^)]*)\)", text)
    named = set(re.split(r"\s*\|\s*", reading.replace("KERNEL_", "O_")))
    assert named == set(READING["x86_64"]) == set(READING["aarch64"])
    values = [int(each, 8) for each in re.findall(r"LARGEFILE (0\d+)", text)]
    assert values == [READING["aarch64"]["O_LARGEFILE"], READING["x86_64"]["O_LARGEFILE"]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled with what setup.py gives it."""
    made = tmp_path_factory.mktemp("preload") / "preload.so"
    flags = ("-O2", "-std=gnu11", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror")
    own = ("-fno-stack-protector", "-nostdlib", "-Wl,-z,noexecstack")
    subprocess.run(["gcc", *flags, *own, "-fPIC", "-shared", "-o", made, SOURCE], check=True)
    return made


@pytest.mark.requires(commands=["gcc", "readelf"])
def test_it_needs_no_other_library(library: Path) -> None:
    """So that programs of any C library can load it."""
    command: list[str | Path] = [
        "readelf",
        "--wide",
        "--dynamic",
        "--dyn-syms",
        "--segments",
        library,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not re.findall("NEEDED|RUNPATH|INIT|TEXTREL|VERNEED", said)
    symbols = re.findall(r"(GLOBAL|WEAK) +\w+ +(\w+) +(\S+)$", said, re.MULTILINE)
    undefined = {(name, binding) for binding, index, name in symbols if index == "UND"}
    defined = {name for _, index, name in symbols if index.isdigit()}
    taken = ("__errno_location", "pthread_setcanceltype", "fdopendir")
    assert undefined == {(name, "WEAK") for name in taken}
    assert defined == EXPORTED
    assert re.search(r"GNU_STACK .* RW ", said)


@pytest.mark.requires(commands=["gcc"])
def test_it_opens_as_the_c_library_does(library: Path, tmp_path: Path) -> None:
    """The same descriptor's flags, file and mode, or the same errno; here without a filter."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    names = ["file", "link", "absent", ".", "file/", "absent/x", "a" * 300, ""]
    flags = [
        *(os.O_RDONLY, os.O_CLOEXEC, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_RDONLY | os.O_NONBLOCK),
        *(os.O_WRONLY, os.O_RDWR | os.O_APPEND, os.O_WRONLY | os.O_TRUNC, os.O_PATH, os.O_ACCMODE),
        *(os.O_CREAT | os.O_EXCL | os.O_WRONLY, os.O_CREAT, os.O_TMPFILE | os.O_RDWR),
        *(os.O_RDONLY | os.O_NOATIME, os.O_RDONLY | os.O_NOCTTY, os.O_SYNC),
    ]
    ours, theirs = (ctypes.CDLL(each, use_errno=True) for each in (os.fspath(library), None))
    at = os.open(tmp_path, os.O_PATH)
    for function in ("open", "open64", "openat", "openat64"):
        for name in names:
            for each in flags:
                path = os.fsencode(name if function.startswith("openat") else tmp_path / name)
                start = (at,) if function.startswith("openat") else ()
                outcomes = []
                for made_by in (theirs, ours):
                    call = getattr(made_by, function)
                    fd = call(*start, path, each, 0o640)
                    outcomes.append(_told(fd, ctypes.get_errno(), tmp_path))
                assert outcomes[0] == outcomes[1], (function, name, oct(each))
    os.close(at)


@pytest.mark.requires(commands=["gcc"])
def test_it_opens_directories_as_the_c_library_does(library: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir()
    before = os.listdir("/proc/self/fd")
    for name in (".", "file", "absent", "", "file/x", "a" * 300):
        outcomes: list[object] = []
        for each in (None, os.fspath(library)):
            made_by = ctypes.CDLL(each, use_errno=True)
            made_by.opendir.restype = ctypes.c_void_p
            stream = made_by.opendir(os.fsencode(tmp_path / name if name else ""))
            outcomes.append(_listed(stream) if stream else ctypes.get_errno())
        assert outcomes[0] == outcomes[1], name
    assert os.listdir("/proc/self/fd") == before


def _listed(stream: int) -> tuple[object, ...]:
    libc = ctypes.CDLL(None)
    fd = libc.dirfd(ctypes.c_void_p(stream))
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        found = (file.read().split()[3], os.readlink(f"/proc/self/fd/{fd}"))
    libc.closedir(ctypes.c_void_p(stream))
    return found


def _told(fd: int, error: int, directory: Path) -> tuple[object, ...]:
    if fd < 0:
        return (error,)
    status = os.fstat(fd)
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        flags = file.read().split()[3]
    os.close(fd)
    (directory / "absent").unlink(missing_ok=True)
    return flags, status.st_mode, status.st_nlink, status.st_size


CANCELLED = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
static volatile int number;
static void *opens(void *path)
{
    number = gettid();
    open(path, O_RDONLY);
    return 0;
}
int main(int count, char **words)
{
    pthread_t thread;
    void *ended;
    int type;
    char *fifo = words[1], state = 0, path[64];
    pthread_create(&thread, 0, opens, fifo);
    while (!number)
        sched_yield();
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", number);
    for (int tries = 0; state != 'S' && tries < 1000000; tries++) {
        FILE *file = fopen(path, "r");
        fscanf(file, "%*d %*s %c", &state);
        fclose(file);
    }
    pthread_cancel(thread);
    pthread_join(thread, &ended);
    open("/dev/null", O_RDONLY);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    return ended == PTHREAD_CANCELED && type == PTHREAD_CANCEL_DEFERRED ? 0 : 1;
}
"""


@pytest.mark.requires(commands=["gcc"])
def test_a_thread_that_waits_in_an_open_can_be_cancelled(library: Path, tmp_path: Path) -> None:
    """And afterwards, as before, only where it waits."""
    source, program = tmp_path / "cancelled.c", tmp_path / "cancelled"
    source.write_text(CANCELLED)
    subprocess.run(["gcc", "-w", "-pthread", "-o", program, source], check=True)
    os.mkfifo(tmp_path / "fifo")
    for preloaded in ({}, {"LD_PRELOAD": os.fspath(library)}):
        command = [program, tmp_path / "fifo"]
        assert subprocess.run(command, env=preloaded, timeout=TIMEOUT).returncode == 0


FORTIFIED = """
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/wait.h>
int main(int count, char **words)
{
    volatile int flags = O_RDONLY, creating = O_CREAT | O_WRONLY;
    if (open(words[0], flags) < 0 || openat(AT_FDCWD, words[0], flags) < 0)
        return 1;
    if (!fork()) {
        close(2);
        open("never", creating);
        _exit(0);
    }
    int status;
    wait(&status);
    return WIFSIGNALED(status) ? 0 : 2;
}
"""


@pytest.mark.requires(commands=["gcc"])
def test_fortified_programs(library: Path, tmp_path: Path) -> None:
    """One that makes a file and gives it no mode is ended, as by the C library."""
    source = tmp_path / "fortified.c"
    source.write_text(FORTIFIED)
    program, fortify = tmp_path / "fortified", "-D_FORTIFY_SOURCE=2"
    command: list[str | Path] = ["gcc", "-O2", fortify, "-o", program, source]
    subprocess.run(command, check=True)
    for preloaded in ({}, {"LD_PRELOAD": os.fspath(library)}):
        done = subprocess.run([program], env=preloaded, cwd=tmp_path, capture_output=True)
        assert done.returncode == 0
        assert not (tmp_path / "never").exists()
