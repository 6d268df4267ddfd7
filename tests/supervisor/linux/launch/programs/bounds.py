"""Processes that may not be made, and a process that gives up its user."""

import os
import resource
import sys
from pathlib import Path

from nono.supervisor import Options, StartError, make_plan, run

policy = make_plan(Options(allow_cwd=True)).policy


def said(*argv):
    return run(argv, policy, capture_output=True).stdout.decode().strip()


print(said("id", "-u"))
(first,) = children(os.getpid())
if os.getuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setgroups([])
    os.setresuid(65534, 65534, 65534)
    os.environ["HOME"] = os.getcwd()
    print(said("id", "-u"), said("id", "-G"))
    sys.exit()
resource.prlimit(first, resource.RLIMIT_NPROC, (1, 1))
try:
    run(["true"], policy)
except StartError as error:
    print(error.message.partition(":")[0], "fork" in error.message, error.hint)
