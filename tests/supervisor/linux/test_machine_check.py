"""What `nono setup --check` says of a machine: what is only slower does not look like a failure."""

import pytest
from click.testing import CliRunner

from nono.shims.linux import lane
from nono.supervisor.cli.commands import nono


@pytest.mark.requires(landlock=2)
def test_what_is_not_needed_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "library", lambda: (None, "not compiled"))
    shown = CliRunner().invoke(nono, ["setup", "--check"]).output.splitlines()
    assert "-   fast lane in C: not compiled" in shown
    assert not [line for line in shown if line.startswith("NO") and ": no" in line]
