"""Other sandboxes that are installed here, and how each runs a program in a directory.

Each lets the program read the system and write in the directory, as near to what `nono run` gives
as its options come. They are not asked for more: none of them decides call by call by default.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from nono.perf.place import SYSTEM_PATH

_SECONDS = 10.0

_COMMANDS: dict[str, Callable[[str, str], list[str]]] = {
    "bubblewrap": lambda program, directory: [
        *(program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--bind", directory, directory, "--chdir", directory),
        *("--unshare-all", "--die-with-parent"),
    ],
    "firejail": lambda program, directory: [program, "--quiet", "--noprofile"],
    "sandlock": lambda program, directory: [
        *(program, "run", "-r", "/usr", "-r", "/lib", "-r", "/lib64", "-r", "/bin", "-r", "/etc"),
        *("-r", "/dev", "-w", directory, "-w", "/dev/null", "--"),
    ],
    "nono in Rust": lambda program, directory: [program, "run", "--allow", directory, "--"],
}
_PROGRAMS = {
    "bubblewrap": "bwrap",
    "firejail": "firejail",
    "sandlock": "sandlock",
    "nono in Rust": "nono",
}


def installed(directory: str) -> dict[str, list[str]]:
    """The words before a command for each that is here and works, by name."""
    found = {}
    for name, made in _COMMANDS.items():
        programs = _found(_PROGRAMS[name])
        for program in filter(_is_another, programs) if name == "nono in Rust" else programs[:1]:
            words = made(program, directory)
            if _works(words, directory):
                found[name] = words
                break
    return found


def _found(name: str) -> list[str]:
    """Every program of this name on the search path."""
    places = dict.fromkeys(f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}".split(":"))
    return [program for place in places if place and (program := shutil.which(name, path=place))]


def _is_another(program: str) -> bool:
    """True for a `nono` that is not written in Python: ours begins with its interpreter's name."""
    try:
        with open(program, "rb") as file:
            return file.read(2) != b"#!"
    except OSError:
        return False


def _works(words: Sequence[str], directory: str) -> bool:
    """A container or a kernel may refuse what a peer is made of."""
    try:
        done = subprocess.run(
            [*words, "/bin/true"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
