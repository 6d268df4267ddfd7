"""What becomes of a learned profile: saved, or shown where that is not to be or cannot be.

A program that failed did not do all that it does, so that its profile is one of half a run: that is
told, and no profile that was there before is replaced by it. Ctrl-C and SIGTERM are how people end
a server, and no failure.
"""

from __future__ import annotations

import signal
from typing import Any

from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say_afterwards
from nono.supervisor.cli.output_file import OutputFile

_ENDED_BY_PEOPLE = (
    exit_status.SUCCESS,
    exit_status.INTERRUPTED,
    exit_status.of_signal(signal.SIGTERM),
)
_AGAIN = "hint: learn again once the program succeeds"


def has_failed(code: int) -> bool:
    """Whether the program ended as none does that did all that it does."""
    return code not in _ENDED_BY_PEOPLE


def keep_learned(output: OutputFile, text: str, code: int, values: dict[str, Any]) -> bool:
    """True when the profile was saved. Raises NonoError.

    What is not saved is on stdout with --json, and told otherwise: the run is not done in vain.
    """
    failed = has_failed(code)
    is_kept = failed and output.replaces
    if failed and (is_kept or not values["quiet"]):
        half = "what was learned is of half a run"
        say_afterwards(
            [f"nono: the program failed (exit status {exit_status.of_shell(code)}): {half}"]
        )
    if failed and values["output"] is None and not values["quiet"]:
        say_afterwards([_AGAIN])
    if is_kept:
        output.check()
        say_afterwards(
            [
                f"nono: {output.path} stays as it was; what was learned now is",
                _AGAIN,
            ]
        )
        output.discard()
        is_saved = False
    else:
        is_saved = output.write(text.encode("ascii"))
    if values["output"] is not None and not is_saved and not values["as_json"]:
        say_afterwards([text.rstrip()])
    return is_saved and bool(output.path)


def of_learning(code: int, is_saved: bool, values: dict[str, Any]) -> int:
    """The exit code: that of the program, unless it tells that all went well and that is not so.

    Whoever goes on with the profile would have none.
    """
    is_missing = values["output"] is not None and not is_saved
    return exit_status.NO if is_missing and code == exit_status.SUCCESS else code
