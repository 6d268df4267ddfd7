"""Python with state, in a sandbox: pieces of code that find what earlier ones have left.

What comes back is text: nothing that the code says is ever run, or made into an object, here.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import nono
from nono.adapters.python_worker import MAX_PARTS
from nono.adapters.refusals import printed

MAX_LOGS = 1 << 20
"""Characters of what one piece prints that are kept."""
MAX_ANSWER = 16 << 20
_GRACE = 2.0
"""Seconds in which code that is interrupted may end, and keep its variables."""
_DRAINED = 5.0
_SIGINT = 2
_FIRST = "import sys; sys.path[:] = [*filter(None, sys.path)]\n"
"""What the worker imports is not from the working directory, where other code may have left it."""


@dataclass(frozen=True)
class Ran:
    """What came of a piece: `output`, `error` and `final` are texts, or None."""

    logs: str
    refused: tuple[nono.Denial, ...] = ()
    output: str | None = None
    error: str | None = None
    final: str | None = None


class PythonSession:
    """Starts an interpreter when it is first needed, and another one when it has died."""

    def __init__(self, box: nono.Sandbox, executable: str = sys.executable) -> None:
        self._box = box
        text = Path(__file__).with_name("python_worker.py").read_text(encoding="utf-8")
        self._argv = [executable, "-u", "-c", _FIRST + text]
        self._lock = threading.Lock()
        self._worker: _Worker | None = None

    def run(self, code: str, timeout: float | None = None) -> Ran:
        """One piece at a time. After `timeout` seconds it is interrupted, and then ended."""
        with self._lock:
            if self._worker is None or self._worker.is_over:
                self._worker = _Worker(self._box, self._argv)
            return self._worker.run(code, timeout)

    def close(self) -> None:
        """End the interpreter; its variables are gone."""
        with self._lock:
            if self._worker is not None:
                self._worker.end()
            self._worker = None


class _Worker:
    def __init__(self, box: nono.Sandbox, argv: list[str]) -> None:
        pipes = {"stdin": nono.PIPE, "stdout": nono.PIPE, "stderr": nono.PIPE}
        self._process = box.start(argv, **pipes)  # type: ignore[arg-type]
        self._logs = _Logs()
        self._told: dict[str, int] = {}
        self.is_over = False
        threading.Thread(target=self._follow, daemon=True).start()

    def run(self, code: str, timeout: float | None) -> Ran:
        mark = f"{secrets.token_hex(16)}\n"
        self._logs.expect(mark)
        late = _Late(self._process, timeout)
        try:
            answer = self._asked(code, mark)
        finally:
            late.cancel()
        if answer is None:
            self.end()
        logs = self._logs.taken(_DRAINED)
        if late.is_late:
            gone = "ended, and its variables are gone"
            how = gone if answer is None else "interrupted; its variables are kept"
            said = f"nono: not done in {timeout:g} s: {how}"
            return Ran(logs, error=said, refused=self._refused())
        if answer is None:
            return Ran(logs, error="the interpreter has ended: its variables are gone")
        if answer["error"] is not None:
            answer["error"] = printed(answer["error"])
        return Ran(logs, refused=self._refused(), **answer)

    def end(self) -> None:
        self.is_over = True
        self._process.kill()

    def _asked(self, code: str, mark: str) -> dict[str, str | None] | None:
        """The answer; None where there is none that could be. Lines without the mark are no answer,
        whoever has written them."""
        assert self._process.stdin is not None
        left = MAX_ANSWER
        try:
            self._process.stdin.write(json.dumps({"code": code, "mark": mark}) + "\n")
            while line := self._line(left):
                left -= len(line)
                answer = _understood(line)
                if answer.get("mark") == mark:
                    return {name: answer.get(name) for name in _ANSWERS}
        except (OSError, nono.NonoError):
            pass
        return None

    def _line(self, left: int) -> bytes:
        """Empty where it does not end within so many bytes."""
        assert self._process.stdout is not None
        line = bytearray()
        while not line.endswith(b"\n"):
            part = self._process.stdout.readline()
            line += part
            if not part or len(line) > left:
                return b""
        return bytes(line)

    def _refused(self) -> tuple[nono.Denial, ...]:
        """Since the piece before."""
        new = []
        for each in self._process.denials:
            if each.count > self._told.get(each.summary, 0):
                new.append(each)
            self._told[each.summary] = each.count
        return tuple(new)

    def _follow(self) -> None:
        assert self._process.stderr is not None
        try:
            while piece := self._process.stderr.read():
                self._logs.add(piece)
        except nono.NonoError:
            pass  # the sandbox is closed
        finally:
            self._logs.end()


_ANSWERS = ("output", "error", "final")


def has_too_many_parts(text: str | bytes) -> bool:
    """Whether to read JSON would take memory out of proportion."""
    brackets = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
    return sum(map(text.count, brackets)) > MAX_PARTS  # type: ignore[arg-type]


def _understood(line: bytes) -> dict[str, str | None]:
    """A line of JSON whose values are texts; empty for another one."""
    if has_too_many_parts(line):
        return {}
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    is_one = isinstance(answer, dict) and all(isinstance(each, str) for each in answer.values())
    return answer if is_one else {}


class _Late:
    """Interrupts a program when its time is up, and ends it a moment later."""

    def __init__(self, process: nono.Process, timeout: float | None) -> None:
        self.is_late = False
        self._process = process
        self._timers: list[threading.Timer] = []
        if timeout is not None:
            self._begin(timeout, self._interrupt)
            self._begin(timeout + _GRACE, process.kill)

    def cancel(self) -> None:
        for each in self._timers:
            each.cancel()

    def _begin(self, seconds: float, action: object) -> None:
        timer = threading.Timer(seconds, action)  # type: ignore[arg-type]
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _interrupt(self) -> None:
        self.is_late = True
        self._process.send_signal(_SIGINT)


class _Logs:
    """What is printed, as it comes; of what is too much only the end is looked at, for a mark."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._mark = b""
        self._found: bytes | None = None
        self._is_over = False
        self._has_changed = threading.Condition()

    def expect(self, mark: str) -> None:
        """Of the next piece."""
        with self._has_changed:
            self._mark, self._found = mark.encode(), None

    def add(self, piece: bytes) -> None:
        with self._has_changed:
            self._data += piece
            if self._found is None and self._mark and self._mark in self._data:
                found, _, self._data = self._data.partition(self._mark)
                self._found = bytes(found[:MAX_LOGS])
            del self._data[MAX_LOGS : -len(self._mark) or None]
            self._has_changed.notify_all()

    def end(self) -> None:
        with self._has_changed:
            self._is_over = True
            self._has_changed.notify_all()

    def taken(self, seconds: float) -> str:
        """Until the mark, which comes unless the code has closed stderr: then what there is."""
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._is_over or self._found is not None, seconds)
            found = self._found
            if found is None:
                found, self._data = bytes(self._data[:MAX_LOGS]), bytearray()
        return found.decode("utf-8", "replace")
