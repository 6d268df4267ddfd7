"""A running program that times calls when it is asked to: the other end of timer.c."""

from __future__ import annotations

import array
import subprocess
from collections.abc import Mapping, Sequence

_END_SECONDS = 10.0


class TimerError(Exception):
    """A timed program ended. What it said, and what it was to do."""


class Timer:
    """One rung's program. It waits for requests in between, so many can be alive at a time."""

    def __init__(self, name: str, command: Sequence[str], cwd: str, env: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._errors = self._process.stderr

    def measure(self, operation: str, count: int, *arguments: str) -> array.array[int]:
        """The durations of `count` calls in nanoseconds. Raises TimerError."""
        words = (operation, str(count), *arguments)
        samples = array.array("Q")
        try:
            self._requests.write("\t".join(words).encode() + b"\n")
            self._requests.flush()
            samples.frombytes(self._answers.read(count * samples.itemsize))
        except OSError as error:
            raise self._failure(words) from error
        if len(samples) != count:
            raise self._failure(words)
        return samples

    def _failure(self, words: Sequence[str]) -> TimerError:
        self._process.kill()
        said = self._errors.read().decode(errors="replace").strip()
        return TimerError(f"{self.name}: {' '.join(words)}: {said or 'ended without a word'}")

    def close(self) -> None:
        """The end of the requests ends the program."""
        self._requests.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()
        self._errors.close()

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
