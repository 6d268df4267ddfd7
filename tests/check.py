"""`python -m tests.check`: style, types, arrows, tests without a sandbox, in half a minute.

Everything runs with what is installed beside this interpreter. Two things go on at a time: the
tools that only read, and the tests. The exit status is 0 when nothing failed.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

READING = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("mypy", "--config-file", "tests/darwin.toml"),
    ("mypy", "-p", "tests", "--exclude", "tests/_path"),
    ("lint-imports",),
)
ENVIRONMENT = {"lint-imports": {"PYTHONPATH": "tests/_path/rooms"}}
"""Of a tool: there, `nono` is a namespace of three packages that can be looked at by themselves."""
TESTS = (("pytest", "-q", "-m", "not sandbox and not long", "tests"),)


@dataclass(frozen=True)
class Step:
    """A command that has ended: its status, all that it printed, and how many seconds it took."""

    command: Sequence[str]
    status: int
    output: str
    seconds: float

    def __str__(self) -> str:
        said = "ok" if self.status == 0 else f"failed ({self.status})"
        return f"{self.seconds:5.1f} s  {' '.join(self.command)}: {said}"


def run(command: Sequence[str]) -> Step:
    """Run a tool to its end. One that is not installed has failed, with a hint."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            cwd=HERE,
            env={**os.environ, **ENVIRONMENT.get(command[0], {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        status, output = done.returncode, done.stdout
    except OSError as error:
        status, output = 127, f"{error}\nhint: {sys.executable} -m pip install -e '.[test,dev]'\n"
    return Step(command, status, output, time.monotonic() - started)


def run_and_say(commands: Iterable[Sequence[str]]) -> list[Step]:
    """Run commands in turn, each with a line when it ends, and its output if it failed."""
    steps = []
    for command in commands:
        step = run(command)
        steps.append(step)
        sys.stdout.write(f"{step}\n" if step.status == 0 else f"{step}\n{step.output}")
        sys.stdout.flush()
    return steps


def main() -> int:
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        steps = [step for lane in pool.map(run_and_say, (READING, TESTS)) for step in lane]
    failed = [step for step in steps if step.status]
    said = f"{len(failed)} of {len(steps)} failed" if failed else f"all {len(steps)} ok"
    print(f"{time.monotonic() - started:5.1f} s  {said}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
