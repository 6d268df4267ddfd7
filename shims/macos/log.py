"""What the kernel says in the system's log that it refused: log(1), and lines of our tag.

All of it is text that others had a hand in. A program chooses its own name and the paths that it
asks for, so a line that can be read in two ways is none, and is only counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

LOG = "/usr/bin/log"
_BY_THE_KERNEL = (
    '(processID == 0 AND senderImagePath CONTAINS "/Sandbox")'
    ' OR subsystem == "com.apple.sandbox.reporting"'
)
READY = "Filtering the log data using"
"""The first line of `log stream`: from then on nothing is missed."""

_MAX_LINE = 64 << 10
_MAX_REFUSALS = 2000
_DUPLICATES = re.compile(r"(?P<number>\d{1,9}) duplicate reports? for ")
_HEAD = re.compile(r"\A(?:\d{1,9} duplicate reports? for )?Sandbox: ")
_DENY = re.compile(r"\((?P<pid>\d{1,10})\) deny\(\d{1,3}\) (?P<operation>[a-z][a-z0-9*-]{1,60})")
_ANY_DENY = re.compile(r"\)\s*deny\s*\(")


@dataclass(frozen=True, slots=True)
class Refusal:
    """`what` is the object: a path, a name, an address; empty for operations that have none."""

    program: str
    pid: int
    operation: str
    what: str


@dataclass(slots=True)
class Refusals:
    """What was refused in one run, each thing once with how often. Bounded."""

    tag: str
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    unread: int = 0
    """Lines of this run that could not be understood, or were too many."""

    def add(self, line: bytes) -> None:
        """Take one line of what log(1) prints in the style `ndjson`; others' are passed over."""
        if len(line) > _MAX_LINE:
            self.unread += self.tag.encode() in line
            return
        message = _message(line)
        if message is None or not message.endswith(self.tag):
            return
        found = understood(message.removesuffix(self.tag).rstrip())
        if found is None:
            self.unread += 1
            return
        key = found.operation, found.what
        if key not in self.first and len(self.first) >= _MAX_REFUSALS:
            self.unread += 1
            return
        self.first.setdefault(key, found)
        self.counts[key] = self.counts.get(key, 0) + _times(message)

    def all(self) -> Iterable[tuple[Refusal, int]]:
        """Each, with how often, in the order in which they first came."""
        return [(refusal, self.counts[key]) for key, refusal in self.first.items()]


def understood(message: str) -> Refusal | None:
    """The refusal that a message without its tag tells of; None where it could be several."""
    head = _HEAD.match(message)
    if head is None:
        return None
    deny = _DENY.search(message, head.end())
    if deny is None or len(_ANY_DENY.findall(message)) != 1:
        return None
    rest = message[deny.end() :]
    if rest and not rest.startswith(" "):
        return None
    program = message[head.end() : deny.start()]
    return Refusal(program, int(deny["pid"]), deny["operation"], rest[1:])


def stream_command() -> list[str]:
    """What prints the kernel's refusals from now on."""
    return [LOG, "stream", "--style", "ndjson", "--predicate", _BY_THE_KERNEL]


def show_command(seconds: int) -> list[str]:
    """What prints those of the last seconds, which takes longer."""
    last = f"{max(1, seconds)}s"
    return [LOG, "show", "--last", last, "--style", "ndjson", "--predicate", _BY_THE_KERNEL]


def _message(line: bytes) -> str | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    message = entry.get("eventMessage") if isinstance(entry, dict) else None
    return message if isinstance(message, str) else None


def _times(message: str) -> int:
    """How often: the kernel counts what it would say again."""
    found = _DUPLICATES.match(message)
    return int(found["number"]) if found else 1
