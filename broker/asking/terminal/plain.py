"""A question as a list, for screen readers and where nothing may be drawn.

The answer is a line: the letter that it has in every question and everywhere, and `yes` to what
takes a second step. Anything else asks again; an empty line and the end of input refuse. What
does not fit on the screen is on pages, and nothing allows before all of them were there.
"""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.question import MAX_OBJECTS, Question
from nono.broker.asking.subject import DETAILS
from nono.broker.asking.terminal.block import MAX_RULES, MAX_TEXT, risk, rule_words
from nono.broker.asking.terminal.columns import rows_of, wrapped
from nono.broker.asking.terminal.keys import Choice, by_key
from nono.broker.visible import visible

PROMPT = "Letter, then Enter; Enter alone refuses: "
AGAIN = "No such letter (capitals differ)."
UNSEEN = "Not all of it was shown."
PASTED = "More than one line came at once: a paste answers nothing."
NEW = "This is a new question. The one before was withdrawn."
SECOND = 'Type "yes", then Enter; anything else goes back: '
YES = "yes"
MORE = "+"


def listed(question: Question, choosable: Sequence[Choice], run: str = "") -> list[str]:
    """The question and its answers, one a line."""
    process = question.program.process
    run = f" for run {visible(run, 20)}" if run else ""
    script = f" running {visible(question.program.script)}" if question.program.script else ""
    lines = [
        f"nono asks{run}.",
        f"Program: {visible(process.exe)}{script}, process {process.pid}.",
        f"It wants to {visible(question.wants)}: {visible(question.what, MAX_TEXT)}",
        *_objects(question),
        f"Because: {visible(question.why, 400)}.",
    ]
    for choice in choosable:
        offer = choice.offer
        reach = f" ({visible(offer.reach)})" if offer.reach else ""
        size = "Capital " if choice.key.isupper() else ""
        lines.append(f"{size}{choice.key}: {visible(offer.words)}{reach}")
    note = risk(question, choosable)
    return [*lines, *([f"{note[0].upper()}{note[1:]}."] if note else [])]


def _objects(question: Question) -> list[str]:
    if len(question.objects) < 2:
        return []
    shown = question.objects[:MAX_OBJECTS]
    lines = [
        f"{visible(wants, 40) if wants in DETAILS else f'To {visible(wants, 40)}'}:"
        f" {visible(place, MAX_TEXT)}"
        for wants, place in shown
    ]
    more = len(question.objects) - len(shown)
    lines += [f"And {more} more."] if more else []
    later = question.later
    return [*lines, *([f"{later} calls wait for another question."] if later else [])]


def confirmed(choice: Choice) -> list[str]:
    """What a broad answer does, before it is confirmed."""
    offer = choice.offer
    lines = [f"You chose: {visible(offer.words)}", f"It opens: {visible(offer.reach)}"]
    if offer.entry:
        lines.append(f"It writes: {visible(offer.entry, 1000)} into {visible(offer.file, 1000)}")
    else:
        lines += [f"Rule: {rule_words(each)}" for each in offer.rules[:MAX_RULES]]
        more = len(offer.rules) - MAX_RULES
        lines += [f"And {more} more rules"] if more > 0 else []
    return [line for line in lines if not line.endswith(": ")]


def paged(lines: Sequence[str], rows: int, columns: int) -> tuple[tuple[str, ...], ...]:
    """The lines in as many pages as it takes, so that nothing of one has left the screen.

    Below each there is room for what is asked there. A line that fills more than a page is parted.
    """
    room = max(rows - 1 - rows_of(more(1, 9), columns), 1)
    pages: list[tuple[str, ...]] = []
    page: list[str] = []
    left = room
    for line in lines:
        parts = [line] if rows_of(line, columns) <= room else wrapped(line, columns, MAX_TEXT)
        for part in parts:
            takes = rows_of(part, columns)
            if takes > left and page:
                pages.append(tuple(page))
                page, left = [], room
            page.append(part)
            left -= takes
    return (*pages, tuple(page))


def more(number: int, of: int) -> str:
    """What is asked below a page that is not the last."""
    return f'Page {number} of {of}: "{MORE}", then Enter, for more; Enter alone refuses: '


def chosen(line: str, choosable: Sequence[Choice]) -> Choice | None:
    """The answer whose letter is all of the line; None when it is none."""
    return by_key(tuple(choosable)).get(line.strip())


def takes_two_lines(choice: Choice) -> bool:
    """True for what a letter alone does not choose: it is broad, it lasts, or it is risky."""
    return choice.is_two_steps or choice.offer.is_risky
