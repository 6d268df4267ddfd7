"""Run a command to which a seccomp filter answers for the kernel: NUMBER=ERRNO ... -- COMMAND."""

import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ERRNO, ALLOW = 0x00050000, 0x7FFF0000
INSTRUCTION = struct.Struct("=HBBI")

end = sys.argv.index("--")
program = INSTRUCTION.pack(LOAD, 0, 0, 0)
for each in sys.argv[1:end]:
    number, _, error = each.partition("=")
    program += INSTRUCTION.pack(IF_EQUAL, 0, 1, int(number))
    program += INSTRUCTION.pack(RETURN, 0, 0, ERRNO | int(error))
program += INSTRUCTION.pack(RETURN, 0, 0, ALLOW)
kept = ctypes.create_string_buffer(program, len(program))
header = struct.pack("@HP", len(program) // INSTRUCTION.size, ctypes.addressof(kept))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
    sys.exit("no no_new_privs")
if prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0):
    sys.exit("no filter")
os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
