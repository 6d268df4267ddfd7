"""Calls by which a program gives up rights: remembered, and left to the kernel."""

import errno

import pytest

from nono.supervisor.linux.calls.answers import CONTINUE, Fail
from tests.supervisor.linux.calls.playbooks.scene import Line, Scene, line

CLONE_PARENT, SIGCHLD = 0x8000, 17
PR_SET_CHILD_SUBREAPER = 36

BEFORE = [
    line("clone", CLONE_PARENT | SIGCHLD, answer=CONTINUE),
    line("prctl", PR_SET_CHILD_SUBREAPER, 1, answer=CONTINUE),
    line("capset", 0, 0, answer=CONTINUE),
    line("landlock_restrict_self", -1, 8, answer=CONTINUE),
    line("clone", CLONE_PARENT | SIGCHLD, answer=CONTINUE),
]
AFTER = [
    line("landlock_restrict_self", 3, 0, answer=CONTINUE),
    line("clone", CLONE_PARENT | SIGCHLD, answer=Fail(errno.EPERM)),
]


@pytest.mark.parametrize("playbook", [[*BEFORE, *AFTER]])
def test_giving_up(scene: Scene, playbook: list[Line]) -> None:
    for each in playbook:
        scene.check(each)
