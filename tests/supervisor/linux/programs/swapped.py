"""Make the floor of a directory while another process swaps a directory in it for a link.

Arguments: the directory that is granted, what the link leads to, a number of starts. Prints how
often the other's file could be read under the kernel's rules, and how often our own could.
"""

import os
import signal
import sys

from nono.broker import Access, Effect, Origin, OriginKind, Policy, Rule, Subtree
from nono.shims.linux import landlock
from nono.shims.linux.process import set_no_new_privs
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.linux import ruleset

_ENDED = 64

granted, secret, starts = sys.argv[1], sys.argv[2], int(sys.argv[3])
origin = Origin(OriginKind.BUILTIN, "test")
policy = Policy(
    (
        Rule(Subtree(granted), Access.READ | Access.WRITE, Effect.ALLOW, origin),
        Rule(Subtree(f"{granted}/sub/refused"), Access.READ, Effect.DENY, origin),
        Rule(Subtree(f"{granted}/refused"), Access.READ, Effect.DENY, origin),
    )
)


def swap() -> None:
    for name in ("sub", "other"):
        place = f"{granted}/{name}"
        os.rename(place, f"{granted}/.{name}")
        os.symlink(secret, place)
        os.unlink(place)
        os.rename(f"{granted}/.{name}", place)


def can_read(path: str) -> bool:
    try:
        with open(path) as file:
            return bool(file.read())
    except OSError:
        return False


def attempt() -> int:
    """1 when the secret could be read, 2 when our own file could, 3 for both."""
    fd = ruleset.build(policy.floor(RealTree()), landlock.abi_version())
    set_no_new_privs()
    landlock.restrict_self(fd)
    return can_read(f"{secret}/key") + 2 * can_read(f"{granted}/own")


other = os.fork()
if other == 0:
    while True:
        swap()
leaked = good = 0
for _ in range(starts):
    child = os.fork()
    if child == 0:
        os._exit(_ENDED + attempt())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) - _ENDED
    assert status >= 0
    leaked += status & 1
    good += status >> 1 & 1
os.kill(other, signal.SIGKILL)
os.waitpid(other, 0)
print(leaked, good)
