"""What a person is told when a profile was learned."""

from pathlib import Path

from nono.broker import Access, Open
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions.always import complete
from nono.supervisor.learning.observe import Learner
from nono.supervisor.learning.profile import Outcome
from nono.supervisor.report.learned import text


def test_what_the_profile_does_not_grant_is_told_with_its_reason(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin"}
    plan = make_plan(Options(workdir=str(tmp_path)), [], env)
    decisions = complete(plan, tmpdir=str(tmp_path)).decisions()
    start_file = Open(RecordedProcess(1), str(tmp_path / ".zshrc"), Access.WRITE)
    outcome = Outcome({}, ungranted=[start_file, start_file], decisions=decisions)
    told = [*text(Learner(), outcome, decisions)]
    title = told.index("nono: seen, and not granted by the profile:")
    assert "denied by group deny_shell_configs" in told[title + 1]
    assert f"hint: --bypass-protection {tmp_path}/.zshrc" in told[title + 1]
    assert told[title + 2 :] == []
