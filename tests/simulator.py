"""A classic BPF interpreter for seccomp filters: the kernel's rules without the kernel.

`Program` accepts and refuses what seccomp_check_filter() and bpf_check_classic() of the kernel do
(kernel/seccomp.c, net/core/filter.c), and runs what it accepted.
"""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

MAX_INSTRUCTIONS = 4096
WORDS_OF_MEMORY = 16
ACTION_FULL = 0xFFFF0000
RESULT_DATA = 0x0000FFFF

SOCK_FILTER = struct.Struct("=HBBI")
SECCOMP_DATA = struct.Struct("=iIQ6Q")
WORD = 0xFFFFFFFF

# code = class | size or operation | mode or source
LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
IMM, ABS, MEM, LEN = 0x00, 0x20, 0x60, 0x80
K, X, A = 0x00, 0x08, 0x10
ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, NEG = range(0x00, 0x90, 0x10)
XOR = 0xA0
JA, JEQ, JGT, JGE, JSET = range(0x00, 0x50, 0x10)
TAX, TXA = 0x00, 0x80

OPERATIONS: dict[int, Callable[[int, int], int]] = {
    ADD: lambda a, b: a + b,
    SUB: lambda a, b: a - b,
    MUL: lambda a, b: a * b,
    DIV: lambda a, b: a // b,
    OR: lambda a, b: a | b,
    AND: lambda a, b: a & b,
    XOR: lambda a, b: a ^ b,
    LSH: lambda a, b: a << (b & 31),
    RSH: lambda a, b: a >> (b & 31),
}
COMPARISONS: dict[int, Callable[[int, int], bool]] = {
    JEQ: lambda a, b: a == b,
    JGT: lambda a, b: a > b,
    JGE: lambda a, b: a >= b,
    JSET: lambda a, b: a & b != 0,
}

CODES = (
    {LD | ABS, LD | LEN, LDX | LEN, LD | IMM, LDX | IMM, LD | MEM, LDX | MEM, ST, STX}
    | {RET | K, RET | A, MISC | TAX, MISC | TXA, ALU | NEG, JMP | JA}
    | {ALU | operation | source for operation in OPERATIONS for source in (K, X)}
    | {JMP | comparison | source for comparison in COMPARISONS for source in (K, X)}
)


class InvalidProgram(ValueError):
    """The kernel would refuse the program with EINVAL."""


class Instruction(NamedTuple):
    """struct sock_filter."""

    code: int
    if_true: int
    if_false: int
    k: int


class Run(NamedTuple):
    """The result of a program, and how it came to it."""

    result: int
    steps: int
    loads: frozenset[int]
    """Offsets in struct seccomp_data that were looked at."""

    @property
    def action(self) -> int:
        return self.result & ACTION_FULL

    @property
    def errno(self) -> int:
        return self.result & RESULT_DATA


class Program:
    """A checked program. Raises InvalidProgram for one that the kernel would refuse."""

    def __init__(self, program: bytes) -> None:
        if len(program) % SOCK_FILTER.size:
            raise InvalidProgram("not a whole number of instructions")
        self.instructions = [Instruction(*each) for each in SOCK_FILTER.iter_unpack(program)]
        if not 0 < len(self.instructions) <= MAX_INSTRUCTIONS:
            raise InvalidProgram(f"{len(self.instructions)} instructions")
        for position, instruction in enumerate(self.instructions):
            reason = _fault(position, instruction, len(self.instructions))
            if reason:
                raise InvalidProgram(f"instruction {position}: {reason}")
        if self.instructions[-1].code not in (RET | K, RET | A):
            raise InvalidProgram("the last instruction is not a return")
        _check_memory(self.instructions)

    def run(
        self, number: int, arch: int, arguments: Sequence[int] = (), instruction_pointer: int = 0
    ) -> Run:
        """Run it for one call. Missing arguments are 0; negative values are two's complement."""
        words = _words(number, arch, arguments, instruction_pointer)
        a = x = position = steps = 0
        memory = [0] * WORDS_OF_MEMORY
        loads: set[int] = set()
        while True:
            code, if_true, if_false, k = self.instructions[position]
            position += 1
            steps += 1
            kind, operation, operand = code & 7, code & 0xF0, x if code & X else k
            if code == RET | K or code == RET | A:
                return Run(k if code == RET | K else a, steps, frozenset(loads))
            if code == LD | ABS:
                loads.add(k)
                a = words[k // 4]
            elif kind in (LD, LDX):
                values = {IMM: k, LEN: SECCOMP_DATA.size, MEM: memory[k % WORDS_OF_MEMORY]}
                value = values[code & 0xE0]
                a, x = (value, x) if kind == LD else (a, value)
            elif kind in (ST, STX):
                memory[k] = a if kind == ST else x
            elif code in (MISC | TAX, MISC | TXA):
                a, x = (a, a) if code == MISC | TAX else (x, x)
            elif code == JMP | JA:
                position += k
            elif kind == JMP:
                position += if_true if COMPARISONS[operation](a, operand) else if_false
            elif operation == NEG:
                a = -a & WORD
            elif operation == DIV and operand == 0:
                return Run(0, steps, frozenset(loads))
            else:
                a = OPERATIONS[operation](a, operand) & WORD


def _words(number: int, arch: int, arguments: Sequence[int], pointer: int) -> tuple[int, ...]:
    registers = [each & (1 << 64) - 1 for each in (*arguments, *(0,) * (6 - len(arguments)))]
    signed = (number & WORD ^ 1 << 31) - (1 << 31)
    return struct.unpack("=16I", SECCOMP_DATA.pack(signed, arch, pointer, *registers))


def _fault(position: int, instruction: Instruction, length: int) -> str:
    """Why the kernel refuses this instruction; empty if it does not."""
    code, if_true, if_false, k = instruction
    if code not in CODES:
        return f"code {code:#04x}"
    if code == LD | ABS and (k % 4 or k >= SECCOMP_DATA.size):
        return f"load at offset {k}"
    if code in (LD | MEM, LDX | MEM, ST, STX) and k >= WORDS_OF_MEMORY:
        return f"memory word {k}"
    if code == ALU | DIV | K and k == 0:
        return "division by zero"
    if code in (ALU | LSH | K, ALU | RSH | K) and k >= 32:
        return f"shift by {k}"
    if code & 7 == JMP:
        farthest = k if code == JMP | JA else max(if_true, if_false)
        if position + 1 + farthest >= length:
            return "jump beyond the end"
    return ""


def _check_memory(instructions: Sequence[Instruction]) -> None:
    """A word of memory may be loaded only where every path has stored it."""
    everything = (1 << WORDS_OF_MEMORY) - 1
    stored = 0
    at_target = [everything] * len(instructions)
    for position, (code, if_true, if_false, k) in enumerate(instructions):
        stored &= at_target[position]
        if code in (ST, STX):
            stored |= 1 << k
        elif code in (LD | MEM, LDX | MEM) and not stored >> k & 1:
            raise InvalidProgram(f"instruction {position}: memory word {k} was not stored")
        elif code & 7 == JMP:
            for distance in (k,) if code == JMP | JA else (if_true, if_false):
                at_target[position + 1 + distance] &= stored
            stored = everything
