"""nono and its clients as processes that run beside the test."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.conftest import Account


def nono_words(account: Account, *words: str | Path) -> list[str]:
    """The command line of nono for the account."""
    return [account.python, "-P", "-m", "nono.supervisor", *map(str, words)]


@contextlib.contextmanager
def started(
    account: Account,
    command: Sequence[str | Path],
    cwd: Path,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """A command of the account's, with pipes; killed at the end of the block."""
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env={**account.environment, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **account.switch,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def say(process: subprocess.Popen[str], line: str) -> None:
    """Give it a line."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
