"""Generate `_libsandbox.py`: `python shims/macos/libsandbox_build.py`.

cffi's out-of-line ABI mode: the declarations are parsed once, here, and the generated module is
committed, so that installing needs no compiler, and no Mac, and starting needs no C parser.
"""

import pathlib

import cffi

DECLARATIONS = """
    int sandbox_init_with_parameters(const char *profile, uint64_t flags,
        const char *const parameters[], char **error);
    void sandbox_free_error(char *error);
    int sandbox_check(int pid, const char *operation, int type, ...);

    int proc_listchildpids(int pid, void *buffer, int size);
    int proc_listallpids(void *buffer, int size);
"""
# sandbox_check takes variable arguments in C, which pass otherwise than others on Apple silicon:
# a declaration without the dots compiles, and answers -1 there.

TARGET = pathlib.Path(__file__).with_name("_libsandbox.py")


def generate(target: pathlib.Path) -> None:
    """Write the generated module to `target`."""
    ffi = cffi.FFI()
    ffi.cdef(DECLARATIONS)
    ffi.set_source("nono.shims.macos._libsandbox", None)
    ffi.emit_python_code(str(target))


if __name__ == "__main__":
    generate(TARGET)
