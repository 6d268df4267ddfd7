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

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import re

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
"""Of ASCII, what a shell has a meaning for and `str.split` has not, or the other way round."""
_TOKEN = (
    r"(?P<operator>[();<>|&]+)"
    r"|(?P<word>(?:[^ \t\r\n\"'();<>|&#\\]|\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*')+)(?P<open>[\"'\\]?)"
    r"|(?P<comment>#)|[\"'\\]"
)
_QUOTED = r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|\\(.)"
_ESCAPED = r"\\([\"\\])"
_MAX_TEXT = 65536
_MAX_REMEMBERED = 4096
"""Letters of a text."""
_MAX_TEXTS = 32
_MAX_DEPTH = 8

Find = Callable[[str], str | None]
"""From a word to the file that it would run, or None."""


def starts_others(command: str) -> bool:
    """Whether it is a shell or a wrapper, whose arguments name programs."""
    name = os.path.basename(command)
    return name in SHELLS or name in _WRAPPERS


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
    """The same. The wrappers on a person's PATH are read by every start of a process."""
    return tuple(_taken_apart(text))


def _words(line: str) -> Iterable[str]:
    """The words and operators of a line, as shlex tells them, in a tenth of its time.

    Raises ValueError behind the last one where a quotation has no end in the line.
    """
    plain = line.isascii() and _NOT_PLAIN.isdisjoint(line)
    return line.split() if plain else _quoted_words(line)


def _quoted_words(line: str) -> Iterator[str]:
    for found in pattern_of(_TOKEN).finditer(line):
        operator, word, is_open, comment = found.groups()
        if comment:
            return
        if operator:
            yield operator
        elif not word or is_open:
            raise ValueError("a quotation without an end")
        else:
            yield pattern_of(_QUOTED).sub(_unquoted, word)


def _unquoted(found: re.Match[str]) -> str:
    in_two, in_one, escaped = found.groups()
    if in_two is not None:
        # Not by a text: to read what it says of groups, `re` itself would be loaded.
        return pattern_of(_ESCAPED).sub(lambda found: found[1], in_two)
    return escaped if in_one is None else str(in_one)


def _commands(line: str) -> Iterator[list[str]]:
    """The simple commands in a line, without what is assigned before them."""
    command: list[str] = []
    try:
        for word in _words(line):
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
