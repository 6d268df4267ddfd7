"""Starts of nono by an account, as forks of a process that has loaded what every run loads.

To start Python and to load nono is half of the CPU time of a short `nono run`, and the tests start
it some thousand times. What differs is how a start begins (`start_server.py`): the tests of that,
of what it loads and of variables that lead an interpreter start nono by themselves.
"""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from tests.exchange import Exchange, Finished
from tests.start_server import CANNOT, MAX_MESSAGE

_TEXT = Path(__file__).with_name("start_server.py").read_text(encoding="utf-8")
_OF_BEGINNINGS = ("GLIBC_", "LANG", "LC_", "LD_", "MALLOC_", "NONO_", "OPENSSL_", "PYTHON", "TZ")
"""So begin the names of variables that are read when a process begins."""

_PROGRAMS = "programs"


class Forks:
    """The process that is forked, from its first use until this ends."""

    def __init__(
        self,
        kind: Literal["command", "library"],
        before: Sequence[str],
        python: str,
        environment: Mapping[str, str],
        **how: Any,
    ) -> None:
        """`before` and `how` make it the account's, as `Account.starting` has them."""
        self._command = (*before, python, "-P", "-c", _TEXT)
        self._kind = kind
        self._of_beginnings = _of_beginnings(environment)
        self._how = {"env": environment, **how}
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def _begin(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno()), self._kind],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                **self._how,
            )

    def run(
        self,
        arguments: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        input: str | None,
        timeout: float,
        program: str | None = None,
    ) -> Finished | None:
        """None where it has to be a start of its own. Raises subprocess.TimeoutExpired."""
        searched = [*filter(None, [environment.get("PYTHONPATH")])]
        wanted = {
            "arguments": arguments,
            "cwd": str(cwd),
            "environment": environment,
            "program": program,
            "searched": searched,
        }
        text = json.dumps(wanted).encode()
        is_odd = len(text) > MAX_MESSAGE or b"\\u0000" in text
        is_odd |= any(map(_leads, searched))
        if is_odd or _of_beginnings(environment) != self._of_beginnings:
            return None
        stdin, to_stdin = os.pipe()
        ends = [os.pipe() for _ in range(3)]
        if input is None:
            os.close(stdin)
            stdin = os.open(os.devnull, os.O_RDWR)
        theirs = [stdin, *(write for _, write in ends)]
        given = (input or "").encode()
        with contextlib.closing(Exchange(to_stdin, [read for read, _ in ends], given)) as exchange:
            try:
                with self._one_at_a_time:
                    if self._process is None:
                        self._begin()
                    socket.send_fds(self._requests, [text], theirs)
            finally:
                for each in theirs:
                    os.close(each)
            return _until_it_ended(exchange, arguments, timeout)

    def end(self) -> None:
        """No more of them."""
        if self._process is not None:
            self._requests.close()
            self._process.communicate()


def _of_beginnings(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: text
        for name, text in environment.items()
        if name.startswith(_OF_BEGINNINGS) and name != "PYTHONPATH"
    }


def _leads(searched: str) -> bool:
    """Whether an interpreter that begins with this as PYTHONPATH may find a module there.

    Not in a directory of the tests' programs: nono, Python and what they use have no such package.
    """
    is_one = os.path.isabs(searched) and os.pathsep not in searched and os.path.isdir(searched)
    return not is_one or os.listdir(searched) != [_PROGRAMS]


def _until_it_ended(
    exchange: Exchange, arguments: Sequence[str], timeout: float
) -> Finished | None:
    """As subprocess has it: who is over time is killed, with its session."""
    stdout, stderr, told = exchange.said.values()
    try:
        exchange.go_on(timeout)
    except BaseException as error:
        os.killpg(int(told.split()[0]), signal.SIGKILL)
        exchange.go_on(timeout)
        if isinstance(error, TimeoutError):
            said = bytes(stdout), bytes(stderr)
            raise subprocess.TimeoutExpired(arguments, timeout, *said) from None
        raise
    if CANNOT.encode() in told:
        return None
    _, returncode = map(int, told.split())
    return Finished(returncode, _text(stdout), _text(stderr))


def _text(said: bytearray) -> str:
    """As subprocess reads it."""
    whole = io.TextIOWrapper(io.BytesIO(said), encoding="utf-8", errors="backslashreplace")
    return whole.read()
