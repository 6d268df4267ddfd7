"""A program that somebody looks at now and then: what it has printed since, whether it runs."""

from __future__ import annotations

import threading
import time

import nono

MAX_WAITING = 1 << 20
"""Bytes of output that nobody has looked at; of more than that the first is dropped."""
_DRAINED = 0.2


class Interactive:
    """Used from any thread. `process` has one pipe, or a terminal, for all that it prints."""

    def __init__(self, process: nono.Process, has_terminal: bool) -> None:
        self.process, self.has_terminal = process, has_terminal
        self.last_used = time.monotonic()
        self._data = bytearray()
        self._told: dict[str, int] = {}
        self._is_over = False
        self._has_changed = threading.Condition()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()
        threading.Thread(target=self._wait, daemon=True).start()

    @property
    def is_over(self) -> bool:
        """It has ended, and so has its output, but for what it left running."""
        return self._is_over

    def taken(self, seconds: float) -> tuple[bytes, tuple[nono.Denial, ...]]:
        """What came since, at its end or after so many seconds, and what was refused since."""
        with self._has_changed:
            self._has_changed.wait_for(lambda: self._is_over, seconds)
            data, self._data = bytes(self._data), bytearray()
        self.last_used = time.monotonic()
        new = []
        for each in self.process.denials:
            if each.count > self._told.get(each.summary, 0):
                new.append(each)
            self._told[each.summary] = each.count
        return data, tuple(new)

    def write(self, text: str) -> None:
        """Typed at its terminal; nothing when nobody reads there any more."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
        except BrokenPipeError:
            return

    def _follow(self) -> None:
        assert self.process.stdout is not None
        try:
            while piece := self.process.stdout.read():
                with self._has_changed:
                    self._data += piece
                    del self._data[:-MAX_WAITING]
        except nono.NonoError:
            return  # the sandbox is closed

    def _wait(self) -> None:
        try:
            self.process.wait()
        except nono.NonoError as error:
            with self._has_changed:
                self._data += f"{error}\n".encode()
        self._follower.join(_DRAINED)
        with self._has_changed:
            self._is_over = True
            self._has_changed.notify_all()
