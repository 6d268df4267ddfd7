"""Limits: how they are written, and what is said of one that was reached."""

from __future__ import annotations

import pytest

from nono.broker.errors import PolicyError
from nono.broker.limits import KINDS, Limits, Reached, describe

GOOD = [
    ("memory", "512M", 512 << 20),
    ("memory", "1.5g", 3 << 29),
    ("memory", "8 MiB", 8 << 20),
    ("written", "1KB", 1024),
    ("written", 7, 7),
    ("processes", "30", 30),
    ("open_files", 4096, 4096),
    ("cpu_time", "1.5", 1.5),
    ("cpu_time", 90, 90.0),
    ("timeout", "5m", 300.0),
    ("timeout", 0.5, 0.5),
]
BAD = [
    *[("memory", bad, "no size") for bad in ("", "512", "M", "-1M", "1e9", "9P", True, None, 0)],
    *[("memory", bad, "too little") for bad in ("4M", 100)],
    *[("written", bad, "no size") for bad in ("1M\n", "٣M", 1.5, 1 << 63)],
    *[("processes", bad, "no whole number") for bad in ("", "0", "1.5", "x", 0, -1, True, 1 << 30)],
    *[("cpu_time", bad, "no time") for bad in ("", "0", "5x", "inf", 0, -1, float("nan"), True)],
]
BAD.remove(("memory", "512", "no size"))


@pytest.mark.parametrize(("name", "given", "meant"), GOOD)
def test_what_is_written_is_read(name: str, given: object, meant: float) -> None:
    assert KINDS[name].read(given) == meant


@pytest.mark.parametrize(("name", "given", "said"), BAD)
def test_what_means_nothing(name: str, given: object, said: str) -> None:
    with pytest.raises(PolicyError, match=said) as raised:
        KINDS[name].read(given)
    assert raised.value.hint


def test_limits_in_words() -> None:
    assert tuple(KINDS) == Limits._fields
    limits = Limits(memory=512 << 20, cpu_time=90, written=3 << 29)
    assert describe(limits) == [
        "memory limit 512 MiB",
        "limit of processor time 90 s",
        "limit of written bytes 1.5 GiB",
    ]
    assert limits.of_machine and not Limits(timeout=1).of_machine and not Limits().said()


def test_a_limit_that_was_reached() -> None:
    memory = Reached("memory", 512 << 20, "python3", 500 << 20, is_ended=True)
    assert memory.summary == (
        "memory limit 512 MiB reached by python3, peak 500 MiB: it was killed, with all that it"
        " started"
    )
    forks = Reached("processes", 30, "ev\x1bil", times=7)
    assert str(forks) == "limit of processes and threads 30 reached by ev\\x1bil (7 times)"
    assert forks.to_dict() == {
        "limit": "processes",
        "value": 30,
        "program": "ev\\x1bil",
        "peak": None,
        "times": 7,
        "ended": False,
        "summary": forks.summary,
    }
