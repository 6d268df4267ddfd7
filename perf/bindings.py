"""Python bindings of other sandboxes, where they are installed beside nono: how each runs a program
once, to its end, with the system to read and a directory to write in.

    python -m nono.perf.bindings NAME DIRECTORY PROGRAM [ARGUMENT ...]
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from nono.perf.place import readable

Run = Callable[[Sequence[str]], int]
"""The exit status of a program."""


def _sandlock(module: Any, directory: str) -> Run:
    box = module.Sandbox(fs_readable=readable(), fs_writable=[directory, "/dev/null"])
    return lambda program: int(box.run(list(program)).exit_code)


def _nono(module: Any, directory: str) -> Run:
    granted = module.CapabilitySet()
    for path in readable():
        granted.allow_path(path, module.AccessMode.READ)
    granted.allow_path(directory, module.AccessMode.READ_WRITE)
    granted.allow_file("/dev/null", module.AccessMode.READ_WRITE)
    return lambda program: int(
        module.sandboxed_exec(granted, list(program), cwd=directory).exit_code
    )


_KNOWN: dict[str, tuple[str, str, Callable[[Any, str], Run]]] = {
    "sandlock's binding": ("sandlock", "sandlock", _sandlock),
    "nono-py": ("nono-py", "nono_py", _nono),
}
"""The names of the distribution and of its module, and how it runs a program."""


def installed() -> dict[str, str]:
    """The version of each that is here."""
    found = {}
    for name, (distribution, _, _) in _KNOWN.items():
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(distribution)
    return found


def command(name: str, directory: str) -> list[str]:
    """The words before a program that is run by the binding, for once."""
    return [sys.executable, "-P", "-m", "nono.perf.bindings", name, directory]


def load(name: str, directory: str) -> Run:
    """Import it; only then is it known whether it works here."""
    _, module, made = _KNOWN[name]
    return made(importlib.import_module(module), directory)


if __name__ == "__main__":
    sys.exit(load(sys.argv[1], sys.argv[2])(sys.argv[3:]))
