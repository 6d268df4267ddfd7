"""A host without some of its streams: none of its descriptors gets into a program in their place."""

import os
import sys

from nono.shims.linux import launcher

result = os.fdopen(os.dup(1), "w", buffering=1)
if len(sys.argv) > 2:
    launcher.PROGRAM = sys.argv[2]
when, *numbers = sys.argv[1]

import nono
from nono.supervisor import Options, make_plan
from nono.supervisor import run as run_plan

LOOK = "for n in 0 1 2; do readlink /proc/self/fd/$n; done > seen-$1"
SHOW = ("sh", "-c", LOOK, "sh")
here = os.getcwd()


def close():
    for each in numbers:
        os.close(int(each))


if when == "b":
    close()
policy = nono.Policy().workdir(here, allow=True)
with nono.Sandbox(policy) as box:
    if when == "a":
        box.run(["true"])
        close()
    box.run([*SHOW, "box"])
    run_plan([*SHOW, "plan"], make_plan(Options(allow_cwd=True)))
for name in ("box", "plan"):
    with open(f"seen-{name}") as file:
        seen = file.read().splitlines()
    # What the look itself is led to is its second stream.
    print(*(seen[int(each)] for each in numbers if each != "1"), file=result)
