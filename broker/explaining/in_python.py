"""Flags and their values as Python says them: methods of the library's `Policy`, to be pasted.

`--read-file /x` is `.read_files("/x")` behind a policy, and what has no method of its own is the
field of `Options`. Which method it is stands with the flag, in `broker.settings`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from nono.broker.settings import BY_OPTION, Key, Kind

_PORTS = frozenset({Kind.PUBLIC_PORT, Kind.LOCAL_PORT, Kind.LISTENING_PORT})
_PLAIN: Final = re.compile(r"[^\"\\\x00-\x1f\x7f]*\Z")


def key_of(flag: str) -> Key | None:
    """What a flag says; None for one that says nothing of a policy."""
    return BY_OPTION.get(flag[2:].replace("-", "_")) if flag.startswith("--") else None


def chain(flags: Sequence[str]) -> str:
    """Calls that say the same of a policy as flags and values in turn, such as
    `.bypass_protection("~/.ssh").list("~/.ssh")`; empty for what is none of them."""
    words = iter(flags)
    calls = []
    for flag in words:
        key = key_of(flag)
        value = "" if key is None or key.stands_for is not None else next(words, None)
        if key is None or value is None:
            return ""
        calls.append(call(key, value))
    return "".join(calls)


def call(key: Key, value: str) -> str:
    """One call; the value of a flag without one is not looked at."""
    if key.stands_for is not None:
        return f".with_options({key.option}=True)"
    said = value if key.kind in _PORTS and value.isdecimal() else quoted(value)
    if key.method == "limits":
        return f".limits({key.name.rpartition('.')[2]}={value if value.isdecimal() else said})"
    if key.method:
        return f".{key.method}({said})"
    return f".with_options({key.option}={f'[{said}]' if key.repeated else said})"


def quoted(value: str) -> str:
    """A text as Python has it, in the quotes that this project's examples have."""
    return f'"{value}"' if _PLAIN.match(value) else repr(value)
