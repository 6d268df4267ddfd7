"""One path in a small file of git's: as git reads it first, and as others would."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.supervisor.planning.git.git_files import (
    common,
    exact_common,
    exact_link,
    linked,
    linked_ways,
)

READINGS = {
    b"gitdir: g": ["g"],
    b"gitdir: g\n": ["g"],
    b"gitdir: g\r\n\n\r": ["g"],
    b"gitdir: g\nx": ["g\nx", "g"],
    b"gitdir: g\n\0": ["g\n", "g"],
    b"gitdir: g\0x": ["g"],
    b"gitdir: g\0\nx": ["g"],
    b"gitdir: \ng": ["\ng"],
    b"gitdir: ": [".git"],
    b"gitdir:g": [".git"],
    b"gitdir: g" + b"\n" * 9000: ["g"],
    b"": [".git"],
}


@pytest.mark.parametrize("text", READINGS)
def test_both_readings_count(tmp_path: Path, text: bytes) -> None:
    (tmp_path / ".git").write_bytes(text)
    found = linked(f"{tmp_path}/.git")
    assert found == [f"{tmp_path}/{name}" for name in READINGS[text]]
    (tmp_path / "commondir").write_bytes(text.removeprefix(b"gitdir: "))
    if text.startswith(b"gitdir: "):
        assert common(str(tmp_path)) == [each for each in found if not each.endswith(".git")]


@pytest.mark.parametrize("text", READINGS)
def test_only_what_git_writes_is_exact(tmp_path: Path, text: bytes) -> None:
    top = tmp_path.resolve()
    (top / ".git").write_bytes(text)
    (top / "commondir").write_bytes(text.removeprefix(b"gitdir: "))
    is_exact = text in (b"gitdir: g", b"gitdir: g\n")
    assert exact_link(f"{top}/.git") == (f"{top}/g" if is_exact else None)
    assert not is_exact or exact_common(str(top)) == f"{top}/g"


def test_links_are_followed_for_protection_and_never_exact(tmp_path: Path) -> None:
    top = tmp_path.resolve()
    (top / "file").write_text("gitdir: g\n")
    (top / ".git").symlink_to("file")
    assert linked(f"{top}/.git") == [f"{top}/g"]
    assert exact_link(f"{top}/.git") is None
    (top / ".git").unlink()
    (top / ".git").write_text("gitdir: here/g\n")
    (top / "here").symlink_to(".")
    assert exact_link(f"{top}/.git") is None


@pytest.mark.parametrize("made", ["link", "directory", ""])
def test_what_a_name_goes_up_from_is_the_kernels_to_follow(tmp_path: Path, made: str) -> None:
    """As text it is beside, which it is only as long as no link is there."""
    top = tmp_path.resolve()
    (top / "o/p").mkdir(parents=True)
    if made == "link":
        (top / "sub").symlink_to("o/p")
    elif made:
        (top / "sub").mkdir()
    (top / ".git").write_text("gitdir: sub/../g\n")
    end = f"{top}/o/g" if made == "link" else f"{top}/g"
    assert linked(f"{top}/.git") == [end]
    passed = {f"{top}/sub", f"{top}/o/p"} if made == "link" else {f"{top}/sub"}
    assert {*linked_ways(f"{top}/.git")[0].passed} == passed
    assert exact_link(f"{top}/.git") == (None if made == "link" else end)
