"""Asking a function of the library's user, who allows at once; and a refusal in the same sandbox.

    python -m nono.perf.asking POLICY DIRECTORY TIMER...

It answers requests as timer.c does, which does the calls inside: `clock`, `allowed` (each call is a
question, and its answer is for this once) and `denied`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import trio

from nono.broker import Answer, Effect, Question
from nono.broker.asking.question import Lasts
from nono.perf.policy import from_text
from nono.supervisor import open_sandbox
from nono.supervisor.audit.writer import AuditOptions
from nono.supervisor.planning.make_plan import make_plan


def allow_once(question: Question) -> Answer | None:
    """The answer that has the next call ask again."""
    for offer in question.offers:
        if offer.effect is Effect.ALLOW and offer.lasts is Lasts.ONCE:
            return Answer(offer.id, "at once")
    return None


async def main(under: str, directory: str, timer: list[str]) -> None:
    options = from_text(under)
    # What lies in a place that everybody shares is offered by itself, however often.
    asked, denied = (Path(tempfile.mkstemp(prefix="nono-perf-", dir="/var/tmp")[1]) for _ in "12")
    operations = {
        "clock": ("clock", ""),
        "allowed": ("open", os.fspath(asked)),
        "denied": ("refused", os.fspath(denied)),
    }
    allow, deny = (*options.allow, directory), (*options.deny, os.fspath(denied))
    plan = make_plan(replace(options, allow=allow, deny=deny))
    try:
        async with open_sandbox(plan, ask=allow_once, audit=AuditOptions()) as box:
            while line := await trio.to_thread.run_sync(sys.stdin.readline):
                name, count, *_ = line.rstrip("\n").split("\t")
                operation, path = operations[name]
                request = "\t".join(filter(None, (operation, count, path))) + "\n"
                done = await box.run(timer, input=request.encode(), capture_output=True)
                if done.returncode or done.faults:
                    sys.exit(f"asking: {done.stderr!r} {done.faults}")
                sys.stdout.buffer.write(done.stdout or b"")
                sys.stdout.buffer.flush()
    finally:
        asked.unlink()
        denied.unlink()


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], sys.argv[3:])
