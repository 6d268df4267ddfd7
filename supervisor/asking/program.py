"""Who asks, for people: the program, the script that it runs, and who started it."""

from __future__ import annotations

import os

from nono.broker import Process
from nono.broker.asking.question import Program
from nono.broker.audit.records import cut
from nono.broker.requests import RecordedProcess

_INTERPRETERS = ("python", "node", "perl", "ruby", "sh", "bash", "dash", "zsh", "deno", "bun")


def program_of(process: Process) -> Program:
    """What is known of it by now. All of it is its own claim."""
    recorded = RecordedProcess(process.pid, process.exe, cut(process.argv), process.cwd)
    parents: tuple[str, ...] = getattr(process, "parents", ())
    return Program(recorded, _script(recorded), parents)


def _script(process: RecordedProcess) -> str:
    """The first argument that is no option, of an interpreter."""
    if not os.path.basename(process.exe).startswith(_INTERPRETERS):
        return ""
    for word in process.argv[1:]:
        if word in ("-c", "-m", "-e"):
            return ""
        if not word.startswith("-"):
            return word
    return ""
