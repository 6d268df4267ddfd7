"""A command line that notes whether more of it is read than the program's name."""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import overload


class NotedWords(Sequence[str]):
    """As the words themselves. What is behind the first is noted as read when anything of it is.

    A policy mostly follows from the program alone: what it is told is the program's.
    """

    def __init__(self, words: Sequence[str], head: NotedWords | None = None) -> None:
        """With a `head` these are the words behind its first one."""
        self._words = tuple(words)
        self._head = head
        self.are_read = False

    def _read(self) -> None:
        self.are_read = True
        if self._head is not None:
            self._head.are_read = True

    def __bool__(self) -> bool:
        if self._head is not None:
            self._read()
        return bool(self._words)

    def __len__(self) -> int:
        self._read()
        return len(self._words)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> str: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if self._head is None and index == slice(1, None):
            return NotedWords(self._words[1:], self)
        if self._head is not None or index != 0:
            self._read()
        return self._words[index]
