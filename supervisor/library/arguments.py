"""What `run` and `start` take by name, as `subprocess` has it where the meaning is the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypedDict

from nono.supervisor.library.completing import MAX_OUTPUT, Until
from nono.supervisor.library.engine import How
from nono.supervisor.library.pipes import DEVNULL, PIPE, Wanted
from nono.supervisor.library.sinks import Callback


class StartArguments(TypedDict, total=False):
    """How a program is started.

    `stdin` is DEVNULL unless given, `stdout` and `stderr` are None, which is this process's own;
    each may be PIPE, DEVNULL, a descriptor or a file that has one, `stderr` also STDOUT. With `pty`
    (True, or rows and columns) the program has a terminal instead, whose two ways are `stdin` and
    `stdout`. `env` is filtered by the plan's environment, by name too, since most of it commonly is
    `os.environ` with all its secrets (see `Completed.dropped`); None means this process's own.
    `cwd` may be relative to the plan's working directory. With `text` the streams carry text.
    """

    stdin: Any
    stdout: Any
    stderr: Any
    pty: bool | tuple[int, int]
    env: Mapping[str, str] | None
    cwd: str | os.PathLike[str] | None
    text: bool


class RunArguments(StartArguments, total=False):
    """What is done until it has ended, besides.

    `input` is what it reads. `capture_output` keeps what it prints, at most `max_output` bytes of
    each stream (None for no bound); `stdout` and `stderr` may also be functions that get it piece
    by piece. After `timeout` seconds it is asked to end, `grace` seconds later it is killed, and
    TimeoutExpired is raised. With `check` CalledProcessError is raised for another status than 0.
    """

    input: bytes | str | None
    capture_output: bool
    max_output: int | None
    timeout: float | None
    grace: float
    check: bool


class CompleteArguments(TypedDict, total=False):
    """As those of `RunArguments`, for a program that runs already."""

    max_output: int | None
    grace: float
    check: bool


class Asked(NamedTuple):
    """The same, told apart. `callbacks` are by the stream's name."""

    how: How
    until: Until
    callbacks: dict[str, Callback]


def to_start(called: str, /, **given: Any) -> tuple[How, bool]:
    """How to start, and whether the streams carry text. `called` is whose arguments these are.

    Raises TypeError, ValueError.
    """
    known(called, given, StartArguments)
    return _start(**given)


def _start(
    *,
    stdin: Any = DEVNULL,
    stdout: Any = None,
    stderr: Any = None,
    pty: bool | tuple[int, int] = False,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    text: bool = False,
) -> tuple[How, bool]:
    variables = None if env is None else _variables(env)
    where = None if cwd is None else os.fsdecode(cwd)
    return How(Wanted(stdin, stdout, stderr, pty), variables, where), text


def to_run(called: str, /, **given: Any) -> Asked:
    """Raises TypeError, ValueError for what cannot be meant, or contradicts itself."""
    known(called, given, RunArguments)
    return _run(**given)


def _run(
    *,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    input: bytes | str | None = None,
    capture_output: bool = False,
    max_output: int | None = MAX_OUTPUT,
    timeout: float | None = None,
    grace: float = 0.0,
    check: bool = False,
    **starting: Any,
) -> Asked:
    if input is not None and stdin is not None:
        raise ValueError("stdin and input may not both be used")
    if capture_output and not (stdout is None and stderr is None):
        raise ValueError("stdout and stderr may not be used with capture_output")
    if capture_output:
        stdout = stderr = PIPE
    callbacks: dict[str, Callable[[Any], object]] = {}
    for name, given in (("stdout", stdout), ("stderr", stderr)):
        if callable(given) and not hasattr(given, "fileno"):
            callbacks[name] = given
    if stdin is None:
        stdin = DEVNULL if input is None else PIPE
    how, text = _start(
        stdin=stdin,
        stdout=PIPE if "stdout" in callbacks else stdout,
        stderr=PIPE if "stderr" in callbacks else stderr,
        **starting,
    )
    times = seconds("timeout", timeout), seconds("grace", grace) or 0.0
    until = Until(as_bytes(input), text, bound(max_output), *times, check)
    return Asked(how, until, callbacks)


def known(called: str, given: Mapping[str, Any], kind: Any) -> None:
    """Raises TypeError as Python does for an argument that is not of the TypedDict `kind`."""
    for name in given:
        if name not in kind.__optional_keys__:
            raise TypeError(f"{called}() got an unexpected keyword argument {name!r}")


def seconds(name: str, given: Any) -> float | None:
    """A time; None is none. Raises TypeError."""
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not hasattr(given, "__float__"):
        raise TypeError(f"{name} is a number of seconds, and not {given!r}")
    return float(given)


def _variables(env: Any) -> dict[str, str]:
    """As `subprocess` takes them: names and values are text, bytes or paths."""
    if not isinstance(env, Mapping):
        raise TypeError(f"env is a mapping of names to texts, and not {type(env).__name__}")
    found = {}
    for name, value in env.items():
        for what, each in (("a name", name), (f"the value of {name!r}", value)):
            if not isinstance(each, (str, bytes, os.PathLike)):
                raise TypeError(f"env: {what} is {each!r}, which is no text")
        found[os.fsdecode(name)] = os.fsdecode(value)
    for name in found:
        if not name or "=" in name:
            raise ValueError(f"env: {name!r} is no name of a variable")
    return found


def as_bytes(data: bytes | str | None) -> bytes | None:
    """For a pipe. Raises TypeError."""
    if data is None or isinstance(data, bytes):
        return data
    return data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)


def bound(size: int | None) -> int | None:
    """How much is kept. Raises TypeError, ValueError."""
    if size is not None and not hasattr(size, "__index__"):
        raise TypeError(f"max_output is a number of bytes, and not {size!r}")
    if size is not None and size < 0:
        raise ValueError("max_output is a number of bytes, or None for no bound")
    return size
