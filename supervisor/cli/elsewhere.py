"""What nono would do on another platform than this one, in words: for `--platform`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nono.broker import visible
from nono.supervisor.errors import UsageError

if TYPE_CHECKING:
    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.macos.compiled import Compiled
    from nono.supervisor.planning.plan import Plan

_TAG = "nono-dry-run"
_UNPROVEN = "macOS is not proven: no profile of nono's has been loaded by a Mac yet"


def require_this(platform: str) -> None:
    """Raise UsageError: a run is meant for another platform than this one."""
    raise UsageError(f"this is not {platform}", f"nono run --dry-run --platform {platform}")


def seatbelt(made: Complete) -> Compiled:
    """What would hold the program on macOS. Raises UsageError, BrokenError."""
    # What only macOS needs is loaded only for it.
    from nono.supervisor.macos.compiled import compiled

    return compiled(made.policy, _TAG)


def on_macos(plan: Plan, made: Complete, argv: Sequence[str], *, as_json: bool) -> Iterator[str]:
    """The profile that a Mac would get, with its parameters, and what is different there."""
    from nono.supervisor.macos.differences import differences as matter

    held = seatbelt(made)
    found = list(matter(held.policy))
    parameters = held.profile.parameters()
    if as_json:
        yield json.dumps(
            {
                "command": [visible(word, limit=1000) for word in argv],
                "workdir": visible(plan.workdir),
                "profile": held.profile.text(),
                "parameters": parameters,
                "differences": [
                    {"what": each.what, "instead": each.instead, "refused": each.refused}
                    for each in found
                ],
            }
        )
        return
    yield f"command: {visible(shlex.join(argv), limit=1000)}"
    yield f"working directory: {visible(plan.workdir)}"
    for each in found:
        yield _words(each.what, each.instead, each.refused)
    if any(each.refused for each in found):
        yield "a run would be refused for that, without --best-effort"
    if sys.platform != "darwin":
        yield _words("paths", "those of this machine, where a Mac's home and programs are others")
    yield _UNPROVEN
    yield from held.profile.text().splitlines()
    yield from (f";; {name} = {visible(path)}" for name, path in parameters.items())


def differences() -> Iterator[str]:
    """The table of what a sandbox on macOS does otherwise, a line each."""
    from nono.supervisor.macos.differences import TABLE

    for each in TABLE:
        yield _words(each.what, each.instead, each.refused)
    yield "a run that needs what is marked NO is refused, without --best-effort"
    yield _UNPROVEN


def _words(what: str, instead: str, refused: bool = False) -> str:
    return f"{'NO ' if refused else 'but'} {what}: {instead}"
