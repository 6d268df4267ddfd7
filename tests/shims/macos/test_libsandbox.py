"""The declarations of libsandbox are what is generated from them."""

from __future__ import annotations

from pathlib import Path

from nono.shims.macos import libsandbox_build


def test_the_generated_module_is_up_to_date(tmp_path: Path) -> None:
    libsandbox_build.generate(tmp_path / "made.py")
    assert (tmp_path / "made.py").read_text() == libsandbox_build.TARGET.read_text()
