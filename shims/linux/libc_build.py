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

    struct notification {
        uint64_t id; uint32_t tid, flags; int32_t number; uint32_t arch;
        uint64_t instruction_pointer, arguments[6];
    };
    struct counts { uint64_t calls[12], nanoseconds[12], buckets[1280], answering; };
    struct lane {
        int32_t listener, nr_openat, nr_open, nr_sendto, nr_connect;
        uint32_t options, version;
        const uint32_t *current; const uint8_t *table; uint64_t table_size;
        uint64_t continued, performed, refused;
        int32_t kept; uint32_t kept_tid; int32_t kept_start;
        uint32_t looks_spared, way_length; char way[128]; uint32_t is_known;
        struct counts *counts; int32_t descriptors, handle, handle_link; uint32_t is_apart;
        struct journal *journal; struct places *places; struct answers *answers;
        const uint8_t *own; int64_t since;
        struct notification call;
    };
    unsigned nono_lane_interface(void);
    unsigned nono_lane_bucket(uint64_t value);
    int nono_lane_receive(struct lane *lane);
    void nono_lane_close(struct lane *lane);
    int nono_lane_serve(struct lane *lane);
    int nono_lane_give(struct lane *lane, uint64_t id, int handle, int flags);
    unsigned nono_lane_look_up(const uint8_t *bytes, uint64_t size, const char *path,
        uint64_t length, unsigned need, unsigned more, uint32_t *rule);

    struct shared {
        int32_t records, seal; uint64_t count, size, last, limit; uint8_t digest[32];
        uint64_t bound; uint32_t all[8], fresh[8];
        uint64_t second; uint32_t written, pending; uint64_t summed[4];
        int32_t error; uint32_t missed;
    };
    struct decision {
        uint32_t tid, kind, access, error; int is_native, is_own;
        const char *path; size_t length;
        const uint8_t *origin; size_t origin_length; const uint8_t *request; size_t request_length;
    };
    struct place { uint16_t family, port; uint8_t bytes[16]; };
    struct allowed {
        struct place place; uint32_t listeners; uint64_t cookies[4];
        uint32_t request_length, about_length, origin_length;
        uint8_t request[160], origin[256]; char about[64];
    };
    struct places {
        struct place asked; uint32_t next; int32_t pidfd; uint32_t tid, is_begun;
        int32_t diag; uint32_t number; uint64_t network; const uint32_t *is_shared;
        struct name_server *names;
        struct allowed allowed[16];
    };
    struct name_client { int32_t socket; uint32_t size; uint8_t bytes[514]; };
    struct known_question {
        uint32_t length, reply_length; uint8_t question[128], reply[192];
    };
    struct name_server {
        int32_t listener; uint32_t port, count, asks, calls, was_heard; uint64_t hosts[4];
        struct name_client clients[16]; struct known_question known[64];
    };
    const uint8_t *nono_lane_question(struct name_server *server, uint64_t *length);
    void nono_lane_reply(struct name_server *server, const uint8_t *reply, uint64_t length);
    void nono_lane_know(struct name_server *server, const uint8_t *question, uint64_t length,
        const uint8_t *reply, uint64_t reply_length);
    void nono_lane_forget_questions(struct name_server *server);
    int nono_lane_let_go(struct name_server *server, uint8_t *bytes, uint64_t *size);
    int nono_lane_allow_place(struct places *places, const struct allowed *allowed);
    void nono_lane_forget_places(struct places *places);
    struct identity { uint32_t length; uint8_t bytes[160]; };
    struct answer {
        uint32_t access, length; int32_t error, source; uint32_t origin_length; uint64_t count;
        struct identity identity; uint8_t origin[256]; char path[256];
    };
    struct answers {
        uint32_t access, length; struct identity identity; char path[256];
        struct answer known[64];
    };
    int nono_lane_answer(struct answers *answers, const struct answer *answer);
    void nono_lane_forget_answers(struct answers *answers);
    struct journal *nono_journal_new(void);
    void nono_journal_free(struct journal *journal);
    void nono_journal_lock(struct journal *journal);
    void nono_journal_unlock(struct journal *journal);
    int nono_journal_admits(struct journal *journal, uint64_t time, const char *kind,
        uint64_t kind_length, const char *about, uint64_t length);
    void nono_journal_see(struct journal *journal, const char *kind, uint64_t kind_length,
        const char *about, uint64_t length);
    void nono_journal_know(struct journal *journal, uint32_t tid, const uint8_t *bytes,
        uint64_t length);
    void nono_journal_forget(struct journal *journal);
    int nono_journal_note(struct journal *journal, const struct decision *decision, uint64_t time);

    int nono_looks(const uint8_t *asked, uint64_t size, uint8_t *digest);
"""
# The second part is that of shims/linux/lane.c, journal.h and looks.c, which `lane.py` loads.
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
