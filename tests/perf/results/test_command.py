"""A command by itself and in nono: the parts add up to the difference, and doubt is said."""

import json

import pytest

from nono.perf.results.command import CommandResult, Way, text, to_json

STATS = {
    "total": {"count": 1500, "nanoseconds": 40_000_000},
    "by": [
        {"by": "lane in C", "count": 1400, "nanoseconds": 10_000_000},
        {"by": "lane", "count": 0, "nanoseconds": 0},
        {"by": "handler", "count": 100, "nanoseconds": 30_000_000},
    ],
    "refused": 2,
}


def way(*seconds: float, status: int = 0) -> Way:
    return Way(seconds, seconds, (status,))


@pytest.fixture
def result() -> CommandResult:
    true, true_inside = way(0.001, 0.002, 0.001), way(0.201, 0.202, 0.201)
    native, inside = way(1.0, 1.1, 1.0), way(1.3, 1.4, 1.32, status=1)
    argv, ways = ("a\x1b[2J", "b c"), (native, inside, true, true_inside)
    return CommandResult(argv, ("--allow-cwd",), *ways, STATS)


def test_where_the_difference_comes_from(result: CommandResult) -> None:
    start, in_nono, rest = result.parts()
    assert start.seconds == pytest.approx(0.2)
    assert in_nono.seconds == pytest.approx(0.04)
    assert start.seconds + in_nono.seconds + rest.seconds == pytest.approx(0.3)
    assert "lane in C 1,400 in 10.0 ms, handler 100 in 30.0 ms" in in_nono.words


def test_what_people_see(result: CommandResult) -> None:
    lines = [*text(result)]
    assert lines[0] == "'a\\x1b[2J' 'b c', 3 rounds"
    assert lines[3].startswith("  1.30 x native (1.27 to 1.32")
    assert lines[4] == "300 ms comes from:"
    assert "     200 ms   67 %  the start and the end of nono" in lines
    assert "it ends otherwise inside: status 0 by itself, 1 in nono" in lines
    assert lines[-1].startswith("2 objects were refused")


def test_what_cannot_be_told() -> None:
    true = way(0.001, 0.001, 0.001)
    wild = way(1.0, 2.0, 3.0)
    other = way(3.0, 2.0, 1.0)
    lines = [*text(CommandResult(("x",), (), wild, other, true, true, {}))]
    assert lines[4] == "  that is no difference that this machine can tell"
    assert not any("%" in line for line in lines[5:])


def test_as_json(result: CommandResult) -> None:
    made = json.loads(to_json(result))
    assert (made["schema"], made["version"]) == ("nono-bench-command", 1)
    assert made["native"]["seconds"] == [1.0, 1.1, 1.0]
    assert len(made["parts"]) == 3
