"""Whether a machine was quiet enough for its figures to mean something."""

from __future__ import annotations

from nono.perf.results.result import Line, Result

_FEW_ROUNDS = 8
_VARIES = 0.25
"""A native row that varies by more between rounds was disturbed: alone it is below a tenth."""
_UNSURE = 0.1
_STOLEN = 2.0
_MANY = 3


def noise(result: Result) -> list[str]:
    """Why little is to be had from the figures, for people; nothing where they are good."""
    found = [*_load(result), *_varying(result), *_unsure(result)]
    if result.rounds < _FEW_ROUNDS:
        found.append(f"{result.rounds} rounds are a look, not a figure")
    return found


def _load(result: Result) -> list[str]:
    load, processors = result.machine.get("load_before", 0), result.machine.get("processors", 1)
    stolen = result.machine.get("stolen_percent", 0)
    found = []
    if isinstance(load, int | float) and isinstance(processors, int) and load > processors / 2:
        found.append(f"other programs were running: load {load:g} on {processors} processors")
    if isinstance(stolen, int | float) and stolen > _STOLEN:
        found.append(f"the machine is a guest, and its host took {stolen:g} % of the time")
    return found


def _varying(result: Result) -> list[str]:
    """By rows that nono has no part in."""
    native = {(each.section, each.native) for each in result.lines}
    varying = [
        each
        for each in result.lines
        if (each.section, each.name) in native
        and len(each.rounds) > 1
        and variation(each) > _VARIES
    ]
    if not varying:
        return []
    worst = max(varying, key=variation)
    percent = round(100 * variation(worst))
    return [f"{worst.section}: {worst.name} itself varies by {percent} % from round to round"]


def variation(line: Line) -> float:
    """Between the rounds of the middle half, as a part of the median."""
    ordered = sorted(line.rounds.values())
    quarter = len(ordered) // 4
    return (ordered[-1 - quarter] - ordered[quarter]) / line.median.value


def _unsure(result: Result) -> list[str]:
    ratios = ((line, result.to_native(line)) for line in result.lines)
    unsure = [
        line.name
        for line, ratio in ratios
        if ratio is not None and (ratio.high - ratio.low) / ratio.value > 2 * _UNSURE
    ]
    if len(unsure) < _MANY:
        return []
    return [
        f"{len(unsure)} ratios are known to no better than a tenth: more --rounds make it better"
    ]
