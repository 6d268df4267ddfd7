"""The Windows Subsystem for Linux, by what its kernels say of themselves; none is here."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from nono.shims.linux import landlock
from nono.supervisor.finding import Finding
from nono.supervisor.linux import wsl

STOCK = "6.18.33.1-microsoft-standard-WSL2"
OLDER = "6.6.87.2-microsoft-standard-WSL2"


def found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: str, abi: int, seccomp: int = 0
) -> list[Finding]:
    (tmp_path / "status").write_text(f"Name:\tinit\nSeccomp:\t{seccomp}\nSeccomp_filters:\t1\n")
    monkeypatch.setattr(platform, "release", lambda: release)
    monkeypatch.setattr(landlock, "abi_version", lambda: abi)
    monkeypatch.setattr(wsl, "_INIT", str(tmp_path / "status"))
    return list(wsl.findings())


def test_another_machine_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert found(monkeypatch, tmp_path, "6.18.44-generic", 7) == []
    assert "WSL" not in wsl.listener_error().message


def test_what_each_kernel_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel, listener = found(monkeypatch, tmp_path, STOCK, 7)
    assert (kernel.found, kernel.good, listener.good) == (f"2, {STOCK}", True, True)
    older, _ = found(monkeypatch, tmp_path, OLDER, 3)
    assert not older.good and "wsl --update" in older.cost
    without, _ = found(monkeypatch, tmp_path, STOCK, 0)
    assert not without.good and without.needed and "kernelCommandLine" in without.cost
    (first,) = found(monkeypatch, tmp_path, "4.4.0-19041-Microsoft", 0)
    assert first.found == "1" and "wsl --set-version" in first.cost


def test_a_listener_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, listener = found(monkeypatch, tmp_path, STOCK, 7, seccomp=2)
    assert (listener.found, listener.good) == ("taken", False)
    assert "networkingMode=nat" in listener.cost
    error = wsl.listener_error()
    assert "networkingMode=mirrored" in error.message
    assert "--floor-only" in error.hint
