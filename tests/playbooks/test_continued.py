"""Which calls are ever continued, and why whatever becomes of their memory is no way out.

Landlock looks at the real call again. What it looks at is in the last column; what it does not look
at must be in a register, where it is what we decided about.
"""

import importlib
from collections.abc import Iterator
from pathlib import Path

from nono.supervisor.linux.calls.answers import CONTINUE
from nono.supervisor.linux.calls.handlers import HANDLERS
from tests.playbooks.scene import Line

OPEN = "READ_FILE, READ_DIR, WRITE_FILE, TRUNCATE, MAKE_REG; access mode 3 and O_PATH in a register"
MAKE = "a MAKE right on the directory; what it makes in a register"
REMOVE = "REMOVE_FILE, REMOVE_DIR"
MOVE = "REFER, and the rights to remove and to make; flags in a register"
RUN = "EXECUTE; flags in a register"
ONLY_LESS = "nothing: whatever the arguments become, rights are only given up by it"
OWN_THREAD = "nothing, and everything that is decided about in registers"

CONTINUED = {
    "open": OPEN,
    "openat": OPEN,
    "creat": OPEN,
    "mkdir": MAKE,
    "mkdirat": MAKE,
    "symlink": MAKE,
    "symlinkat": MAKE,
    "mknod": MAKE,
    "mknodat": MAKE,
    "rmdir": REMOVE,
    "unlink": REMOVE,
    "unlinkat": REMOVE,
    "rename": MOVE,
    "renameat": MOVE,
    "renameat2": MOVE,
    "link": MOVE,
    "linkat": MOVE,
    "truncate": "TRUNCATE",
    "execve": RUN,
    "execveat": RUN,
    "bind": "MAKE_SOCK, and BIND_TCP for a socket that took the descriptor's number",
    "setpriority": OWN_THREAD,
    "ioprio_set": OWN_THREAD,
    "sched_setaffinity": OWN_THREAD,
    "sched_setattr": OWN_THREAD,
    "sched_setparam": OWN_THREAD,
    "sched_setscheduler": OWN_THREAD,
    "landlock_restrict_self": ONLY_LESS,
    "capset": ONLY_LESS,
    "fork": "nothing: it is counted, whoever makes it",
    "vfork": "nothing: it is counted, whoever makes it",
    "setsockopt": "nothing: every socket may have it; level and option are in registers",
    "prctl": "nothing: which process is a reaper takes no right; the option is in a register",
    "clone": "nothing: CLONE_NEW* and CLONE_PARENT are in a register",
}


def lines() -> Iterator[Line]:
    """Every line of a playbook that a module has by a name, alone or in a list."""
    for path in Path(__file__).parent.glob("test_*.py"):
        module = importlib.import_module(f"{__package__}.{path.stem}")
        for value in vars(module).values():
            yield from (each for each in _flat(value) if isinstance(each, Line))


def _flat(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def test_what_is_continued_is_known() -> None:
    continued = {line.name for line in lines() if line.answer == CONTINUE}
    assert continued <= set(CONTINUED)
    assert len(continued) > 15
    assert set(CONTINUED) <= set(HANDLERS)
