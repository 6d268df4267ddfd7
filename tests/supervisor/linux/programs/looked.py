"""Makes a policy once to load all that it takes, and once more with its looks noted."""

import json
import os
import sys

from nono.supervisor import Options, looks, make_plan
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.searched_modules import this_process_is_ours
from nono.supervisor.kinds_of_looks import KINDS
from nono.supervisor.noted_looks import Looks
from nono.supervisor.places import state_directory

STATUS_ALONE = {"access", "file", "larger", "leaf", "links", "lstat", "readlink", "source", "stat"}
READING = KINDS.keys() - STATUS_ALONE - {"realpath"}


def make(noted: Looks) -> None:
    with looks.noted(noted):
        plan = make_plan(Options(**json.loads(sys.argv[1])), ["/bin/true"])
        complete(plan, tmpdir="/tmp/nono-0a1b2c3d")
    noted.leave_out("/tmp/nono-0a1b2c3d")


def on_the_way(paths: list[str]) -> set[str]:
    """What is looked at to find where paths lead."""
    seen: set[str] = set()
    lstat, readlink = os.lstat, os.readlink
    os.lstat = lambda path, **_: seen.add(path) or lstat(path)
    os.readlink = lambda path, **_: seen.add(path) or readlink(path)
    for path in paths:
        os.path.realpath(path)
    os.lstat, os.readlink = lstat, readlink
    return seen


this_process_is_ours()
make(Looks())
noted = Looks()
os.path.exists("/nono-marker-begin")
make(noted)
os.path.exists("/nono-marker-end")
asked = noted.asked
package = os.path.dirname(os.path.dirname(looks.__file__))
print(
    json.dumps(
        {
            "are_whole": noted.are_whole,
            "noted": [each[1] for each in asked],
            "read": [each[1] for each in asked if each[0] in READING],
            "on_the_way": sorted(on_the_way([each[1] for each in asked if each[0] == "realpath"])),
            "own": [
                *(f"{package}/{room}/" for room in ("broker", "shims", "supervisor")),
                f"{state_directory(os.environ)}/profiles",
                "/tmp/nono-0a1b2c3d",
            ],
        }
    )
)
