"""What stands above a table: the machine that it was measured on, how often, under what."""

from __future__ import annotations

from nono.broker.visible import visible
from nono.perf.results import table
from nono.perf.results.result import Beside, Facts, Result


def heading(known: Facts) -> str:
    """The facts in words; they may be those of a file."""

    def told(name: str) -> object:
        return known.get(name, "?")

    return (
        f"{told('kernel')}, Landlock ABI {told('landlock_abi')}; {told('processors')} x"
        f" {told('processor')}, load {told('load_before')} before; Python {told('python')};"
        f" nono {told('nono')}, lane {told('lane')}; timed program {told('timed_program')};"
        f" the clock itself takes {told('clock_ns')} ns of each figure"
    )


def whole_heading(result: Result) -> str:
    """With the rounds and the policy."""
    policy = f"; under {visible(' '.join(result.policy))}" if result.policy else ""
    return f"{heading(result.machine)}; {result.rounds} rounds{policy}"


def beside(result: Result) -> list[str]:
    """Each other sandbox, one line: how it was restricted, and what it was found to hold."""
    return [f"{each.name} ({each.version}, {_held(each)}): {each.words}" for each in result.beside]


def _held(each: Beside) -> str:
    more = [
        word for word, does in (("reads", each.reads_more), ("writes", each.writes_more)) if does
    ]
    return f"{' and '.join(more)} elsewhere, too" if more else "held to what it is given"


def page(result: Result) -> str:
    """The heading and the tables, in Markdown."""
    notes = "".join(f"\n\nNot measured: {note}." for note in result.notes)
    others = "".join(f"\n- {line}" for line in beside(result))
    others = f"\n\nBeside it:\n{others}" if others else ""
    return f"{whole_heading(result)}.{others}\n\n{table.markdown(result)}{notes}\n"
