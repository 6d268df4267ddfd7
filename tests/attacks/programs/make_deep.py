"""Leave directories below each other, more of them than calls can be within calls: their number,
and what a shell makes in the last of them."""

import os
import subprocess
import sys

for _ in range(int(sys.argv[1])):
    os.mkdir("a")
    os.chdir("a")
subprocess.run(["/bin/sh", "-ec", sys.argv[2]], check=True)
