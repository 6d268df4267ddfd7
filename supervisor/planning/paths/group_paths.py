"""What the entries of groups stand for: paths in a home, and those that variables have in them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from nono.broker.rules.paths import is_within
from nono.supervisor.links import canonical_of_many
from nono.supervisor.places import BASE_DIRECTORIES, plain_path

_OWN = frozenset({*BASE_DIRECTORIES, "TMPDIR"})
_BETWEEN = r"[\s\"'`;|&()<>$=!,:\\@]+"
"""What may stand before and behind a path in a command or an option."""
_OF_THE_KERNEL = frozenset({"dev", "proc", "sys"})


def expander(
    home: str, workdir: str, env: Mapping[str, str] | None = None
) -> Callable[[str], Sequence[str]]:
    """For a group's path: the canonical path, and the given one where a link leads elsewhere.

    `$TMPDIR` is nothing here: every run gets one of its own. A base directory such as
    `$XDG_DATA_HOME` is one only where `env` puts it elsewhere than usual. Another variable is the
    paths that `env` has in it.
    """
    top = home.rstrip("/")
    variables = {"$HOME": top, "$WORKDIR": workdir.rstrip("/"), "$UID": str(os.getuid())}
    for name, usual in BASE_DIRECTORIES.items():
        base = os.path.normpath((env or {}).get(name) or ".")
        if os.path.isabs(base) and base != f"{top}/{usual}":
            variables[f"${name}"] = base.rstrip("/")
    resolve = canonical_of_many(home)

    def expand(path: str) -> Sequence[str]:
        if path.startswith("~/"):
            given = top + path[1:]
        elif path.startswith("/"):
            given = path
        else:
            first, slash, rest = path.partition("/")
            if first not in variables:
                value = "" if first[1:] in _OWN else (env or {}).get(first[1:], "")
                found = _named_by(value, home, workdir)
                return [name for each in found for name in expand(each + slash + rest)]
            given = variables[first] + slash + rest
        led = resolve(given)
        return (led,) if led == given else (led, given)

    return expand


def _named_by(value: str, home: str, workdir: str) -> Iterator[str]:
    """The absolute paths in a variable that is a path, several (`KUBECONFIG`), or a command
    (`LESSOPEN`); `/dev/null` in one means no file.

    None that much else lies in is meant: nothing would work with that refused.
    """
    for each in dict.fromkeys((*value.split(":"), *re.split(_BETWEEN, value))):
        given = home.rstrip("/") + each[1:] if each.startswith("~/") else each
        path = plain_path(given)
        much = path.count("/") < 2 or any(is_within(top, path) for top in (home, workdir))
        if os.path.isabs(given) and not much and path.split("/")[1] not in _OF_THE_KERNEL:
            yield path
