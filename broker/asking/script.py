"""What a program runs, by its own claim: the script of an interpreter."""

from __future__ import annotations

from nono.broker.requests import RecordedProcess
from nono.broker.visible import visible

_INTERPRETERS = ("python", "node", "perl", "ruby", "sh", "bash", "dash", "zsh", "deno", "bun")
_IN_PLACE = ("-c", "-m", "-e")
"""The program is no file, but a word of its command."""


def script_of(process: RecordedProcess) -> str:
    """The first argument that is no option, of an interpreter."""
    if not process.exe.rpartition("/")[2].startswith(_INTERPRETERS):
        return ""
    for word in process.argv[1:]:
        if word in _IN_PLACE:
            return ""
        if not word.startswith("-"):
            return word
    return ""


def who(process: RecordedProcess, script: str) -> str:
    """Who asks, in a few words that are safe to show."""
    name = visible(process.exe.rpartition("/")[2] or "a program")
    return f"{name} {visible(script)}" if script else name
