"""The commonest command lines of `nono run`, read without click, whose import takes a while.

Only flags, and options whose value is any text: the words are taken as click takes them, which a
test compares. Every other line is click's to read, and so is every mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nono.broker.named_tuple import NamedTuple
from nono.broker.settings import BY_OPTION
from nono.supervisor.planning.options import Options

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

_RUN_FLAGS = {
    "--dry-run": "dry_run",
    "--no-project": "no_project",
    "--best-effort": "best_effort",
    "--floor-only": "floor_only",
    "--json": "as_json",
    "--no-audit": "no_audit",
    "--stats": "stats",
    "--verbose": "verbose",
    "-v": "verbose",
    "--quiet": "quiet",
    "-q": "quiet",
}
_CHECKED = {"open_port", "listen_port", "allow_connect_port", "ask", "timeout"}
"""Options whose values are not any text."""
_NAMES = _RUN_FLAGS | {key.flag: name for name, key in BY_OPTION.items() if name not in _CHECKED}
_NAMES |= {"--profile": "profile", "-p": "profile", "--workdir": "workdir", "-a": "allow"}
_NAMES |= {"-r": "read", "-w": "write", "--credential": "proxy_credential"}
_NAMES["--allow-proxy"] = "allow_domain"

_TAKEN_BACK = {name for name, key in BY_OPTION.items() if key.stands_for is False}
"""Options that hold unless their flag is given."""

_UNSAID = {**dict.fromkeys(_RUN_FLAGS.values(), False), "audit": ()}
_UNSAID |= {"platform": None, "report": None, "stats_file": None}
"""The values of a run's options that no word gives, without those of its policy."""
_COMPLETION = "_NONO_COMPLETE"
"""The variable by which a shell asks click for completions."""


class SimpleRun(NamedTuple):
    """What is to be run, and the value of each option of a run."""

    argv: tuple[str, ...]
    values: dict[str, Any]


def simple_run(arguments: Sequence[str], env: Mapping[str, str]) -> SimpleRun | None:
    """What the line says; None where click has to read it."""
    if arguments[:1] != ["run"] or _COMPLETION in env:
        return None
    unsaid, names = Options(), (*Options.__match_args__,)
    values = {**_UNSAID, **{str(name): getattr(unsaid, name) for name in names}}
    words = iter(arguments[1:])
    for word in words:
        if word == "--" or not word.startswith("-"):
            argv = (*(() if word == "--" else (word,)), *words)
            return SimpleRun(argv, values) if argv else None
        if not _take(word, words, values):
            return None
    return None


def _take(word: str, words: Iterator[str], values: dict[str, Any]) -> bool:
    """Take an option, and its value from the word or from the next; False where click has to."""
    spelled, is_joined, value = word.partition("=") if word.startswith("--") else (word, "", "")
    name = _NAMES.get(spelled, "")
    if not name:
        return False
    if isinstance(values[name], bool):
        values[name] = name not in _TAKEN_BACK
        return not is_joined
    if not is_joined:
        value = next(words, "-")
        if value.startswith("-"):  # which may be an option whose value is missing
            return False
    if values[name] is not None and not isinstance(values[name], tuple):
        return False  # given twice: what comes of it is for click to say
    values[name] = (*values[name], value) if isinstance(values[name], tuple) else value
    return True
