"""Yama's scopes: an ancestor may look into its descendants, or a run is not begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.supervisor.errors import StartError
from nono.supervisor.linux import tracing


@pytest.fixture
def scope(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ptrace_scope"
    monkeypatch.setattr(tracing, "_SCOPE", str(path))
    return path


@pytest.mark.parametrize("text", [None, "0\n", "1\n"])
def test_a_scope_that_leaves_descendants(scope: Path, text: str | None) -> None:
    if text is not None:
        scope.write_text(text)
    tracing.check_tracing()
    assert tracing.finding().good


@pytest.mark.parametrize(("text", "way"), [("2\n", "sudo sysctl"), ("3\n", "boot again")])
def test_a_scope_that_leaves_nobody(scope: Path, text: str, way: str) -> None:
    scope.write_text(text)
    with pytest.raises(
        StartError, match=f"kernel.yama.ptrace_scope is {text.strip()}, and "
    ) as error:
        tracing.check_tracing()
    assert way in f"{error.value.message}\n{error.value.hint}"
    found = tracing.finding()
    assert not found.good and found.needed and way in found.cost
