"""Other sandboxes that are installed here, and how each runs a program in a directory.

Each lets the program read the system and write in the directory, as near to what `nono run` gives
as its options come. What it then holds the program to is tried, since options alone do not tell it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nono.broker.visible import visible
from nono.perf import bindings
from nono.perf.place import SYSTEM_PATH, Place, readable
from nono.perf.results.result import Beside

_SECONDS = 10.0
_MAX_SAID = 200


@dataclass(frozen=True)
class _Known:
    """The program's name; from its path and a directory, the words before a command."""

    program: str
    words: Callable[[str, str], list[str]]


_KNOWN = {
    "bubblewrap": _Known(
        "bwrap",
        lambda program, directory: [
            *(program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *("--bind", directory, directory, "--chdir", directory),
            *("--unshare-all", "--die-with-parent"),
        ],
    ),
    "firejail": _Known(
        "firejail",
        lambda program, directory: [
            *(program, "--quiet", "--noprofile", "--keep-var-tmp"),
            *("--read-only=/", f"--read-write={directory}"),
            *("--caps.drop=all", "--nonewprivs", "--seccomp"),
        ],
    ),
    "sandlock": _Known(
        "sandlock",
        lambda program, directory: [
            *(program, "run", *(word for path in readable() for word in ("-r", path))),
            *("-w", directory, "-w", "/dev/null", "--"),
        ],
    ),
    "sandlock, no supervisor": _Known(
        "sandlock",
        lambda program, directory: [
            *(program, "run", "--no-supervisor"),
            *(word for path in readable() for word in ("-r", path)),
            *("-w", directory, "-w", "/dev/null", "--"),
        ],
    ),
    "nono in Rust": _Known(
        "nono",
        lambda program, directory: [program, "run", "--silent", "--allow", directory, "--"],
    ),
}


@dataclass(frozen=True)
class Installed:
    """The words before a command for each that is here and works, by name, and the names of the
    bindings; what is told of them; and of each that is here and does not work, why."""

    words: dict[str, list[str]]
    bindings: tuple[str, ...]
    beside: tuple[Beside, ...]
    notes: tuple[str, ...]


def installed(place: Place) -> Installed:
    """Each is started some times."""
    words, beside, notes = {}, [], []
    for name, known in _KNOWN.items():
        for program in _found(known.program):
            before = known.words(program, str(place.project))
            failure = _failure(before, place)
            if failure is None:
                words[name] = before
                shown = shlex.join(known.words(known.program, "DIR"))
                beside.append(_beside(name, _version(program, place), shown, before, place))
            else:
                notes.append(f"{name} ({program}): {failure}")
    bound = []
    for name, version in bindings.installed().items():
        before = bindings.command(name, str(place.project))
        failure = _failure(before, place)
        if failure is None:
            bound.append(name)
            beside.append(_beside(name, version, "from Python", before, place))
        else:
            notes.append(f"{name}: {failure}")
    return Installed(words, tuple(bound), tuple(beside), tuple(notes))


def _found(name: str) -> Iterator[str]:
    """The first program of this name on the search path, but for nono's own command."""
    places = dict.fromkeys(f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}".split(":"))
    for place in filter(None, places):
        program = shutil.which(name, path=place)
        if program and not _is_ours(program):
            yield program
            return


def _is_ours(program: str) -> bool:
    """Our command is called `nono` as well, and is a script: it begins with its interpreter."""
    try:
        with open(program, "rb") as file:
            return os.path.basename(program) == "nono" and file.read(2) == b"#!"
    except OSError:
        return True


def _run(command: Sequence[str], place: Place) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=place.project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_SECONDS,
        text=True,
        errors="replace",
    )


def _failure(words: Sequence[str], place: Place) -> str | None:
    """A container or a kernel may refuse what a peer is made of. None where it works."""
    try:
        done = _run([*words, "/bin/true"], place)
    except (OSError, subprocess.TimeoutExpired) as error:
        return visible(str(error), _MAX_SAID)
    if done.returncode == 0:
        return None
    lines = done.stderr.strip().split("\n")
    # Python says last what failed, others say it first.
    said = lines[-1 if lines[0].startswith("Traceback ") else 0]
    return visible(said or f"exit status {done.returncode}", _MAX_SAID)


def _beside(name: str, version: str, shown: str, words: list[str], place: Place) -> Beside:
    return Beside(
        name,
        version,
        shown,
        _succeeds([*words, "/bin/cat", str(place.outside)], place),
        _succeeds([*words, "/bin/sh", "-c", ': >> "$1"', "sh", str(place.outside)], place),
    )


def _succeeds(command: Sequence[str], place: Place) -> bool:
    try:
        return _run(command, place).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _version(program: str, place: Place) -> str:
    """The last word of what it says first: so all of them say it."""
    try:
        said = _run([program, "--version"], place).stdout.split("\n", 1)[0].split()
    except (OSError, subprocess.TimeoutExpired):
        said = []
    return visible(said[-1], _MAX_SAID) if said else "?"
