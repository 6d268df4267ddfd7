"""What a result looks like: in a file and back, as tables, as a plot, as a picture."""

import json
import sys
import xml.etree.ElementTree
from typing import Any

import pytest

from nono.broker.errors import NonoError
from nono.perf.results import plot, svg, table
from nono.perf.results.kept import from_json, to_json
from nono.perf.results.noise import noise
from nono.perf.results.result import Result
from nono.perf.results.row import Limit
from tests.perf.recorded import line, result, varied


@pytest.fixture
def run() -> Result:
    return result(
        line("native", varied(1000), None),
        line("nono <&>", varied(8000), limits=(Limit("native", 4.0),)),
        line("once", [[2_000_000_000]] * 12, None, "programs"),
    )


def test_a_file_and_back(run: Result) -> None:
    assert from_json(to_json(run), "x") == run


def _changed(run: Result, **members: Any) -> str:
    return json.dumps({**json.loads(to_json(run)), **members})


def test_files_that_are_none(run: Result) -> None:
    row = json.loads(to_json(run))["rows"][0]
    machines: list[Any] = [None, [], {"kernel": []}]
    bad = [
        *("", "null", "[]", "{}", "[" * 100_000, "\x00"),
        *(_changed(run, schema=each) for each in (None, "other")),
        *(_changed(run, machine=each) for each in machines),
        *(_changed(run, rows=[{**row, "median": each}]) for each in (None, [1], "x", [1, 2, -3])),
        *(_changed(run, rows=[{**row, "round_medians": each}]) for each in ({}, {"0": 0}, [1])),
        _changed(run, rows=[{**row, "name": 7}]),
        _changed(run, rows=[{**row, "median": [float("nan")] * 3}]),
    ]
    for text in bad:
        with pytest.raises(NonoError, match="no result"):
            from_json(text, "x")
    with pytest.raises(NonoError, match="version 2"):
        from_json(_changed(run, version=2), "x")


def test_names_in_a_file_are_made_safe(run: Result) -> None:
    row = json.loads(to_json(run))["rows"][0]
    found = from_json(_changed(run, rows=[{**row, "name": "\x1b[2J"}]), "x")
    assert found.lines[0].name == "\\x1b[2J"


def test_tables(run: Result) -> None:
    first, _, native, inside, *_ = table.markdown(run).splitlines()
    assert first.startswith("| open + close | median")
    assert native.split("|")[1:3] == [" native       ", " 1.00 µs "]
    assert "| 8.00     | 8.00 x native (4) " in inside
    lines = table.columns(run)
    assert lines[-1].split()[:3] == ["once", "2.00", "s"]
    assert "p99" not in lines[-2]


def test_a_plot_of_text(run: Result) -> None:
    lines = plot.plot(run)
    assert lines[0] == "open + close"
    native, inside = lines[1], lines[2]
    assert native.count("o") == 1
    assert native.index("|") == inside.index("|")
    assert native[native.index("|") :].index("o") < inside[inside.index("|") :].index("o")
    assert lines[3].split() == ["100", "ns", "1", "µs", "10", "µs"]


def test_a_picture(run: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    root = xml.etree.ElementTree.fromstring(svg.svg(run))
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"native", "nono <&>", "once", "1 µs"} <= set(words)
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    with pytest.raises(NonoError, match="CairoSVG"):
        svg.png(run)


def test_noise(run: Result) -> None:
    assert noise(run) == []
    for facts, words in (
        ({"load_before": 3.5}, "load 3.5 on 2 processors"),
        ({"stolen_percent": 9.0}, "took 9 % of the time"),
    ):
        (said,) = noise(result(*run.lines, **facts))
        assert words in said
    wild = varied(1000, part=0.2)
    (said,) = noise(result(line("native", wild, "native"), line("asked", wild, None)))
    assert "native itself varies by" in said
    (said,) = noise(result(line("native", varied(1000, rounds=3), None)))
    assert said == "3 rounds are a look, not a figure"
