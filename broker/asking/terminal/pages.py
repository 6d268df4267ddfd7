"""A question on a screen of some size: all of it, if need be on several pages.

Nothing is left out without a word: what does not fit is on another page, and `Gate` lets nothing
be allowed before all of them were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.question import Question
from nono.broker.asking.terminal import block
from nono.broker.asking.terminal.block import Surroundings
from nono.broker.asking.terminal.columns import cut, width
from nono.broker.asking.terminal.gate import Page, View
from nono.broker.asking.terminal.keys import Choice

MIN_ROWS, MIN_COLUMNS = 3, 20
"""On less there is nothing to be read, and nothing can be allowed."""
_TOO_SMALL = "nono asks: enlarge, or Esc: no"
_RULE = "─"


def pages(
    question: Question,
    choosable: Sequence[Choice],
    view: View,
    second: Choice | None,
    around: Surroundings,
    rows: int,
) -> tuple[Page, ...]:
    """The view in as many pages as it takes, of at most `rows` lines; none on too small a screen.

    `second` is what the second step is about.
    """
    if rows < MIN_ROWS or around.columns < MIN_COLUMNS:
        return ()
    if view is View.SECOND_STEP and second is not None:
        return _split(block.second_step(second, around), around.columns, rows)
    if view is View.DETAILS:
        return _split(block.details(question, choosable, around), around.columns, rows)
    found = (
        _split(view(question, choosable, around), around.columns, rows)
        for view in (block.block, block.brief)
    )
    return min(found, key=len)


def drawn(page: Page, columns: int) -> Page:
    """The page, or in place of none the line that says so."""
    return page or (cut(_TOO_SMALL, columns - 1),)


def withdrawn(words: str, columns: int) -> Page:
    """The line for the question before, where it was withdrawn."""
    return (block.settled(f"withdrawn: {words}", None, columns),) if words else ()


def _split(lines: Sequence[str], columns: int, rows: int) -> tuple[Page, ...]:
    if len(lines) <= rows:
        return (tuple(lines),)
    room = rows - 1
    parts = [tuple(lines[start : start + room]) for start in range(0, len(lines), room)]
    return tuple(
        (*part, _foot(number, len(parts), columns - 1)) for number, part in enumerate(parts, 1)
    )


def _foot(number: int, of: int, columns: int) -> str:
    words = "more" if number < of else "again"
    text = f"{_RULE} {words}: space {number}/{of} "
    return cut(text + _RULE * (columns - width(text)), columns)
