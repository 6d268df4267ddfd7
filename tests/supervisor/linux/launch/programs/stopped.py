"""A server that was stopped by somebody is given up after a while, and the next start has another."""

import os
import signal
import sys
from pathlib import Path

from nono.supervisor import Options, StartError, make_plan, run
from nono.supervisor.linux.launch import fork_server

policy = make_plan(Options(allow_cwd=True)).policy
run(["true"], policy)
(server,) = children(os.getpid())
os.kill(server, signal.SIGSTOP)
fork_server._START_SECONDS = 0.05
try:
    run(["true"], policy)
except StartError as error:
    print(error)
fork_server._START_SECONDS = 30.0
print(run(["true"], policy).returncode)
