"""What a terminal sends, split into keys, pastes, and what no person typed.

See ECMA-48 for the form of sequences, xterm's ctlseqs for bracketed paste and for the answers of a
terminal, which arrive among the keys.
"""

from __future__ import annotations

import enum
import re

from nono.broker.dataclass import dataclass

PASTE = b"\x1b[200~"
PASTE_END = b"\x1b[201~"

# Compiled at the first key.
_TOKEN = (
    rb"(?P<report>\x1b\[[?>]?[0-9;]*(?:c|R|n|\$y)"  # attributes, position, state, modes
    rb"|\x1b\[[?][0-9;]*u"  # the keyboard protocol in use
    rb"|\x1b\[[0-9;]*t"  # the window
    rb"|\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\))"  # strings: colours, versions
    rb"|(?P<pointer>\x1b\[<[0-9;]*[Mm]|\x1b\[M...|\x1b\[[IO](?![0-9]))"
    rb"|\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b[^\x1b]"
    rb"|[\xc0-\xff][\x80-\xbf]*|."
)


class Kind(enum.Enum):
    """What a piece of input is."""

    KEY = "key"
    PASTE = "paste"
    """A whole paste, without what brackets it; maybe its beginning only."""
    REPORT = "report"
    """The terminal's answer to something that a program asked it."""
    POINTER = "pointer"
    """The mouse, or that the window was looked at."""


@dataclass(frozen=True, slots=True)
class Typed:
    """One piece of input, as it was sent."""

    kind: Kind
    data: bytes


class Keyboard:
    """Takes what is read from a terminal, piece by piece."""

    def __init__(self) -> None:
        self._pasting = False

    @property
    def is_pasting(self) -> bool:
        """True in the middle of a paste whose end has not been read."""
        return self._pasting

    def split(self, data: bytes) -> list[Typed]:
        """What was read in one go, in its order. Nothing is kept back, and nothing is lost."""
        found: list[Typed] = []
        while data:
            if self._pasting:
                content, end, data = data.partition(PASTE_END)
                self._pasting = not end
                found.append(Typed(Kind.PASTE, content))
                continue
            before, start, data = data.partition(PASTE)
            found += map(_typed, re.finditer(_TOKEN, before, re.DOTALL))
            self._pasting = bool(start)
        return found


def _typed(token: re.Match[bytes]) -> Typed:
    named = {"report": Kind.REPORT, "pointer": Kind.POINTER}
    return Typed(named.get(token.lastgroup or "", Kind.KEY), token.group())
