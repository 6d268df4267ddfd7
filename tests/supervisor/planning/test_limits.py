"""Limits in a plan: from flags, from a profile, and from a policy in Python."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import nono
from nono.broker.errors import PolicyError
from nono.broker.limits import Limits
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

ENV = {"HOME": "/x"}
SAID = {
    "memory": ("512M", 512 << 20),
    "processes": (30, 30),
    "cpu_time": ("5m", 300.0),
    "timeout": (90, 90.0),
    "open_files": (64, 64),
    "written": (1 << 20, 1 << 20),
}


def planned(profile: dict[str, Any] | None = None, place: Path | None = None, **more: Any) -> Any:
    """The limits of a plan by such options and such a profile."""
    if profile is not None and place is not None:
        (place / "p.json").write_text(json.dumps({"limits": profile}))
        more["profile"] = str(place / "p.json")
    return make_plan(Options(workdir="/usr", **more), (), ENV).limits


def test_nothing_said_is_no_limit(tmp_path: Path) -> None:
    assert planned() is None and planned({}, tmp_path) is None
    assert planned({"memory": None}, tmp_path) in (None, Limits())


def test_flags_profiles_and_policies_mean_the_same(tmp_path: Path) -> None:
    meant: dict[str, Any] = {name: value for name, (_, value) in SAID.items()}
    expected = Limits(**meant)
    given: dict[str, Any] = {name: value for name, (value, _) in SAID.items()}
    assert planned(given, tmp_path) == expected
    names = {"processes": "max_processes", "open_files": "max_open_files", "written": "max_written"}
    flags = {names.get(name, name): value for name, value in given.items()}
    assert planned(**flags) == expected
    plan = nono.Policy().limits(**given).limits(timeout="2h").plan()
    assert plan.limits == expected._replace(timeout=7200.0)
    assert pickle.loads(pickle.dumps(plan)) == plan


def test_a_flag_takes_the_place_of_the_profiles(tmp_path: Path) -> None:
    limits = planned({"memory": "1G", "processes": 9}, tmp_path, memory="2G")
    assert limits == Limits(memory=2 << 30, processes=9)


def test_what_cannot_be_meant_names_who_said_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--max-processes: '0' is no whole number") as raised:
        planned(max_processes="0")
    assert raised.value.hint
    with pytest.raises(UsageError, match=r"^memory: 'x' is no size"):
        nono.Policy().limits(memory="x").plan()
    with pytest.raises(PolicyError, match=r"limits\.written: 'much' is no size"):
        planned({"written": "much"}, tmp_path)
