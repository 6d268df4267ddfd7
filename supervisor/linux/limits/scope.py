"""A control group for nono itself where it has none: in a scope that systemd makes.

`systemd-run --scope` moves itself into a new scope and then becomes its command: nono, once more.
It is the same process then, with the same terminal, descriptors and variables. So that happens
before anything is started, and once. That the scope can be made is tried first: what has become
systemd-run could only fail.
"""

from __future__ import annotations

import os
import subprocess
import sys

from nono.broker.limits import Limits
from nono.supervisor.linux.limits.delegation import could_be_found

PLACES = ("/usr/bin/systemd-run", "/bin/systemd-run", "/run/current-system/sw/bin/systemd-run")
"""Not by PATH, which may name what others have written."""
BOOTED = "/run/systemd/system"
"""Is there where systemd runs: sd_booted(3)."""
_WORDS = ("--scope", "--quiet", "--collect", "--no-ask-password", "-p", "Delegate=yes", "--")
_MARK = "NONO_IN_SCOPE"
"""A variable that only the second nono finds, and that no program gets."""
_SECONDS = 10.0


def enter_scope(limits: Limits, *, broker: bool) -> None:
    """Begin again in a scope, where these limits need a control group and there is none.

    Comes back where that is not so, where it was tried before, or where no scope is to be had.
    """
    if os.environ.pop(_MARK, "") or not _needs_group(limits, broker):
        return
    words = in_scope()
    if words:
        os.environ[_MARK] = "1"
        os.execv(words[0], [*words, sys.executable, *sys.orig_argv[1:]])


def in_scope() -> list[str]:
    """What runs the command behind it in a scope, since it was tried; empty where nothing does."""
    words = asked_for_scope()
    return words if words and _works(words) else []


def asked_for_scope() -> list[str]:
    """The same without a trial: systemd may not give one."""
    program = next((each for each in PLACES if os.access(each, os.X_OK)), None)
    if program is None or not os.path.isdir(BOOTED):
        return []
    return [program, *(["--user"] if os.geteuid() else []), *_WORDS]


def _needs_group(limits: Limits, broker: bool) -> bool:
    """As `holding.hold` decides. Processes are counted by the broker where there is one."""
    of_memory = frozenset({"memory"} if limits.memory is not None else ())
    of_processes = frozenset({"pids"} if limits.processes is not None and not broker else ())
    wanted = of_memory | of_processes
    if not wanted and limits.cpu_time is None:
        return False
    return could_be_found(wanted) is None


def _works(words: list[str]) -> bool:
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(
            [*words, "/bin/true"], stdin=quiet, stdout=quiet, stderr=quiet, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
