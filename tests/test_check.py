"""`python -m tests.check` says what failed, and fails."""

import pytest

from tests import check
from tests.conftest import CHECKOUT

FINE = ("python", "-c", "print('not shown')")
BAD = ("python", "-c", "print('what is wrong'); raise SystemExit(3)")


def test_ci_runs_the_same_tools() -> None:
    ci = (CHECKOUT / ".ci/run").read_text(encoding="utf-8").splitlines()
    for tool, *arguments in check.READING:
        environment = [f"{name}={value}" for name, value in check.ENVIRONMENT.get(tool, {}).items()]
        assert " ".join([*environment, f'"$work/lint/bin/{tool}"', *arguments]) in ci


@pytest.mark.parametrize(("commands", "status"), [([FINE], 0), ([FINE, BAD, FINE], 1)])
def test_what_failed_is_shown(
    commands: list[tuple[str, ...]],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(check, "READING", commands)
    monkeypatch.setattr(check, "TESTS", [FINE])
    assert check.main() == status
    said = capsys.readouterr().out
    assert "not shown\n" not in said
    assert ("what is wrong\n" in said, "1 of 4 failed" in said) == (status == 1, status == 1)
    assert len([line for line in said.splitlines() if " s  " in line]) == len(commands) + 2


def test_what_is_not_installed_has_failed() -> None:
    step = check.run(("no-such-tool", "--version"))
    assert step.status == 127
    assert "hint: " in step.output
