"""Limits: how much of the machine a sandbox may use, how that is written, and what reaching one is.

A limit is of the whole sandbox, all programs and processes in it together, but for two that the
kernel knows for each process only: `open_files`, and in `written` the size of one file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from nono.broker.dataclass import dataclass
from nono.broker.errors import PolicyError
from nono.broker.named_tuple import NamedTuple
from nono.broker.visible import visible

_SIZE: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?) ?([KMGT]?)(?:i?B)?", re.IGNORECASE)
_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})([smh]?)")
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_BYTES: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_MIN_MEMORY: Final = 8 << 20
_MAX_COUNT: Final = 1 << 22
"""PID_MAX_LIMIT of the kernel: proc_sys_kernel(5)."""
_MAX_BYTES: Final = 1 << 62
_MAX_SECONDS: Final = 1e9
_MAX_SHOWN: Final = 80


class Limits(NamedTuple):
    """What a sandbox may use at the most; None for as much as there is."""

    memory: int | None = None
    """Bytes, with what is swapped out."""
    processes: int | None = None
    """Processes and threads at the same time: the kernel counts both alike."""
    cpu_time: float | None = None
    """Seconds of processor time."""
    timeout: float | None = None
    """Seconds from the start of each program."""
    open_files: int | None = None
    """Open descriptors of each process."""
    written: int | None = None
    """Bytes in each file, and written to files in all."""

    @property
    def of_machine(self) -> bool:
        """True when there is one that the machine has to hold; time is nono's own."""
        return any(each is not None for each in self._replace(timeout=None))

    def said(self) -> Mapping[str, int | float]:
        """Those that there are, by their names."""
        return {name: each for name, each in self._asdict().items() if each is not None}


def size(given: Any) -> int:
    """Bytes: a number, or a text such as `512M`, `1.5G`. Raises PolicyError."""
    found = _SIZE.fullmatch(given) if isinstance(given, str) else None
    if found:
        number = int(float(found[1]) * _BYTES[found[2].upper()])
    else:
        number = given if isinstance(given, int) and not isinstance(given, bool) else 0
    if not 0 < number <= _MAX_BYTES:
        raise _unreadable(given, "size above 0", "write 512M, 2G, or a number of bytes")
    return number


def memory(given: Any) -> int:
    """A `size` that a program can start in. Raises PolicyError."""
    number = size(given)
    if number < _MIN_MEMORY:
        least = words_of_bytes(_MIN_MEMORY)
        raise PolicyError(f"{_shown(given)} is too little to start in", f"give it {least} or more")
    return number


def count(given: Any) -> int:
    """A whole number above 0. Raises PolicyError."""
    is_text = isinstance(given, str) and _COUNT.fullmatch(given) is not None
    is_number = isinstance(given, int) and not isinstance(given, bool)
    number = int(given) if is_text or is_number else 0
    if not 0 < number <= _MAX_COUNT:
        raise _unreadable(given, "whole number above 0", f"write one from 1 to {_MAX_COUNT}")
    return number


def seconds(given: Any) -> float:
    """Above 0: a number, or a text: `90`, `1.5`, `90s`, `5m`, `2h`. Raises PolicyError."""
    found = _TIME.fullmatch(given) if isinstance(given, str) else None
    if found:
        number = float(found[1]) * _SECONDS[found[2]]
    else:
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        number = float(given) if is_number else 0.0
    if not 0 < number <= _MAX_SECONDS:
        raise _unreadable(given, "time above 0", "write 90, 1.5, 90s, 5m or 2h")
    return number


def _unreadable(given: Any, what: str, hint: str) -> PolicyError:
    return PolicyError(f"{_shown(given)} is no {what}", hint)


def _shown(given: Any) -> str:
    return visible(repr(given), limit=_MAX_SHOWN)


def words_of_bytes(number: float) -> str:
    """`512 MiB`, `1.5 GiB`."""
    for unit, one in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number >= one:
            return f"{round(number / one, 1):g} {unit}"
    return f"{number:g} bytes"


def _words_of_seconds(number: float) -> str:
    return f"{round(number, 2):g} s"


def _words_of_count(number: float) -> str:
    return f"{number:g}"


class Kind(NamedTuple):
    """How a limit is read, called and shown."""

    read: Callable[[Any], Any]
    called: str
    show: Callable[[float], str]


KINDS: Final[Mapping[str, Kind]] = {
    "memory": Kind(memory, "memory limit", words_of_bytes),
    "processes": Kind(count, "limit of processes and threads", _words_of_count),
    "cpu_time": Kind(seconds, "limit of processor time", _words_of_seconds),
    "timeout": Kind(seconds, "time limit", _words_of_seconds),
    "open_files": Kind(count, "limit of open files", _words_of_count),
    "written": Kind(size, "limit of written bytes", words_of_bytes),
}
"""By the names of the fields of `Limits`."""


def describe(limits: Limits) -> list[str]:
    """One phrase for each limit, such as `memory limit 512 MiB`."""
    return [
        f"{KINDS[name].called} {KINDS[name].show(each)}" for name, each in limits.said().items()
    ]


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that was reached.

    `name` is the field of `Limits`, `program` what reached it, as far as that is known. `peak` is
    the most that was seen in use. `times` is how often it was met, where the program went on;
    else all of it `is_ended`.
    """

    name: str
    limit: int | float
    program: str = ""
    peak: int | float | None = None
    times: int = 0
    is_ended: bool = False

    @property
    def summary(self) -> str:
        """One line, safe to show."""
        kind = KINDS[self.name]
        text = f"{kind.called} {kind.show(self.limit)} reached"
        if self.program:
            text += f" by {visible(self.program, limit=_MAX_SHOWN)}"
        if self.peak is not None:
            text += f", peak {kind.show(self.peak)}"
        if self.is_ended:
            return f"{text}: it was killed, with all that it started"
        return f"{text} ({self.times} times)" if self.times > 1 else text

    def __str__(self) -> str:
        return self.summary

    def to_dict(self) -> dict[str, Any]:
        """Plain values, safe to show."""
        return {
            "limit": self.name,
            "value": self.limit,
            "program": visible(self.program, limit=_MAX_SHOWN),
            "peak": self.peak,
            "times": self.times,
            "ended": self.is_ended,
            "summary": self.summary,
        }
