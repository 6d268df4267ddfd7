"""What su and sudo are refused is told without a flag, since none makes them work."""

from __future__ import annotations

import pytest

from nono.broker import Access, Around, Explanation, Open, Policy, explain
from nono.broker.requests import RecordedProcess

AROUND = Around(home="/home/u", workdir="/home/u/project")


def read_by(program: str) -> Explanation:
    request = Open(RecordedProcess(1, program), "/etc/pam.d/su", Access.READ)
    policy = Policy()
    return explain(policy, request, policy.decide(request), around=AROUND)


@pytest.mark.parametrize("program", ["/bin/su", "/usr/bin/sudo"])
def test_who_becomes_no_other_user_is_told_so(program: str) -> None:
    told = read_by(program)
    name = program.rpartition("/")[2]
    assert told.fix == ()
    assert told.reason.endswith(f"{name} becomes no other user in a sandbox, whatever it may read")


@pytest.mark.parametrize("program", ["/home/u/project/su", "su", "/usr/bin/cat", ""])
def test_others_are_helped(program: str) -> None:
    """Elsewhere anybody may call a program so."""
    told = read_by(program)
    assert told.fix == ("--read-file", "/etc/pam.d/su")
    assert told.reason == "no rule allows it"
