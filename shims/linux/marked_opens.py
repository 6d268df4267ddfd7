"""Opens that `preload.c` marks, and that the filter lets through to the kernel.

openat(2) has four arguments. The mark is in the sixth register, which the kernel does not look at.
What may be marked is a list of flags, all that an open for reading may have: so no marked call
makes or empties a file, has access mode 3, for which Landlock asks no right, or a flag that comes
with a later kernel. Landlock asks for its rights to read a file or a directory on every such call,
and it has had these rights from its first version on: landlock(7). So whoever forges a mark gets
what the floor gives.

Source: open(2), the kernel's arch/*/include/uapi/asm/fcntl.h.
"""

from __future__ import annotations

from typing import Final

from nono.shims.linux import bpf
from nono.shims.linux.syscall_classes import Arch

MARK: Final = 0x8B1F5C2E9D4703A6
_REGISTER: Final = 5
_FLAGS: Final = 2

_EVERYWHERE: Final = {
    "O_NOCTTY": 0o400,
    "O_NONBLOCK": 0o4000,
    "O_NOATIME": 0o1000000,
    "O_CLOEXEC": 0o2000000,
}
READING: Final[dict[Arch, dict[str, int]]] = {
    "x86_64": {
        **_EVERYWHERE,
        "O_LARGEFILE": 0o100000,
        "O_DIRECTORY": 0o200000,
        "O_NOFOLLOW": 0o400000,
    },
    "aarch64": {
        **_EVERYWHERE,
        "O_DIRECTORY": 0o40000,
        "O_NOFOLLOW": 0o100000,
        "O_LARGEFILE": 0o400000,
    },
}
"""The flags that a marked open may have. O_RDONLY is none of them: 0."""


def let_through(arch: Arch, openat: int) -> bpf.Code:
    """With the number of a call in the accumulator: allow openat(2) with the mark.

    Without it openat is notified; every other call is passed by, with its number.
    """
    other = ~sum(READING[arch].values()) & 0xFFFFFFFF
    marked = (
        bpf.load_argument(_REGISTER)
        + bpf.unless_among((MARK & 0xFFFFFFFF,), bpf.result(bpf.NOTIFY))
        + bpf.load_argument(_REGISTER, high=True)
        + bpf.unless_among((MARK >> 32,), bpf.result(bpf.NOTIFY))
        + bpf.load_argument(_FLAGS)
        + bpf.when_any_bit(other, bpf.result(bpf.NOTIFY))
        + bpf.result(bpf.ALLOW)
    )
    return bpf.when_among((openat,), marked)
