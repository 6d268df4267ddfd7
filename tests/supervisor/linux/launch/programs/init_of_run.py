"""Starts `nono run`, and says what its init is."""

import os
import subprocess
import sys
from pathlib import Path

NONO = [sys.executable, "-P", "-m", "nono.supervisor", "run", "-q", "--"]
with subprocess.Popen([*NONO, "sh", "-c", "echo up; read line"], stdin=-1, stdout=-1) as nono:
    nono.stdout.readline()
    (init,) = Path(f"/proc/{nono.pid}/task/{nono.pid}/children").read_text().split()
    words = Path(f"/proc/{init}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    fields = dict(line.split(":", 1) for line in open(f"/proc/{init}/status"))
    found = [fields[each].strip() for each in ("Threads", "NoNewPrivs")]
    try:
        os.listdir(f"/proc/{init}/fd")
        is_closed = os.geteuid() == 0
    except PermissionError:
        is_closed = True
    print(words, *found, is_closed, sep="|")
    nono.stdin.close()
