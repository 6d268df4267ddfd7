"""A real program through each mechanism of a sandbox on this machine, for `nono setup --check`.

What a container or a kernel refuses shows only when it is used. So nono itself runs a small program
here, which makes a file, changes one that it has open, listens and connects, looks a name up; and
what did not work is said with what to do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Final, NamedTuple

from nono.broker.settings import BY_OPTION
from nono.shims.linux.process import copies_descriptors, may_unshare_files
from nono.supervisor.finding import Finding

_SECONDS: Final = 60.0
_MAX_SAID: Final = 300
_NAME: Final = "check.nono.test"
_PROGRAM: Final = os.path.join(os.path.dirname(__file__), "trial_program.py")
_FLAG: Final = (
    "docker run --cap-add SYS_PTRACE, or --security-opt seccomp=contrib/containers/seccomp.json"
    " (docs/containers.md)"
)


_BROKEN: Final = "this is nono's to do, whatever the machine: please report it"


class _Mechanism(NamedTuple):
    """`step` of the program, `what` it shows, and the `remedy`; `needed` as in a Finding."""

    step: str
    what: str
    remedy: str
    needed: bool = True


_MECHANISMS: Final = (
    _Mechanism(
        "floor", "a file that no rule opens is refused", "report it: the floor does not hold"
    ),
    _Mechanism("filter", "an unusual socket is refused", "the filter does not hold: report it"),
    _Mechanism("native", "a file that the floor opens is written", _BROKEN),
    _Mechanism("broker", "a file beyond the floor is made, with its umask", _BROKEN),
    _Mechanism("metadata", "an open file gets another mode", _BROKEN),
    _Mechanism("loopback", "a server on loopback is reached", _BROKEN),
    _Mechanism("unix", "a unix socket is reached", _BROKEN),
    _Mechanism("names", "a host is looked up by its name", _BROKEN),
    _Mechanism("lock", "an exclusive flock(2)", f"pidfd_getfd(2) is refused here: {_FLAG}", False),
    _Mechanism("inotify", "inotify", f"pidfd_getfd(2) is refused here: {_FLAG}", needed=False),
)


def try_out() -> Iterator[Finding]:
    """What a program in a sandbox found out. Starts processes and removes what it made."""
    yield _how(
        "an own umask (unshare(CLONE_FS))", may_unshare_files(), "files are made by a process"
    )
    yield _how("copies of open files (pidfd_getfd)", copies_descriptors(), "nono makes the sockets")
    place = tempfile.mkdtemp(prefix="nono-check-", dir="/var/tmp" if _is_usable() else None)
    try:
        done = _run(place)
        found = _steps(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        yield Finding("a program in a sandbox", "does not run", False, str(error)[:_MAX_SAID])
        return
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if found is None:
        said = done.stderr.decode("utf-8", "replace").strip()[:_MAX_SAID]
        yield Finding("a program in a sandbox", f"ended with {done.returncode}", False, said)
        return
    yield Finding("a program in a sandbox", "ran", True)
    for each in _MECHANISMS:
        said = found.get(each.step, "not reached")
        good = said == "yes"
        yield Finding(each.what, said, good, "" if good else each.remedy, each.needed)


def _how(what: str, works: bool, instead: str) -> Finding:
    return Finding(what, "yes" if works else f"refused here, so {instead}", True)


def _is_usable() -> bool:
    return os.access("/var/tmp", os.W_OK | os.X_OK)


def _run(place: str) -> subprocess.CompletedProcess[bytes]:
    """Raises OSError, subprocess.TimeoutExpired."""
    inside, outside = os.path.join(place, "inside"), os.path.join(place, "outside")
    os.mkdir(inside)
    with open(outside, "x", encoding="ascii") as file:
        file.write("closed")
    with open(_PROGRAM, encoding="utf-8") as file:
        program = file.read()
    own = [sys.executable, "-P", "-m", "nono.supervisor", "run"]
    flags = [
        BY_OPTION["allow_cwd"].flag,
        *(BY_OPTION["deny"].flag, "closed"),
        *(BY_OPTION["allow_domain"].flag, _NAME),
        "--no-audit",  # what a person did last stays the last run
    ]
    os.mkdir(os.path.join(inside, "open"))
    os.mkdir(os.path.join(inside, "closed"))
    command = [sys.executable, "-I", "-S", "-c", program, outside, _NAME]
    return subprocess.run(
        [*own, *flags, "--", *command],
        cwd=inside,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )


def _steps(output: bytes) -> dict[str, str] | None:
    """Step -> `yes`, or the error. None when the program did not come to its end."""
    last = output.strip().rpartition(b"\n")[2]
    if not last.startswith(b"{"):
        return None
    found = json.loads(last)
    return {str(step): str(said)[:_MAX_SAID] for step, said in found.items()}
