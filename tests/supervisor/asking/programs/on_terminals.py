"""Runs programs one after the other on terminals of their own, and types what is given for each.

A key is typed when the program has said nothing for a moment. Says how each ended.
"""

import json
import os
import pty
import select
import sys
import time

SILENT, MOST = 0.2, 90.0


def run(argv, keys):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    end, has_said = time.monotonic() + MOST, False
    while time.monotonic() < end:
        if select.select([terminal], [], [], SILENT)[0]:
            try:
                has_said |= bool(os.read(terminal, 65536))
            except OSError:
                break
        elif keys and has_said:
            os.write(terminal, keys.pop(0).encode())
    else:
        os.kill(pid, 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


for name, (argv, keys) in json.loads(sys.argv[1]).items():
    print(json.dumps([name, run(argv, keys)]), flush=True)
