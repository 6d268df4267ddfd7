"""What a command needs to start at all: its program, the interpreter behind it, and their library.

`python3` from a virtual environment is a chain: a link in the environment, the environment's own
configuration, the installation that it was made from. A script adds the program of its `#!` line.
All of it must be readable and executable, wherever it is, without a flag. This is advisory
reading before the start; the policy's refusals still beat what is found here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_DEPTH = 8
_HEAD = 4096
_ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")


@dataclass(slots=True)
class Needed:
    """Canonical paths: single files, and directories with all that is in them."""

    files: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)


def needed_by(command: str, env: Mapping[str, str], cwd: str, home: str) -> Needed:
    """What starting `command` reads, in addition to what the system groups allow."""
    needed = Needed()
    program = find_program(command, env, cwd)
    if program is not None:
        _add_program(needed, program, env, cwd, home, _DEPTH)
    for name in _ENVIRONMENTS:
        prefix = env.get(name, "")
        if os.path.isabs(prefix) and _is_environment(prefix):
            _add_prefix(needed, prefix, home)
            _add_base(needed, prefix, home)
    return needed


def find_program(command: str, env: Mapping[str, str], cwd: str) -> str | None:
    """The file that execvp(3) would run, with links not resolved; None when there is none."""
    if "/" in command:
        candidates = [command]
    else:
        search = env.get("PATH", os.defpath).split(os.pathsep)
        candidates = [os.path.join(directory or ".", command) for directory in search]
    for candidate in candidates:
        path = os.path.join(cwd, candidate)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _add_program(
    needed: Needed, program: str, env: Mapping[str, str], cwd: str, home: str, depth: int
) -> None:
    if depth == 0:
        return
    for path in _links(program):
        needed.files.append(os.path.realpath(path))
        prefix = os.path.dirname(os.path.dirname(os.path.abspath(path)))
        if _is_environment(prefix):
            _add_prefix(needed, prefix, home)
            _add_base(needed, prefix, home)
        elif _is_installation(prefix, os.path.basename(path)) or _is_switch(path, prefix):
            _add_prefix(needed, prefix, home)
    interpreter = _shebang(program, env, cwd)
    if interpreter is not None:
        _add_program(needed, interpreter, env, cwd, home, depth - 1)


def _links(path: str) -> Iterator[str]:
    """The path and every place that its last component links to, in turn."""
    for _ in range(_DEPTH):
        yield path
        try:
            target = os.readlink(path)
        except OSError:
            return
        path = os.path.join(os.path.dirname(path), target)


def _is_environment(prefix: str) -> bool:
    return os.path.isfile(os.path.join(prefix, "pyvenv.cfg")) or os.path.isdir(
        os.path.join(prefix, "conda-meta")
    )


def _is_installation(prefix: str, name: str) -> bool:
    """True for the prefix of a Python or Node.js that brings its own library."""
    library = os.path.join(prefix, "lib")
    if name.startswith("python"):
        try:
            return any(entry.startswith("python") for entry in os.listdir(library))
        except OSError:
            return False
    return name.startswith("node") and os.path.isdir(os.path.join(library, "node_modules"))


def _is_switch(path: str, prefix: str) -> bool:
    """True for a shim of pyenv or a relative of it, which runs one of the versions beside it."""
    return os.path.basename(os.path.dirname(os.path.abspath(path))) == "shims" and any(
        os.path.isdir(os.path.join(prefix, name)) for name in ("versions", "installs")
    )


def _add_prefix(needed: Needed, prefix: str, home: str) -> None:
    """The whole prefix, unless it is so high up that it holds somebody's home."""
    path = os.path.realpath(prefix)
    if home == path or home.startswith(path.rstrip("/") + "/"):
        needed.directories.extend(
            os.path.join(path, name) for name in ("bin", "lib", "lib64", "include")
        )
    else:
        needed.directories.append(path)


def _add_base(needed: Needed, prefix: str, home: str) -> None:
    """The installation that a virtual environment was made from: `home` in its pyvenv.cfg."""
    try:
        with open(os.path.join(prefix, "pyvenv.cfg"), encoding="utf-8", errors="replace") as file:
            lines = file.read(_HEAD).splitlines()
    except OSError:
        return
    for line in lines:
        key, _, value = line.partition("=")
        directory = value.strip()
        if key.strip() == "home" and os.path.isabs(directory):
            _add_prefix(needed, os.path.dirname(directory), home)
            real = os.path.realpath(os.path.join(directory, "python3"))
            if os.path.isfile(real):
                _add_prefix(needed, os.path.dirname(os.path.dirname(real)), home)


def _shebang(program: str, env: Mapping[str, str], cwd: str) -> str | None:
    """The program of a script's first line, `env` looked through; None for other files."""
    try:
        with open(program, "rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if not head.startswith(b"#!"):
        return None
    words = os.fsdecode(head[2:].split(b"\n", 1)[0]).split()
    if not words:
        return None
    if os.path.basename(words[0]) == "env":
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return find_program(named[0], env, cwd) if named else None
    return find_program(words[0], env, cwd) if os.path.isabs(words[0]) else None
