"""Where interpreters are installed, and which part of that a program may need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from nono.broker import is_within
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir

_PARTS = ("bin", "lib", "lib64", "libexec", "include")
_SWITCH_PARTS = ("installs", "plugins", "shims", "version", "versions")
_PRIVATE = (".config", ".local/share", ".local/state")
"""Below a home, by the XDG Base Directory Specification."""


def installation_of(program: str) -> str | None:
    """The prefix of a Python or Node.js that brings its library; `program` is a canonical path.

    It is told by where the executable itself lies and by the library's own files: neither a
    link nor a file that names another directory makes an installation.
    """
    directory, name = os.path.split(program)
    prefix = os.path.dirname(directory)
    for start, is_there in _LIBRARIES.items():
        if name.startswith(start) and is_there(prefix):
            return prefix
    return None


def _python(prefix: str) -> bool:
    library = os.path.join(prefix, "lib")
    try:
        names = listdir(library)
    except OSError:
        return False
    return any(
        name.startswith(("python", "pypy")) and looks.isfile(os.path.join(library, name, "os.py"))
        for name in names
    )


def _node(prefix: str) -> bool:
    return looks.isdir(os.path.join(prefix, "lib", "node_modules")) or looks.isdir(
        os.path.join(prefix, "include", "node")
    )


_LIBRARIES: dict[str, Callable[[str], bool]] = {
    "python": _python,
    "pypy": _python,
    "node": _node,
}


def package_of(program: str) -> str | None:
    """The package of npm's, pnpm's or bun's that a program is part of, by its canonical path.

    npm keeps what a global package needs inside of it. Elsewhere that lies beside it, so all of
    that `node_modules` is needed.
    """
    names = program.split("/")
    if "node_modules" not in names[:-1]:
        return None
    top = names.index("node_modules")
    if names[top - 1] != "lib":
        return "/".join(names[: top + 1])
    length = 2 if names[top + 1].startswith("@") else 1
    return "/".join(names[: top + 1 + length]) if len(names) > top + 1 + length else None


def is_environment(prefix: str) -> bool:
    """True for a virtual environment of Python's, or one of conda's."""
    return looks.isfile(os.path.join(prefix, "pyvenv.cfg")) or looks.isdir(
        os.path.join(prefix, "conda-meta")
    )


def is_switch(directory: str) -> bool:
    """True for the shims of pyenv or a relative of it, which run one of the versions beside."""
    prefix = os.path.dirname(directory)
    return os.path.basename(directory) == "shims" and any(
        looks.isdir(os.path.join(prefix, name)) for name in ("versions", "installs")
    )


def opened_of(prefix: str, home: str, workdir: str, *, whole: bool) -> Iterator[str]:
    """The directories to open: the prefix, or its parts where it may hold more than a program.

    It may where somebody's home or data lie in it, or the working directory, which a file in
    the repository would otherwise open as a whole. `prefix` is canonical.
    """
    more = (home, workdir, *(os.path.join(home, name) for name in _PRIVATE))
    if whole and not any(is_within(each, prefix) for each in more):
        yield prefix
        return
    parts = _SWITCH_PARTS if is_switch(os.path.join(prefix, "shims")) else ()
    for name in (*_PARTS, *parts):
        yield os.path.join(prefix, name)
