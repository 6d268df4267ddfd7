"""`nono bench -- COMMAND`: a command by itself and in a sandbox, in turn, and why it takes longer.

Beside it `true` is run in both ways: what it takes longer is the start and the end of nono. What
the calls took in nono is what `nono run --stats-file` says. The rest is what the kernel does more:
its own checks, and going to nono and back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nono.perf import rungs
from nono.perf.policy import Under
from nono.perf.results.command import CommandResult, Way
from nono.perf.timers import TimerError

ROUNDS = 7
_TRUE = ("/bin/true",)
_END_SECONDS = 5.0
_NOT_STARTED = 125


@dataclass
class _Runs:
    """Of one way to run one command."""

    words: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)


def run(
    argv: Sequence[str],
    under: Under,
    rounds: int = ROUNDS,
    told: Callable[[str], None] = lambda words: None,
) -> CommandResult:
    """Measure. `told` hears what goes on. Raises TimerError where nono cannot start it, OSError.

    What the command prints is dropped, and it reads nothing. Nothing of it is left when this is
    interrupted.
    """
    if shutil.which(argv[0]) is None:
        raise TimerError(f"{argv[0]}: there is no such command")
    with tempfile.TemporaryDirectory(prefix="nono-bench-", dir="/var/tmp") as directory:
        kept = Path(directory, "stats.json")
        nono = [*rungs.nono(), "run", "-q", *under.words]
        native, inside = _Runs(argv), _Runs([*nono, f"--stats-file={kept}", "--", *argv])
        true, true_inside = _Runs(_TRUE), _Runs([*nono, "--", *_TRUE])
        stats: list[Mapping[str, Any]] = []
        order = (native, inside, true, true_inside)
        for number in range(rounds + 1):  # the first one only warms up
            told(f"round {number} of {rounds}")
            for runs in reversed(order) if number.bit_count() % 2 else order:
                _run(runs, under.cwd, is_counted=number > 0)
                if runs is inside and number > 0:
                    stats.append(_stats(kept))
    if inside.statuses == {_NOT_STARTED} and native.statuses != {_NOT_STARTED}:
        raise TimerError("nono cannot start it", f"nono run {' '.join(under.told)} -- {argv[0]}")
    middle = sorted(range(rounds), key=inside.seconds.__getitem__)[rounds // 2]
    ways = _way(native), _way(inside), _way(true), _way(true_inside)
    return CommandResult(tuple(argv), under.told, *ways, stats[middle])


def _run(runs: _Runs, cwd: str, *, is_counted: bool) -> None:
    begin = time.perf_counter()
    process = subprocess.Popen(
        runs.words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        _end(process)
        raise
    taken = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if is_counted:
        runs.seconds.append(taken)
        runs.processor.append(usage.ru_utime + usage.ru_stime)
        runs.statuses.add(process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """All of what was started: nono cleans up after itself at SIGTERM."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            return


def _stats(kept: Path) -> Mapping[str, Any]:
    try:
        plain = json.loads(kept.read_text())
    except (OSError, ValueError):
        return {}
    kept.unlink()
    return plain if isinstance(plain, dict) else {}


def _way(runs: _Runs) -> Way:
    return Way(tuple(runs.seconds), tuple(runs.processor), tuple(sorted(runs.statuses)))
