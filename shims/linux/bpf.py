"""Instructions of classic BPF, as far as a seccomp filter needs them, already assembled.

A piece of program is a tuple of instructions; control enters at its first and leaves behind its
last, or ends in a `result`. Jumps are relative, so pieces may be put one after the other.

Source: linux/filter.h, linux/bpf_common.h, linux/seccomp.h, seccomp(2).
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import Final

Code = tuple[bytes, ...]

_SOCK_FILTER: Final = struct.Struct("=HBBI")  # u16 code, u8 jt, u8 jf, u32 k

_LD_W_ABS: Final = 0x20
_ALU_AND_K: Final = 0x54
_JMP_JEQ_K: Final = 0x15
_JMP_JGE_K: Final = 0x35
_JMP_JSET_K: Final = 0x45
_RET_K: Final = 0x06

# Offsets in struct seccomp_data {int nr; u32 arch; u64 instruction_pointer; u64 args[6]}.
NUMBER: Final = 0
ARCH: Final = 4
_ARGUMENTS: Final = 16

KILL_PROCESS: Final = 0x80000000
NOTIFY: Final = 0x7FC00000
ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000


def errno_result(error: int) -> int:
    """The result that makes the call fail with this errno (1 to 4095) without running it."""
    return _ERRNO | error


def load(offset: int) -> Code:
    """Put the 32-bit word at this offset of the call's data into the accumulator."""
    return _instruction(_LD_W_ABS, offset)


def load_argument(index: int, *, high: bool = False) -> Code:
    """Put the low or the high half of argument 0 to 5 into the accumulator (little endian).

    For a parameter that is an int the kernel drops the high half: so must the filter.
    """
    return load(_ARGUMENTS + 8 * index + 4 * high)


def mask(bits: int) -> Code:
    """Keep these bits of the accumulator."""
    return _instruction(_ALU_AND_K, bits)


def result(action: int) -> Code:
    """End the program."""
    return _instruction(_RET_K, action)


def when_among(values: Collection[int], body: Code) -> Code:
    """Enter `body` if the accumulator is one of `values`, pass it by if not."""
    last = len(values) - 1
    tests = (
        _instruction(_JMP_JEQ_K, value, last - index, 0 if index < last else len(body))
        for index, value in enumerate(values)
    )
    return sum(tests, ()) + body


def unless_among(values: Collection[int], body: Code) -> Code:
    """Enter `body` if the accumulator is none of `values`, pass it by if it is."""
    last = len(values) - 1
    tests = (
        _instruction(_JMP_JEQ_K, value, last - index + len(body), 0)
        for index, value in enumerate(values)
    )
    return sum(tests, ()) + body


def when_at_least(value: int, body: Code) -> Code:
    """Enter `body` if the accumulator, unsigned, is `value` or more; pass it by if not."""
    return _instruction(_JMP_JGE_K, value, 0, len(body)) + body


def when_any_bit(bits: int, body: Code) -> Code:
    """Enter `body` if the accumulator has any of these bits; pass it by if not."""
    return _instruction(_JMP_JSET_K, bits, 0, len(body)) + body


def assemble(code: Code) -> bytes:
    """The program as an array of struct sock_filter."""
    return b"".join(code)


def _instruction(code: int, k: int, if_true: int = 0, if_false: int = 0) -> Code:
    return (_SOCK_FILTER.pack(code, if_true, if_false, k),)
