"""What Macs have answered agrees with how we read profiles; so far no Mac has been asked."""

from __future__ import annotations

import json
from pathlib import Path

from nono.shims.macos.evaluate import Asked, Evaluator
from nono.shims.macos.sbpl import Profile
from tests.seatbelt.probes import PROBES
from tests.seatbelt.record import RECORDED, Questions, differences, record


def _ourselves(profile: Profile, questions: Questions) -> list[bool]:
    """In the place of a kernel: a recording of nothing but our own opinion."""
    evaluator = Evaluator(profile)
    return [evaluator.allows(Asked(operation, path)) for operation, path in questions]


def test_recordings_are_replayed() -> None:
    for path in sorted(RECORDED.glob("*.json")):
        assert list(differences(json.loads(path.read_text(encoding="utf-8")))) == [], path.name


def test_a_recording_of_our_own_opinion(tmp_path: Path) -> None:
    recording = json.loads(json.dumps(record(_ourselves, 20, str(tmp_path))))
    asked = [answer for each in recording["oracle"] for answer in each["answers"]]
    assert len(recording["oracle"]) == 20
    assert {answer[2] for answer in asked} == {True, False}
    assert all(Path(path).exists() for _, path, _ in asked)
    assert list(differences(recording)) == []
    first = next(each["answers"][0] for each in recording["oracle"] if each["answers"])
    first[2] = not first[2]
    (told,) = differences(recording)
    assert f"{first[0]} {first[1]}" in told


def test_each_probe_has_a_name_of_its_own() -> None:
    assert len({each.name for each in PROBES}) == len(PROBES)
