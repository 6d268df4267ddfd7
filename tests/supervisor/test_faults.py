"""What is known of a fault of ours is noted, and noting it is no other one."""

from __future__ import annotations

import sys

import pytest

from nono.supervisor.faults import Faults


def noted(faults: Faults) -> str:
    try:
        raise ValueError("wrong")
    except ValueError:
        faults.note()
    return faults.texts[-1]


def test_a_traceback_is_noted() -> None:
    assert noted(Faults()).endswith("ValueError: wrong\n")
    assert noted(Faults(str.upper)).endswith("VALUEERROR: WRONG\n")


def test_where_nothing_can_be_imported_the_fault_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traceback", None)
    assert noted(Faults()) == "ValueError('wrong')"
    assert noted(Faults(str.upper)) == "VALUEERROR('WRONG')"
