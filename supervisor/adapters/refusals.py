"""What an agent is told when the sandbox has refused something: what, why, and what allows it.

An agent that reads "Permission denied" alone tries the same again, or looks for a way round.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Callable, Sequence

import nono

MAX_TOLD = 8
"""Refusals of one command that are told; the rest is a number."""


def told(
    denials: Sequence[nono.Denial],
    *,
    flags: bool = False,
    fixes: Callable[[nono.Denial], str] | None = None,
) -> str:
    """A line for each refusal, safe to show; empty without any.

    Rules and what allows it are said as methods of `nono.Policy`, or with `flags` as those of the
    command; `fixes` says what allows it in other words.
    """
    lines = [_line(each, flags, fixes) for each in denials[:MAX_TOLD] if each.summary]
    if len(denials) > MAX_TOLD:
        lines.append(f"nono: and {len(denials) - MAX_TOLD} more refusals\n")
    return "".join(lines)


def _line(
    denial: nono.Denial,
    flags: bool = False,
    fixes: Callable[[nono.Denial], str] | None = None,
) -> str:
    reason = (flags and denial.reason_in_flags) or denial.reason
    said = f"nono: refused: {denial.summary}: {reason}"
    in_ours = shlex.join(denial.flags) if flags else denial.fix
    fix = in_ours if fixes is None else fixes(denial)
    return f"{said}; a person may allow it: {fix}\n" if fix else f"{said}\n"


def printed(output: str) -> str:
    """What a program has printed, with each line marked that looks like one of nono's.

    A lookalike of other letters is not found: what has to be told apart for certain is kept apart.
    """
    return _OURS.sub("program: ", output)


_ENDS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_UNSEEN = rf"(?>\x1b\[[0-9;?]*[ -/]*[@-~]|[^\w:{_ENDS}]|_)*+"
"""Colours and the like. Nothing is tried twice: the time is as the length, whatever is printed."""
_OURS = re.compile(rf"(?:^|(?<=[{_ENDS}]))(?={_UNSEEN}{_UNSEEN.join('nono')}{_UNSEEN}:)", re.I)


def below(output: str, denials: Sequence[nono.Denial]) -> str:
    """What a program has printed, and on lines of their own what it was refused."""
    return under(printed(output), told(denials))


def under(output: str, said: str) -> str:
    """An output, and on lines of their own what nono says of it."""
    return f"{output}\n{said}" if said and output and not output.endswith("\n") else output + said


def explained(error: PermissionError, box: nono.Sandbox) -> PermissionError:
    """The same error of a file of the sandbox's, with what allows the path.

    Said is the latest refusal that names it.
    """
    path = os.path.join(box.workdir, str(error.filename or ""))
    for each in reversed(box.denials):
        if error.filename and getattr(each.request, "path", None) == os.path.normpath(path):
            return PermissionError(errno.EACCES, _line(each).strip(), error.filename)
    return error
