"""What a run's calls come to, as JSON has it."""

import json

from nono.broker.counting.tally import By, Elsewhere, How, Tally
from nono.broker.visible import visible


def test_calls_by_kind_and_by_who_answered() -> None:
    tally = Tally()
    for nanoseconds in (100, 200):
        tally.note("openat", By.LANE, How.CONTINUED, nanoseconds)
    tally.note("mkdir", By.HANDLER, How.FAILED, 5000)
    compiled = Elsewhere((("openat", How.CONTINUED, 7, 70), ("open", How.PERFORMED, 0, 0)), {10: 7})
    tally.add_source(lambda: compiled)
    found = tally.plain()
    assert [(each["call"], each["by"], each["how"], each["count"]) for each in found["calls"]] == [
        ("mkdir", "handler", "failed", 1),
        ("openat", "lane", "let through", 2),
        ("openat", "lane in C", "let through", 7),
    ]
    assert found["total"] == {"count": 10, "nanoseconds": 5370}
    assert [each["count"] for each in found["by"]] == [7, 2, 1]
    assert [(each["by"], each["p50_ns"], each["count"]) for each in found["latency"]] == [
        ("lane in C", 10, 7),
        ("lane", 100, 2),
        ("handler", 4992, 1),
    ]
    json.dumps(found)


def test_many_objects_with_hostile_names_fit_a_line() -> None:
    tally = Tally()
    hostile = "/\x1b[2J\u202e" * 100
    for number in range(5000):
        tally.note(f"call{number}", By.HANDLER, How.PERFORMED, 2**40 + number)
        tally.note_object("openat", f"{number}{hostile}", number)
    found = tally.plain()
    assert [each["nanoseconds"] for each in found["objects"]] == [*range(4999, 4989, -1)]
    for each in found["objects"]:
        assert visible(each["object"]) == each["object"]
    assert found["objects_missed_ns"] > 0
    assert len(json.dumps(found)) < 20_000
