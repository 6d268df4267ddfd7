"""What a refusal by a pattern costs at the start in a large tree: it is looked for everywhere.

    python -m nono.perf.large_tree [--files N] [--rounds N]

From the checkout, with nono installed. CPU time of nono alone, the best of all rounds, which
alternate: a load of others says little in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from pathlib import Path

from nono.perf.programs import TRUE
from nono.perf.rungs import nono

_FILES_EACH = 500
_CASES: dict[str, tuple[str, ...]] = {
    "no pattern": (),
    "--deny '**/.env'": ("--deny", "**/.env"),
    "--deny-write '**/.env'": ("--deny-write", "**/.env"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.large_tree", description=__doc__)
    parser.add_argument("--files", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nono-perf-", dir="/var/tmp") as top:
        for number in range(arguments.files // _FILES_EACH):
            directory = Path(top, f"{number // 20}", f"{number}")
            directory.mkdir(parents=True)
            for file in range(_FILES_EACH):
                (directory / f"file{file}").touch()
        best = dict.fromkeys(_CASES, float("inf"))
        for _ in range(arguments.rounds):
            for name, options in _CASES.items():
                best[name] = min(best[name], _start(top, options))
    without = best["no pattern"]
    for name, seconds in best.items():
        print(f"{name:24} {seconds:.2f} s ({seconds / without:.2f})")


def _start(directory: str, options: tuple[str, ...]) -> float:
    before = os.times()
    command = [*nono(), "run", "--quiet", "--allow-cwd", *options, "--", *TRUE]
    subprocess.run(command, cwd=directory, check=True)
    after = os.times()
    spent = after.children_user - before.children_user
    return spent + after.children_system - before.children_system


if __name__ == "__main__":
    main()
