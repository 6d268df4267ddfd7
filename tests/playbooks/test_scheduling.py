"""Priorities and scheduling: every argument is a register, and only the sandbox's own threads."""

import errno
import os

import pytest

from nono.supervisor.linux.calls.answers import CONTINUE, Fail
from tests.playbooks.scene import Line, Scene, line

OURS, ANOTHER = os.getpid(), 1
NOBODY = 2**22 + 1  # beyond every pid_max: proc_sys_kernel(5)
OF_THREADS = (
    "prlimit64",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
)
PROCESS, GROUP, USER = os.PRIO_PROCESS, os.PRIO_PGRP, os.PRIO_USER
IO_PROCESS, IO_GROUP, IO_USER = 1, 2, 3
ALLOWED, REFUSED = CONTINUE, Fail(errno.EPERM)
ABSENT, INVALID = Fail(errno.ESRCH), Fail(errno.EINVAL)


@pytest.mark.parametrize(
    "line",
    [
        *(line(name, 0, answer=ALLOWED) for name in OF_THREADS),
        *(line(name, OURS, answer=ALLOWED) for name in OF_THREADS),
        *(line(name, ANOTHER, answer=REFUSED) for name in OF_THREADS),
        *(line(name, NOBODY, answer=ABSENT) for name in OF_THREADS),
        # The kernel says that there is none: of the 64 bits 32 are the number.
        *(line(name, -1, answer=ALLOWED) for name in OF_THREADS),
        *(line(name, (1 << 32) + ANOTHER, answer=REFUSED) for name in OF_THREADS),
        line("setpriority", PROCESS, 0, 5, answer=ALLOWED),
        line("setpriority", PROCESS, OURS, 5, answer=ALLOWED),
        line("setpriority", PROCESS, ANOTHER, 5, answer=REFUSED),
        line("setpriority", GROUP, 0, 5, answer=REFUSED),
        line("setpriority", USER, 0, 5, answer=REFUSED),
        line("setpriority", PROCESS, NOBODY, 5, answer=ABSENT),
        line("setpriority", GROUP, NOBODY, 5, answer=ABSENT),
        line("setpriority", GROUP, -1, 5, answer=ABSENT),
        line("setpriority", GROUP, os.getpgrp(), 5, answer=REFUSED),
        line("setpriority", -1, 0, 5, answer=INVALID),
        line("ioprio_set", IO_PROCESS, 0, 5, answer=ALLOWED),
        line("ioprio_set", IO_PROCESS, OURS, 5, answer=ALLOWED),
        line("ioprio_set", IO_PROCESS, ANOTHER, 5, answer=REFUSED),
        line("ioprio_set", IO_GROUP, 0, 5, answer=REFUSED),
        line("ioprio_set", IO_USER, OURS, 5, answer=REFUSED),
        line("ioprio_set", IO_PROCESS, NOBODY, 5, answer=ABSENT),
        line("ioprio_set", 0, 0, 5, answer=INVALID),
    ],
    ids=str,
)
def test_scheduling(scene: Scene, line: Line) -> None:
    scene.check(line)
