"""What `nono setup --check` says of limits: who holds each, or what it takes."""

import pytest

from nono.supervisor.linux.limits import check
from nono.supervisor.linux.limits.holding import OWN_GROUP

KINDS = ["limits of memory", "limits of processes", "limits of processor time"]


@pytest.mark.parametrize(
    ("group", "scope", "found", "is_held"),
    [
        ("/sys/fs/cgroup/user", [], "a control group below /sys/fs/cgroup/user", True),
        (None, ["systemd-run"], "a scope of systemd's, which nono run goes into", True),
        (None, [], "no control group of version 2", False),
    ],
)
def test_what_this_machine_can_bound(
    monkeypatch: pytest.MonkeyPatch,
    group: str | None,
    scope: list[str],
    found: str,
    is_held: bool,
) -> None:
    tried = [scope]
    monkeypatch.setattr(check, "could_be_found", lambda wanted: group)
    monkeypatch.setattr(check, "in_scope", tried.pop)
    memory, processes, processor = check.findings()
    assert [each.what for each in (memory, processes, processor)] == KINDS
    for each in (memory, processor):
        assert (each.found, each.good) == (found, is_held)
        assert is_held or each.cost.endswith(f" needs --best-effort, which only looks: {OWN_GROUP}")
    assert processes.good and (group is None) == ("nono counts them" in processes.found)
