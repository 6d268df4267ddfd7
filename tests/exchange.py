"""What is written to a process that somebody else started, and all that it says, until it ends."""

import os
import selectors
import time
from collections.abc import Sequence
from dataclasses import dataclass

_PIECE = 1 << 16


@dataclass(frozen=True)
class Finished:
    """What a command left: its status (negative: the signal that ended it) and its output."""

    returncode: int
    stdout: str
    stderr: str


class Exchange:
    """As `communicate` of subprocess has it. The descriptors are closed as they come to an end."""

    def __init__(self, stdin: int, read: Sequence[int], input: bytes) -> None:
        self.said = {each: bytearray() for each in read}
        self._stdin = stdin
        self._left = memoryview(input)
        self._ready = selectors.DefaultSelector()
        os.set_blocking(stdin, False)
        self._ready.register(stdin, selectors.EVENT_WRITE)
        for each in read:
            self._ready.register(each, selectors.EVENT_READ)

    def go_on(self, seconds: float) -> None:
        """Until nobody will say any more. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while self._ready.get_map():
            if time.monotonic() > end:
                raise TimeoutError
            for key, _ in self._ready.select(end - time.monotonic()):
                if key.fd == self._stdin:
                    self._write()
                elif piece := os.read(key.fd, _PIECE):
                    self.said[key.fd] += piece
                else:
                    self._end(key.fd)

    def close(self) -> None:
        """Whatever is still open."""
        for key in [*self._ready.get_map().values()]:
            self._end(key.fd)
        self._ready.close()

    def _write(self) -> None:
        try:
            self._left = self._left[os.write(self._stdin, self._left[:_PIECE]) :]
        except BrokenPipeError:
            self._left = self._left[:0]
        if not self._left:
            self._end(self._stdin)

    def _end(self, descriptor: int) -> None:
        self._ready.unregister(descriptor)
        os.close(descriptor)
