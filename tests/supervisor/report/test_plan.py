"""What a dry run says of a plan."""

from __future__ import annotations

import json
from pathlib import Path

from nono.supervisor import Options, make_plan
from nono.supervisor.decisions.always import complete
from nono.supervisor.report.plan import as_json, describe


def test_what_is_open_in_what_is_protected_is_said(tmp_path: Path) -> None:
    project = tmp_path.resolve() / "project"
    (project / ".vscode/snippets").mkdir(parents=True)
    options = Options(workdir=str(project), allow_cwd=True, allow=[".vscode/snippets"])
    plan = make_plan(options, (), {"HOME": str(tmp_path / "home")})
    made = complete(plan)
    opened = f"{project}/.vscode/snippets"
    assert f"open in what is protected: {opened}" in list(describe(plan, made))
    assert json.loads(as_json(plan, made, ()))["open_in_what_is_protected"] == [opened]
