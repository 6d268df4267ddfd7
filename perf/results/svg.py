"""A result as a picture, in SVG; a PNG is made of it by an optional library."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby

from nono.broker.counting.durations import duration
from nono.broker.errors import NonoError
from nono.perf.results.plot import Scale
from nono.perf.results.result import Line, Result

_NAMES, _PLOT, _LINE, _MARGIN = 330, 560, 20, 12
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.s{font-weight:bold}.t{stroke:#ddd}"
    ".r9{stroke:#9bc;stroke-width:2}.r{stroke:#379;stroke-width:5}.m{fill:#024}"
)


def svg(result: Result) -> str:
    """A document of its own: a dot for a median, thick its spread, thin up to p99.9."""
    parts, top = [], _MARGIN
    for section, group in groupby(result.lines, key=lambda each: each.section):
        rows = [*group]
        scale = Scale(rows)
        height = _LINE * (len(rows) + 2)
        parts += [f'<text class="s" x="{_MARGIN}" y="{top + _LINE - 6}">{escape(section)}</text>']
        parts += _ticks(scale, top + _LINE, top + height - _LINE)
        for number, line in enumerate(rows, 1):
            parts += _row(line, scale, top + _LINE * number + _LINE // 2)
        top += height + _MARGIN
    width = _NAMES + _PLOT + 4 * _MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top}">'
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", ground, *parts, "</svg>\n"])


def _row(line: Line, scale: Scale, y: int) -> Iterator[str]:
    yield f'<text x="{_MARGIN}" y="{y + 4}">{escape(line.name)}</text>'
    tail = line.p999 or line.p99
    if tail is not None:
        yield _line("r9", _x(scale, line.median.value), y, _x(scale, tail.value), y)
    yield _line("r", _x(scale, line.median.low), y, _x(scale, line.median.high), y)
    x = _x(scale, line.median.value)
    told = escape(f"{line.name}: {duration(line.median.value)}")
    yield f'<circle class="m" cx="{x:.1f}" cy="{y}" r="4"><title>{told}</title></circle>'


def _ticks(scale: Scale, top: int, bottom: int) -> Iterator[str]:
    for tick in scale.ticks:
        x = _x(scale, tick)
        value, unit = duration(tick).split()
        yield _line("t", x, top, x, bottom)
        words = f"{float(value):g} {unit}"
        yield f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{words}</text>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}"/>'


def _x(scale: Scale, nanoseconds: float) -> float:
    return _NAMES + _PLOT * scale(nanoseconds)


def png(result: Result) -> bytes:
    """The same as a PNG. Raises NonoError without the library that makes one."""
    try:
        from cairosvg import svg2png
    except (ImportError, OSError):
        hint = "pip install 'nono-sandbox[plots]'"
        raise NonoError("a PNG is made by CairoSVG, which is not installed", hint) from None
    made: bytes = svg2png(bytestring=svg(result).encode())
    return made
