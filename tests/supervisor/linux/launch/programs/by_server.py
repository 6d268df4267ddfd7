"""What the programs of this folder begin with that name the fork server, and look at its children."""

import os
import sys
from pathlib import Path

from nono.shims.linux import launcher

if len(sys.argv) > 1:
    launcher.PROGRAM = sys.argv[1]


def children(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        found += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
    return [int(each) for each in found]
