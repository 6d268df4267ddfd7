"""Two runs: what is slower is found, what is the same is not, and doubt is said."""

import pytest

from nono.perf.results.comparing import Verdict, compare, differences, summary
from nono.perf.results.result import Result
from tests.perf.recorded import line, result, slower, varied


@pytest.fixture
def run() -> Result:
    return result(line("native", varied(1000), None), line("nono", varied(8000)))


def test_verdicts(run: Result) -> None:
    for times, native, inside in (
        (1.0, Verdict.SAME, Verdict.SAME),
        (1.2, Verdict.SAME, Verdict.SLOWER),
        (0.8, Verdict.SAME, Verdict.FASTER),
        (1.04, Verdict.SAME, Verdict.SLOWER),
    ):
        changes = compare(run, slower(run, "nono", times))
        assert [each.verdict for each in changes] == [native, inside], times
        assert changes[1].ratio.low <= times * 1.001
        assert changes[1].ratio.high >= times * 0.999


def test_a_slower_machine_is_no_slower_nono(run: Result) -> None:
    both = slower(slower(run, "nono", 1.5), "native", 1.5)
    native, inside = compare(run, both)
    assert (native.verdict, native.of_ratios) == (Verdict.SLOWER, False)
    assert (inside.verdict, inside.of_ratios) == (Verdict.SAME, True)


def test_noise_is_no_change() -> None:
    noisy = result(line("nono", varied(8000, part=0.2), None))
    (change,) = compare(noisy, slower(noisy, "nono", 1.1))
    assert change.verdict is Verdict.UNKNOWN
    few = result(line("nono", varied(8000, rounds=4), None))
    (change,) = compare(few, slower(few, "nono", 3.0))
    assert change.verdict is Verdict.UNKNOWN


def test_the_verdict_names_its_confidence(run: Result) -> None:
    told = summary(compare(run, slower(run, "nono", 1.3)))
    assert told.startswith("1 slower, 1 the same; each verdict with a confidence of 99%")
    assert summary([]).startswith("no row in common")


def test_other_machines(run: Result) -> None:
    other = result(*run.lines, kernel="Linux 7.0")
    assert differences(run, run) == []
    assert differences(run, other) == ["kernel: Linux 6.18 then, Linux 7.0 now"]
