"""The programs that a command line names besides its first: behind a wrapper, in a shell's text.

The kernel must know before the start what may be executed. So who starts `timeout 60 codex` or
`sh -c 'codex exec ...'` means codex as well. Only words in the place of a command count: an
argument, which may be any file, does not become one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from nono.broker.compiled import pattern_of

SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "mksh", "zsh"))
_WRAPPERS = frozenset(
    (
        *("chrt", "command", "env", "exec", "ionice", "nice", "nohup", "numactl", "setsid"),
        *("stdbuf", "taskset", "time", "timeout", "xvfb-run"),
    )
)
"""Programs and words of a shell that run the command among their arguments."""
_KEYWORDS = frozenset(("!", "{", "if", "then", "elif", "else", "do", "while", "until"))
"""Words of a shell that a command follows."""
_ASSIGNMENT = pattern_of(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_OPERATOR = frozenset(";&|()")
_NOT_PLAIN = frozenset("\"'\\#;&|()<>\v\f\x1c\x1d\x1e\x1f")
"""Of ASCII, what shlex has a meaning for and `str.split` has not, or the other way round."""
_MAX_TEXT = 65536
_MAX_REMEMBERED = 4096
"""Letters of a text."""
_MAX_TEXTS = 32
_MAX_DEPTH = 8

Find = Callable[[str], str | None]
"""From a word to the file that it would run, or None."""


def further_programs(argv: Sequence[str], find: Find, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """The files that a command line runs besides its first word, as far as its text tells."""
    if not argv or depth == 0:
        return
    name = os.path.basename(argv[0])
    if name in SHELLS:
        text = _text_of(argv[1:])
        if text is not None:
            yield from programs_of_text(text, find, depth - 1)
    elif name in _WRAPPERS:
        for index, word in enumerate(argv[1:], 1):
            # A number or a signal of an option's is no program, so it is passed over.
            found = None if word.startswith("-") or _ASSIGNMENT.match(word) else find(word)
            if found is not None:
                yield found
                yield from further_programs(argv[index:], find, depth - 1)
                return


def programs_of_text(text: str, find: Find, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """The files that a shell's text runs; what it only computes is not among them."""
    commands = _commands_of(text) if len(text) <= _MAX_REMEMBERED else _taken_apart(text)
    for command in commands:
        found = find(command[0])
        if found is not None:
            yield found
        yield from further_programs(command, find, depth)


def _text_of(arguments: Sequence[str]) -> str | None:
    """The argument of a shell's -c, which may stand among other options: `bash -lc TEXT`."""
    for index, word in enumerate(arguments[:-1]):
        if not word.startswith(("-", "+")) or word == "--":
            return None
        if not word.startswith("--") and "c" in word:
            return arguments[index + 1]
    return None


def _taken_apart(text: str) -> Iterator[tuple[str, ...]]:
    """The simple commands of a text."""
    for line in text[:_MAX_TEXT].splitlines():
        yield from map(tuple, _commands(line))


@lru_cache(_MAX_TEXTS)
def _commands_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The same. The wrappers on a person's PATH are read by every start, and shlex takes long."""
    return tuple(_taken_apart(text))


def _commands(line: str) -> Iterator[list[str]]:
    """The simple commands in a line, without what is assigned before them."""
    words: Iterable[str] = line.split()  # most lines: shlex takes its time
    if not (line.isascii() and _NOT_PLAIN.isdisjoint(line)):
        if line.lstrip(" \t\r").startswith("#"):
            return
        import shlex  # seldom needed

        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = lexer
    command: list[str] = []
    try:
        for word in words:
            if word and _OPERATOR.issuperset(word):
                yield from [command] if command else []
                command = []
            elif word and (command or not (word in _KEYWORDS or _ASSIGNMENT.match(word))):
                command.append(word)
    except ValueError:
        # A quotation that goes on in the next line: what came before it is a command already.
        pass
    if command:
        yield command
