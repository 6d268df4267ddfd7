"""What this shell and this account give a run: its directories, its limits, its /proc."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator

from nono.broker.rules.paths import lineage
from nono.supervisor.errors import NonoError
from nono.supervisor.finding import Finding
from nono.supervisor.linux.confine import check_proc
from nono.supervisor.places import caches_directory, home_directory, state_directory
from nono.supervisor.planning.paths.workdir import working_directory

_LIMITS = (
    (resource.RLIMIT_NOFILE, "open files", 64, "ulimit -n 1024"),
    (resource.RLIMIT_FSIZE, "bytes in a file", 1 << 20, "ulimit -f unlimited"),
    (resource.RLIMIT_AS, "bytes of address space", 256 << 20, "ulimit -v unlimited"),
    (resource.RLIMIT_DATA, "bytes of data", 64 << 20, "ulimit -d unlimited"),
)
"""A limit, what it counts, how much of it a run takes with room for a small program, and how
it is lifted."""


def findings() -> Iterator[Finding]:
    """In the order in which a run meets them."""
    yield _proc()
    yield from _null()
    yield _working_directory()
    yield _temporary_directory()
    yield from _limits()
    env = os.environ
    home = home_directory(env)
    yield _kept("audits", state_directory(env), "there is no audit", "XDG_STATE_HOME")
    lost = "profiles with caches of their own, python-dev and the like, do not run"
    yield _kept("caches", caches_directory(env, home), lost, "XDG_CACHE_HOME")


def _proc() -> Finding:
    try:
        check_proc()
    except NonoError as error:
        return Finding("/proc", "not ours", False, f"{error.message}: {error.hint}")
    return Finding("/proc", "this pid namespace's", True)


def _null() -> Iterator[Finding]:
    """Only where it cannot be had: a root directory may come without any /dev."""
    try:
        os.close(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        cost = "nothing starts: give the container or the chroot a /dev, as by bwrap --dev /dev"
        yield Finding(os.devnull, error.strerror or "", False, cost)


def _working_directory() -> Finding:
    what = "working directory"
    try:
        return Finding(what, working_directory(None, home_directory(os.environ)), True)
    except NonoError as error:
        return Finding(what, "cannot be used", False, f"{error.message}: {error.hint}")


def _temporary_directory() -> Finding:
    what = "temporary directory"
    try:
        return Finding(what, tempfile.gettempdir(), True)
    except OSError as error:
        cost = f"{error.strerror}: TMPDIR has to name one that may be written"
        return Finding(what, "none", False, cost)


def _limits() -> Iterator[Finding]:
    for limit, counted, enough, hint in _LIMITS:
        most = resource.getrlimit(limit)[0]
        if 0 <= most < enough:
            yield Finding("limit", f"{most} {counted}", False, f"nono may not start: {hint}")


def _kept(what: str, directory: str, lost: str, variable: str) -> Finding:
    """Whether a directory is, or can be made, below one that this account may write."""
    there = next(each for each in lineage(directory) if os.path.isdir(each))
    if os.access(there, os.W_OK | os.X_OK):
        return Finding(what, directory, True)
    cost = f"{lost}: {there} may not be written; set HOME, or {variable}"
    return Finding(what, directory, False, cost, needed=False)
