"""How long: seconds, or a number with a unit."""

from __future__ import annotations

import click
import pytest

from nono.supervisor.cli.duration import seconds


@pytest.mark.parametrize(
    ("text", "number"), [("90", 90), ("1.5", 1.5), (".5s", 0.5), ("5m", 300), ("2h", 7200)]
)
def test_a_time_has_a_unit(text: str, number: float) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "m", "5x", "-1", "1e9", "inf", "nan", "5 m", "\u0663"]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no time above 0"):
        seconds(text)
