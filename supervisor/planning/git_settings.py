"""Files and directories in a project that git's configuration names: hooks, and more of itself.

`core.hooksPath = tools/hooks` and `include.path = ../.gitconfig` are usual, and what they name is
run or believed as what lies in `.git`. The text is searched, not understood: what is found too
much is only kept as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from nono.broker.git_config import MAX_BYTES
from nono.broker.rules.paths import child, is_within
from nono.supervisor.places import plain_path
from nono.supervisor.planning.git_files import bytes_of, common
from nono.supervisor.planning.repositories import Repository

_MAX_FILES = 16
_KEY = b"path"
_PATH = re.compile(rb"(?im)(?:^|\])[ \t]*(hookspath|path)[ \t]*=[ \t]*([^\r\n]+)")

_COMMENT = re.compile(rb"[ \t][#;].*")


def named_by_configuration(one: Repository, home: str) -> Iterator[str]:
    """Absolute paths, in plain form. The home's configuration speaks of every repository."""
    waiting = [child(home, name) for name in (".gitconfig", ".config/git/config")]
    waiting += [
        child(directory, name)
        for directory in (one.directory, *common(one.directory))
        for name in ("config", "config.worktree")
    ]
    seen: set[str] = set()
    while waiting and len(seen) < _MAX_FILES:
        file = waiting.pop(0)
        if file in seen:
            continue
        seen.add(file)
        for is_hooks, path in _paths(file):
            # Hooks run at the top of the work tree, or in a bare repository.
            base = one.top if is_hooks else os.path.dirname(file)
            named = plain_path(os.path.join(base, _of(home, path)))
            # A directory that holds the whole repository is no place of hooks only.
            if not is_within(one.top, named) and not is_within(one.directory, named):
                yield named
            if not is_hooks:
                waiting.append(named)


def _of(home: str, path: str) -> str:
    return child(home, path[2:]) if path.startswith("~/") else path


def _paths(file: str) -> Iterator[tuple[bool, str]]:
    """Whether it is that of hooks, and the path as written."""
    text = bytes_of(file, MAX_BYTES)
    if _KEY not in text.lower():
        return
    for key, value in _PATH.findall(text):
        plain = (
            _COMMENT.sub(b"", value).strip(b' \t"').replace(b'\\"', b'"').replace(b"\\\\", b"\\")
        )
        if plain and b"\0" not in plain:
            yield key.lower() != _KEY, os.fsdecode(plain)
