"""A line for a shell, as agents hand over their commands: `nono run -c STRING`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from nono.supervisor.planning.program.program import find_program

_SHELLS = ("bash", "sh")
"""The first of these that PATH has, and not $SHELL: a line means the same for everybody."""


def with_shell(string: str, arguments: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """The command line that runs the string; what follows are its $0, $1 and so on: sh(1)."""
    there = (shell for shell in _SHELLS if find_program(shell, env, os.curdir) is not None)
    # The string may begin as an option does.
    return next(there, _SHELLS[-1]), "-c", "--", string, *arguments
