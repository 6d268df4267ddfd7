"""What a start costs in a large tree beside a small one: patterns are looked for in all of it.

    python -m nono.perf.large_tree [--files N] [--rounds N]

From the checkout, with nono installed. CPU time of nono alone, and from start to end, each the best
of all rounds; these alternate, so a load of others says little in CPU time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from nono.broker.named_tuple import NamedTuple
from nono.perf.programs import TRUE
from nono.perf.rungs import nono

_FILES_EACH = 500
_SMALL = 1000
_CASES: dict[str, tuple[str, ...]] = {
    "no pattern": (),
    "--deny '**/.env'": ("--deny", "**/.env"),
    "--deny-write '**/.env'": ("--deny-write", "**/.env"),
    "--deny '**/*.env'": ("--deny", "**/*.env"),
}


class _Taken(NamedTuple):
    """Seconds."""

    of_processor: float
    elapsed: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m nono.perf.large_tree", description=__doc__)
    parser.add_argument("--files", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nono-perf-", dir="/var/tmp") as place:
        tops = [_make(Path(place, f"{files}"), files) for files in (_SMALL, arguments.files)]
        taken: dict[tuple[str, Path], list[_Taken]] = {}
        for _ in range(arguments.rounds):
            for name, options in _CASES.items():
                for top in tops:
                    taken.setdefault((name, top), []).append(_start(top, options))
    for name in _CASES:
        small, large = (list(zip(*taken[name, top], strict=True)) for top in tops)
        print(f"{name:24} {_told(small[0], large[0])} of CPU, {_told(small[1], large[1])} elapsed")


def _make(top: Path, files: int) -> Path:
    for number in range(files // _FILES_EACH):
        directory = top / f"{number // 20}" / f"{number}"
        directory.mkdir(parents=True)
        for file in range(_FILES_EACH):
            (directory / f"file{file}").touch()
    return top


def _told(small: tuple[float, ...], large: tuple[float, ...]) -> str:
    return f"{min(small):.3f} -> {min(large):.3f} s ({min(large) / min(small):.2f})"


def _start(directory: Path, options: tuple[str, ...]) -> _Taken:
    before, began = _spent(), time.monotonic()
    command = [*nono(), "run", "--quiet", "--allow-cwd", *options, "--", *TRUE]
    subprocess.run(command, cwd=directory, check=True)
    return _Taken(_spent() - before, time.monotonic() - began)


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
