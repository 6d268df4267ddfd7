# Becomes another program, as one in a sandbox that knows nothing of nono.
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
kind, *command = sys.argv[1:]
if kind in ("landlock", "alone"):
    # Without CAP_SYS_ADMIN it takes no_new_privs, which is seen in /proc.
    assert kind == "alone" or libc.prctl(38, 1, 0, 0, 0) == 0
    handled = ctypes.c_uint64(1 << 3)  # LANDLOCK_ACCESS_FS_READ_DIR
    ruleset = libc.syscall(444, ctypes.byref(handled), 8, 0)
    assert ruleset >= 0
    class Beneath(ctypes.Structure):
        _pack_ = 1
        _fields_ = [("access", ctypes.c_uint64), ("fd", ctypes.c_int32)]
    beneath = Beneath(1 << 3, os.open("/", os.O_PATH))
    assert libc.syscall(445, ruleset, 1, ctypes.byref(beneath), 0) == 0
    assert libc.syscall(446, ruleset, 0) == 0
else:
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    allow = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(allow)
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(buffer))
    assert libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(command[0], command)
