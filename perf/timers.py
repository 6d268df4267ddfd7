"""A running program that times calls when it is asked to: the other end of timer.c."""

from __future__ import annotations

import array
import contextlib
import subprocess
from collections.abc import Mapping, Sequence

from nono.broker.errors import NonoError

_END_SECONDS = 5.0


class TimerError(NonoError):
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
            # Control-C is for whoever measures, who ends each of them.
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._errors = self._process.stderr

    @property
    def pid(self) -> int:
        """The process that was started: of a sandbox, the supervisor."""
        return self._process.pid

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
        self._process.terminate()
        self._end()
        said = self._errors.read().decode(errors="replace").strip()
        return TimerError(f"{self.name}: {' '.join(words)}: {said or 'ended without a word'}")

    def close(self) -> None:
        """The end of the requests ends the program."""
        with contextlib.suppress(OSError):
            self._requests.close()
        self._end()
        self._answers.close()
        self._errors.close()

    def _end(self) -> None:
        """Wait for its end; a sandbox that does not come to it is told to clean up, then killed."""
        for end in (_nothing, self._process.terminate, self._process.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
                return

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nothing() -> None:
    """It ends by itself."""
