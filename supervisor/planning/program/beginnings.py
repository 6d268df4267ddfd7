"""What the first bytes of a file say of how it is started."""

from __future__ import annotations

import os

from nono.supervisor.descriptors import bytes_of

_HEAD = 4096
_OF_32_BITS = frozenset((3, 62, 40))
"""Values of e_machine, of those whose calls the kernels here have: EM_386, EM_X86_64, EM_ARM."""


def first_line(program: str) -> list[str]:
    """The words of a script's `#!` line; none for other files."""
    head = head_of(program)
    if not head.startswith(b"#!"):
        return []
    return os.fsdecode(head[2:].split(b"\n", 1)[0]).split()


def is_text(path: str) -> bool:
    """Whether it may be a shell's script without a first line that says so."""
    head = head_of(path)
    return bool(head.strip()) and b"\0" not in head and not head.startswith(b"#!")


def is_of_32_bits(program: str) -> bool:
    """Whether it makes calls of a machine's 32-bit mode: i386, x32, arm. elf(5)."""
    head = head_of(program)
    return head[:5] == b"\x7fELF\x01" and int.from_bytes(head[18:20], "little") in _OF_32_BITS


def head_of(program: str) -> bytes:
    """The beginning of a regular file; nothing of one that cannot be read."""
    return bytes_of(program, _HEAD)
