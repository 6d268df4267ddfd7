"""What of a process only it can tell, or only at its start; compared with what another tells.

Asked of the C library without the module `ctypes`, whose import takes longer than all the rest.
"""

from __future__ import annotations

import os
import sys

from nono.supervisor.warm.wire import Different

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PRCTL = (
    ("timer slack", 30),
    ("securebits", 27),
    ("transparent huge pages", 42),
    ("memory-deny-write-execute", 66),
    ("machine checks", 34),
    ("memory merge", 68),
)
"""prctl(2): PR_GET_TIMERSLACK and others, which have one number for an answer."""
_CALLS = {
    # keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0); ioprio_get(IOPRIO_WHO_PROCESS, 0)
    "x86_64": (("session keyring", (250, 0, -3, 0)), ("I/O priority", (252, 1, 0))),
    "aarch64": (("session keyring", (219, 0, -3, 0)), ("I/O priority", (31, 1, 0))),
}


def of_process() -> list[bytes]:
    """What the kernel has of this process and tells nobody else. Raises Different."""
    machine = os.uname().machine
    try:
        import _ctypes

        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        call = _ctypes.call_function
        system_call, prctl, personality = (
            _ctypes.dlsym(library, name) for name in ("syscall", "prctl", "personality")
        )
        told = [(name, call(system_call, words)) for name, words in _CALLS[machine]]
        told += [(name, call(prctl, (option, 0, 0, 0, 0))) for name, option in _PRCTL]
        told.append(("personality", call(personality, (-1,))))
    except (ImportError, AttributeError, OSError, KeyError, TypeError) as error:
        raise Different(f"what is of this process alone cannot be asked for: {error}") from None
    return [f"{name} {number}".encode() for name, number in told]


def of_python(searched: Iterable[str], main: str) -> list[bytes]:
    """What this interpreter was started as: its flags, where it looks for modules, and nono's.

    `searched` is sys.path as it was then, `main` the file of the first module of nono's.
    """
    told = (
        ("Python", sys.version),
        ("interpreter", sys.executable, sys.prefix, sys.base_prefix),
        ("set of Python's options", *map(repr, sys.flags), *sys.warnoptions, repr(sys._xoptions)),
        ("search path", *searched),
        ("nono", main),
        ("encoding", sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()),
    )
    return [os.fsencode("\0".join(each)) for each in told]


def difference(ours: list[bytes], theirs: list[bytes]) -> str:
    """The first thing of two such lists that is not the same; empty for none."""
    if len(ours) != len(theirs):
        return "what is compared"
    for one, other in zip(ours, theirs, strict=True):
        if one != other:
            return one.partition(b"\0")[0].rstrip(b"-0123456789 ").decode("ascii", "replace")
    return ""
