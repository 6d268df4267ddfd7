"""Calls by which a program gives up rights: remembered, and left to the kernel."""

import errno
import resource

import pytest

from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail
from tests.playbooks.scene import Line, Scene, line

CLONE_PARENT, SIGCHLD = 0x8000, 17
PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 36, 4

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


def test_a_process_stays_readable_and_leaves_no_core(scene: Scene) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        scene.check(line("prctl", PR_SET_DUMPABLE, 1 << 32, answer=CONTINUE))
        assert resource.getrlimit(resource.RLIMIT_CORE) == before
        scene.check(line("prctl", PR_SET_DUMPABLE, 0, said=["waiting"], answer=DONE))
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] <= 1
        assert resource.getrlimit(resource.RLIMIT_CORE)[1] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    scene.script.said.clear()
    scene.script.is_gone = True
    scene.check(line("prctl", PR_SET_DUMPABLE, 0, said=["waiting"], answer=Fail(errno.ESRCH)))
    assert resource.getrlimit(resource.RLIMIT_CORE) == before
