"""What an audit holds of a program that asks for more than can be written down."""

from nono.broker.audit.pace import Pace

SECOND = 1_000_000_000
BOUND = 1 << 28


def admitted(pace: Pace, time: int, size: int, objects: int, times: int) -> int:
    numbers = [number for _ in range(times) for number in range(objects)]
    return sum(pace.admits(time, size, "deny Open", number) for number in numbers)


def test_a_flood_about_one_object_is_counted() -> None:
    pace = Pace(BOUND)
    assert admitted(pace, SECOND, 0, 1, 10_000) == 500
    assert pace.take(SECOND) == {}
    assert pace.take(2 * SECOND) == {"deny Open": 9_500}
    assert pace.take() == {}
    assert admitted(pace, 2 * SECOND, 0, 1, 10) == 10


def test_each_different_object_is_there_once_up_to_a_bound() -> None:
    pace = Pace(BOUND)
    assert admitted(pace, SECOND, 0, 1, 1000) == 500
    assert pace.admits(SECOND, 0, "deny Open", "another")
    assert not pace.admits(SECOND, 0, "deny Open", "another")
    assert admitted(pace, SECOND, 0, 100_000, 1) < 2000


def test_the_fuller_the_less_and_never_full() -> None:
    pace = Pace(BOUND)
    assert admitted(pace, SECOND, BOUND * 5 // 8, 10_000, 2) == 100
    assert admitted(pace, 2 * SECOND, BOUND * 7 // 8, 10_000, 2) == 0
    assert pace.take() == {"deny Open": 39_900}
