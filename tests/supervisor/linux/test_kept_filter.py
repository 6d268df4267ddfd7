"""A filter of an earlier run is the one that would be made now, or it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.supervisor.linux import confine, kept_filter


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}


def test_it_is_made_once_for_the_same_parts(env: dict[str, str], tmp_path: Path) -> None:
    made: list[str] = []

    def program(network: str) -> bytes:
        def make() -> bytes:
            made.append(network)
            return confine.filter_program(network, broker=True)  # type: ignore[arg-type]

        return kept_filter.kept_filter({"network": network}, make, env)

    first = program("filtered")
    assert (program("filtered"), program("blocked") != first) == (first, True)
    assert made == ["filtered", "blocked"]
    for file in tmp_path.rglob("filters/*"):
        data = file.read_bytes()
        for odd in (data[:-8], data[:32], data[:-1] + b"x", b""):
            file.write_bytes(odd)
    assert program("filtered") == first
    assert made == ["filtered", "blocked", "filtered"]


def test_other_code_makes_it_anew(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_filter.kept_filter({}, lambda: bytes(8), env) == bytes(8)
    assert kept_filter.kept_filter({}, lambda: bytes(16), env) == bytes(8)
    monkeypatch.setattr(kept_filter, "_code", lambda: ["other"])
    assert kept_filter.kept_filter({}, lambda: bytes(16), env) == bytes(16)
    # Nothing counts that is no filter.
    assert kept_filter.kept_filter({"x": 1}, lambda: bytes(7), env) == bytes(7)
    assert kept_filter.kept_filter({"x": 1}, lambda: bytes(8), env) == bytes(8)
