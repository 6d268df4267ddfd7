"""What the attacks share: raw system calls, and one line of output for each attempt.

A line is `name<TAB>ERRNO` for a refusal and `name<TAB>WON<TAB>evidence` for a success.
"""

import ctypes
import errno
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

AT_FDCWD = -100
AT_SYMLINK_NOFOLLOW = 0x100
AT_SYMLINK_FOLLOW = 0x400
AT_EMPTY_PATH = 0x1000
RENAME_NOREPLACE = 1
RENAME_EXCHANGE = 2

NUMBERS: dict[str, int] = json.loads(Path(__file__).with_name("numbers.json").read_text())
"""The system calls of this machine, by name; the fixture writes the file."""

Argument = int | bytes | ctypes.Array[ctypes.c_char] | None

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(name: str | int, *arguments: Argument) -> int:
    """Make a system call, by name or number, past libc. Raises OSError."""
    number = NUMBERS[name] if isinstance(name, str) else name
    words = [_word(argument) for argument in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *words))
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _word(argument: Argument) -> object:
    if argument is None:
        return ctypes.c_void_p(None)
    if isinstance(argument, int):
        return ctypes.c_ulong(argument & 0xFFFFFFFFFFFFFFFF)
    if isinstance(argument, bytes):
        return ctypes.c_char_p(argument)
    return argument


def attempt(name: str, attack: Callable[[], object]) -> None:
    """Make one attempt; what `attack` returns is the evidence of its success."""
    try:
        evidence = attack()
    except OSError as error:
        print(name, errno.errorcode.get(error.errno or 0, str(error)), sep="\t", flush=True)
    else:
        print(name, "WON", repr(evidence), sep="\t", flush=True)


def content(fd: int) -> object:
    """What a descriptor gives: a file's content, a directory's names. Closes it."""
    try:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            return os.listdir(fd)
        return os.read(fd, 4096).decode("utf-8", "replace")
    finally:
        os.close(fd)


def arguments() -> list[str]:
    """The program's arguments."""
    return sys.argv[1:]
