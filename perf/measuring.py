"""Measuring rows in turn, and what is known of the machine meanwhile."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from nono.perf.results.result import Facts, Line, line_of
from nono.perf.results.row import Row
from nono.perf.timers import TimerError


def measure(
    wanted: Sequence[Row],
    rounds: int,
    less: int = 1,
    told: Callable[[int], None] = lambda number: None,
) -> tuple[list[Line], list[str]]:
    """Every row, round after round, forwards or backwards so that drift hits all rows alike.

    The order is that of the Thue-Morse sequence, which is balanced for every second or eighth
    round as well. A row takes one of `less` of its samples. One that fails is left out from then
    on, and told of in the second value. `told` hears the number of each round as it begins.
    """
    found: dict[int, dict[int, array[int]]] = {id(row): {} for row in wanted}
    failed: dict[int, str] = {}
    for number in range(rounds):
        told(number)
        for row in reversed(wanted) if number.bit_count() % 2 else wanted:
            if number % row.every or id(row) in failed:
                continue
            try:
                found[id(row)][number] = row.measure(max(1, row.count // less))
            except TimerError as error:
                failed[id(row)] = f"{row.section}: {row.name}: {error.message}"
    measured = (row for row in wanted if found[id(row)] and id(row) not in failed)
    return [line_of(row, found[id(row)]) for row in measured], [*failed.values()]


class Processors:
    """How much of the time since it was made the host of this machine took for others."""

    def __init__(self) -> None:
        self._before = _times()

    def facts(self) -> Facts:
        """`stolen_percent`, in tenths."""
        spent = [now - then for now, then in zip(_times(), self._before, strict=True)]
        return {"stolen_percent": round(100 * spent[_STEAL] / max(sum(spent), 1), 1)}


_STEAL = 7
_KINDS = 8


def _times() -> list[int]:
    """user, nice, system, idle, iowait, irq, softirq, steal: proc_stat(5)."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            words = file.readline().split()[1 : _KINDS + 1]
    except OSError:
        return [0] * _KINDS
    return [*map(int, words), *[0] * (_KINDS - len(words))]
