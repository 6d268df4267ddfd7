"""Of a program that becomes another user no flag is suggested, although it is gone by then."""

from __future__ import annotations

import pytest

from tests.conftest import Nono

pytestmark = pytest.mark.requires(landlock=2, commands=["su"])


def test_su_is_told_of_without_flags(nono: Nono) -> None:
    done = nono("run", "--no-audit", "--", "su", "-c", "id")
    assert done.returncode != 0
    assert "su becomes no other user in a sandbox" in done.stderr
    assert "hint:" not in done.stderr
