"""Generate `_libc.py`: `python shims/linux/libc_build.py`.

cffi's out-of-line ABI mode: the declarations are parsed once, here, and the generated module is
committed, so that installing needs no compiler and starting needs no C parser.
"""

import pathlib

import cffi

DECLARATIONS = """
    struct iovec { void *iov_base; size_t iov_len; };
    long syscall(long number, long a, long b, long c, long d, long e, long f);
    typedef long (*openat2_syscall)(long number, long dirfd, const char *path, const void *how,
        size_t size);
    ssize_t process_vm_readv(int pid, const struct iovec *local, unsigned long local_count,
        const struct iovec *remote, unsigned long remote_count, unsigned long flags);
"""
# syscall(2) is variadic in C. On x86_64 and aarch64 Linux a variadic call passes integers and
# pointers in the same registers as a fixed form does, which spares a cast for every argument.

TARGET = pathlib.Path(__file__).with_name("_libc.py")


def generate(target: pathlib.Path) -> None:
    """Write the generated module to `target`."""
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS)
    ffi.set_source("nono.shims.linux._libc", None)
    ffi.emit_python_code(str(target))


if __name__ == "__main__":
    generate(TARGET)
