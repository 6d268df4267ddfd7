"""The simulator refuses what the kernel refuses, and computes what the kernel computes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.shims.linux import process
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.syscall_classes import machine, number
from tests import simulator as sim
from tests.shims.linux.forked import error_of, in_child

ALLOW = (sim.RET | sim.K, 0, 0, 0x7FFF0000)
ERRNO = 0x00050000


def assemble(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(sim.SOCK_FILTER.pack(*each) for each in instructions)


INVALID = {
    "empty": b"",
    "no return": assemble((sim.LD | sim.ABS, 0, 0, 0)),
    "unaligned load": assemble((sim.LD | sim.ABS, 0, 0, 2), ALLOW),
    "load beyond the data": assemble((sim.LD | sim.ABS, 0, 0, 64), ALLOW),
    "load of a byte": assemble((0x30, 0, 0, 0), ALLOW),
    "modulo": assemble((sim.ALU | 0x90, 0, 0, 3), ALLOW),
    "division by zero": assemble((sim.ALU | sim.DIV, 0, 0, 0), ALLOW),
    "shift": assemble((sim.ALU | sim.LSH, 0, 0, 32), ALLOW),
    "jump beyond the end": assemble((sim.JMP | sim.JEQ, 1, 0, 0), ALLOW),
    "far jump beyond the end": assemble((sim.JMP | sim.JA, 0, 0, 1), ALLOW),
    "no such word": assemble((sim.ST, 0, 0, 16), ALLOW),
    "word not stored": assemble((sim.LD | sim.MEM, 0, 0, 3), ALLOW),
    "word stored on one path only": assemble(
        (sim.JMP | sim.JEQ, 0, 1, 0), (sim.ST, 0, 0, 3), (sim.LD | sim.MEM, 0, 0, 3), ALLOW
    ),
    "unknown code": assemble((0xFFFF, 0, 0, 0), ALLOW),
    "too long": assemble(*[ALLOW] * 4097),
}

VALID = {
    "one return": assemble(ALLOW),
    "word stored on both paths": assemble(
        (sim.JMP | sim.JEQ, 0, 2, 0),
        (sim.ST, 0, 0, 3),
        (sim.JMP | sim.JA, 0, 0, 1),
        (sim.STX, 0, 0, 3),
        (sim.LD | sim.MEM, 0, 0, 3),
        ALLOW,
    ),
    "longest": assemble(*[ALLOW] * 4096),
}


def load(program: bytes) -> None:
    """Load a program without a listener."""
    process.set_no_new_privs()
    instructions = ffi.from_buffer(program)
    header = ffi.from_buffer(struct.pack("@HP", len(program) // 8, address(instructions)))
    syscall(number(machine(), "seccomp"), 1, 0, address(header))


@pytest.mark.parametrize("program", INVALID.values(), ids=INVALID)
def test_simulator_and_kernel_refuse(program: bytes) -> None:
    with pytest.raises(sim.InvalidProgram):
        sim.Program(program)
    assert in_child(lambda: error_of(lambda: load(program))) == "EINVAL"


@pytest.mark.parametrize("program", VALID.values(), ids=VALID)
def test_simulator_and_kernel_accept(program: bytes) -> None:
    assert sim.Program(program).run(0, 0).result == 0x7FFF0000
    assert in_child(lambda: error_of(lambda: load(program))) == ""


def test_half_an_instruction_is_refused() -> None:
    with pytest.raises(sim.InvalidProgram):
        sim.Program(assemble(ALLOW)[:-1])


words = st.integers(0, 0xFFFFFFFF) | st.sampled_from([0, 1, 31, 32, 0x7FFFFFFF, 0x80000000])
operations = st.tuples(
    st.sampled_from(sorted(code for code in sim.CODES if code & 7 == sim.ALU)), words
).filter(
    lambda each: (
        not (each[0] == sim.ALU | sim.DIV and each[1] == 0)
        and not (each[0] in (sim.ALU | sim.LSH, sim.ALU | sim.RSH) and each[1] >= 32)
    )
)
comparisons = st.tuples(
    st.sampled_from(sorted(c for c in sim.CODES if c & 7 == sim.JMP and c != sim.JMP | sim.JA)),
    words,
)


def arithmetic(first: int, second: int, steps: list[tuple[int, int]]) -> list[bytes]:
    """Programs that compute on two words, and return the result 11 bits at a time as an errno."""
    compute = [
        (sim.LDX | sim.IMM, 0, 0, second),
        (sim.LD | sim.IMM, 0, 0, first),
        *((code, 0, 0, k) for code, k in steps),
    ]
    tail = [(sim.ALU | sim.AND, 0, 0, 0x7FF), (sim.ALU | sim.OR, 0, 0, ERRNO), (0x16, 0, 0, 0)]
    return [assemble(*compute, (sim.ALU | sim.RSH, 0, 0, shift), *tail) for shift in (0, 11, 22)]


def getppid_under(program: bytes) -> int:
    """The errno of getppid in a child under a program that is run for getppid alone."""
    getppid = number(machine(), "getppid")
    only_getppid = assemble((sim.LD | sim.ABS, 0, 0, 0), (sim.JMP | sim.JEQ, 1, 0, getppid), ALLOW)

    def work() -> int:
        load(only_getppid + program)
        try:
            return 0 * syscall(getppid)
        except OSError as error:
            return error.errno or 0

    return int(in_child(work))


@pytest.mark.long
def test_arithmetic_is_the_kernel_s() -> None:
    """Every operation at once, on values that overflow."""
    codes = sorted(code for code in sim.CODES if code & 7 == sim.ALU)
    for first, second in ((0xFFFFFFFF, 3), (0x80000001, 0xFFFFFFFF), (12345, 40)):
        for code in codes:
            programs = arithmetic(first, second, [(code, 7)])
            for program in programs:
                assert getppid_under(program) == sim.Program(program).run(0, 0).errno, hex(code)


@given(words, words, st.lists(operations, max_size=6))
def test_arithmetic_stays_in_a_word(first: int, second: int, steps: list[tuple[int, int]]) -> None:
    for program in arithmetic(first, second, steps):
        result = sim.Program(program).run(0, 0).result
        # 0: division by a zero X ends the program and kills.
        assert result == 0 or result & 0xFFFF0000 == ERRNO


@given(words, words, comparisons)
def test_comparisons(first: int, second: int, comparison: tuple[int, int]) -> None:
    code, k = comparison
    program = assemble(
        (sim.LDX | sim.IMM, 0, 0, second),
        (sim.LD | sim.IMM, 0, 0, first),
        (code, 0, 1, k),
        (sim.RET, 0, 0, 1),
        (sim.RET, 0, 0, 2),
    )
    other = second if code & sim.X else k
    truth = {
        sim.JEQ: first == other,
        sim.JGT: first > other,
        sim.JGE: first >= other,
        sim.JSET: bool(first & other),
    }[code & 0xF0]
    assert sim.Program(program).run(0, 0).result == (1 if truth else 2)


def test_the_data_of_a_call() -> None:
    arguments = (0x1122334455667788, -1)
    for offset, expected in (
        (0, 0xFFFFFFFF),
        (4, 0xC000003E),
        (8, 0x9ABCDEF0),
        (12, 0x12345678),
        (16, 0x55667788),
        (20, 0x11223344),
        (28, 0xFFFFFFFF),
        (32, 0),
    ):
        program = sim.Program(assemble((sim.LD | sim.ABS, 0, 0, offset), (0x16, 0, 0, 0)))
        run = program.run(-1, 0xC000003E, arguments, 0x123456789ABCDEF0)
        assert (run.result, run.steps, run.loads) == (expected, 2, frozenset({offset}))
