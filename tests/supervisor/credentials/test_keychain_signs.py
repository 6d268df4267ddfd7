"""A keychain is asked wherever there may be one, and its library is not loaded elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nono.broker.credentials.services import built_in_service, with_source
from nono.supervisor.credentials import keychain, keychain_signs, keys
from nono.supervisor.credentials.keychain_signs import may_be_there


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any sign: no bus of this user's, nothing configured, nothing loaded."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    monkeypatch.setattr(keychain_signs, "_FLATPAK", str(tmp_path / "flatpak-info"))
    monkeypatch.delitem(sys.modules, "keyring", raising=False)


def package(place: Path, name: str, group: str) -> None:
    (place / name).mkdir(parents=True)
    (place / name / "entry_points.txt").write_text(f"[{group}]\nx = y\n", encoding="utf-8")


def test_without_a_sign_there_is_none(tmp_path: Path) -> None:
    package(tmp_path, "keyring-25.0.dist-info", "keyring.backends")
    package(tmp_path, "other-1.0.dist-info", "console_scripts")
    (tmp_path / "third-1.0.dist-info").mkdir()
    assert not may_be_there({}, [str(tmp_path), str(tmp_path / "absent")])


@pytest.mark.parametrize("name", keychain_signs._VARIABLES)
def test_a_variable_is_a_sign(name: str) -> None:
    assert may_be_there({name: "1"}, [])
    assert not may_be_there({name: ""}, [])


@pytest.mark.parametrize("made", ["bus", "python_keyring", "flatpak-info"])
def test_a_file_is_a_sign(tmp_path: Path, made: str) -> None:
    env = dict.fromkeys(("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"), str(tmp_path))
    assert not may_be_there(env, [])
    (tmp_path / made).touch()
    assert may_be_there(env, [])


def test_what_is_configured_in_the_home_is_a_sign(tmp_path: Path) -> None:
    (tmp_path / ".local/share/python_keyring").mkdir(parents=True)
    assert may_be_there({}, [])


@pytest.mark.parametrize("name", ["keyrings.alt-5.0.dist-info", "mine.egg-info"])
def test_a_backend_of_another_package_is_a_sign(tmp_path: Path, name: str) -> None:
    package(tmp_path / "packages", name, "keyring.backends")
    assert may_be_there({}, [str(tmp_path / "packages")])


def test_what_cannot_be_told_is_a_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "some.zip"
    archive.touch()
    assert may_be_there({}, [str(archive)])
    package(tmp_path / "many", "one-1.dist-info", "console_scripts")
    assert not may_be_there({}, [str(tmp_path / "many")])
    monkeypatch.setattr(keychain_signs, "_MAX_BYTES", 3)
    assert may_be_there({}, [str(tmp_path / "many")])
    monkeypatch.setattr(keychain_signs, "_MAX_BYTES", 1000)
    monkeypatch.setattr(keychain_signs, "_MAX_ENTRIES", 0)
    assert may_be_there({}, [str(tmp_path / "many")])


def test_elsewhere_and_where_the_library_is_loaded_it_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", sys)
    assert may_be_there({}, [])
    monkeypatch.delitem(sys.modules, "keyring")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert may_be_there({}, [])


@pytest.mark.parametrize("signs", [True, False])
def test_a_key_is_looked_for_where_there_may_be_a_keychain(
    monkeypatch: pytest.MonkeyPatch, signs: bool
) -> None:
    monkeypatch.setattr(keys, "may_be_there", lambda env: signs)
    monkeypatch.setattr(keychain, "get", lambda place: "sk-0123456789abcdef0123456789")
    service = with_source(built_in_service("openai"), "keyring://nono/openai")
    assert keys.has_key(service, {}) is signs
