"""What the filter refuses is in the report, once for each kind of call, in words."""

import json

from tests.conftest import Nono

SCRIPT = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for turn in range(3):
    assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1
if os.fork() == 0:
    os._exit(0)
os.wait()
"""


def test_it_is_told(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--json", "--", "/usr/bin/python3", "-c", SCRIPT)
    assert done.returncode == 0, done.stderr
    denials = json.loads(done.stderr.splitlines()[-1])["denials"]
    assert [(each["call"], each["count"]) for each in denials] == [("unshare", 3), ("ptrace", 1)]
    assert "--no-sandbox" in denials[0]["reason"]


def test_without_a_broker_it_is_refused_all_the_same(nono: Nono) -> None:
    done = nono("run", "--floor-only", "--allow-cwd", "--", "/usr/bin/python3", "-c", SCRIPT)
    assert done.returncode == 0, done.stderr
