"""A command that holds commands, alone: what is in it, as a usage error."""

from __future__ import annotations

import pytest

from nono.supervisor.cli.commands import nono


@pytest.mark.parametrize("name", ["audit", "profile", "credential"])
def test_it_says_what_is_in_it(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert nono.main(args=[name], prog_name="nono", standalone_mode=False) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.startswith(f"Usage: nono {name} ") and "\nCommands:\n" in err
