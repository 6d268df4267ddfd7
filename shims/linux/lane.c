/* The fast lane in C: what the table answers of the calls that the kernel stops, and nothing else.
 *
 * It receives a call, reads the path once into memory of its own, and looks it up in a table that
 * was compiled from the floor and the policy. An open that the floor covers is *continued because
 * the floor holds*; one that the rules allow outright is *performed on our copy*. Every other call
 * is left in `call`, untouched, for the loop in Python. Whatever is not understood here is left.
 *
 * fast_lane.py and opens.py say what is to be decided, lane.py how this is called, and
 * broker/policy/table.py what the table looks like. No table and no byte of a caller's makes it
 * read beyond a bound: the table's offsets are checked at each use.
 *
 * Here is what it keeps, how it decides and how it receives. The parts, each a header of its own
 * with one reader: the table, what a call names, handles, how it is answered, and what is performed.
 *
 * Sources: seccomp_unotify(2), linux/seccomp.h, openat2(2), process_vm_readv(2), proc(5).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* To be raised with every change of struct lane, of the table, or of what is answered. */
#define INTERFACE 14

#define RECV 0xC0502100UL
#define SEND 0xC0182101UL
#define ID_VALID 0x40082102UL
#define ADDFD 0x40182103UL
#define RESPONSE_CONTINUE 1U
#define ADDFD_SEND 2U

#define NR_OPENAT2 437 /* the same on every architecture */
#define NO_MAGICLINKS 0x02U
#define NO_SYMLINKS 0x04U

#define MAX_PATH 4096
#define FIRST_READ 256
#define MAX_COMPLETED (2 * MAX_PATH + 1)
#define MAX_LINK_NAME 48
#define MAX_NUMBER 12
#define MAX_WAY 128
#define LOOKS_SPARED 7
#define OWN_BYTES 8192
#define APART 15000

enum { READ = 1, WRITE = 2, CREATE = 16 }; /* of Access */

#define ACCESS_MODE 03 /* of the flags; the O_ACCMODE of musl has O_PATH in it as well */

enum { COVERED = 1, ALLOWED = 2, UNSURE = 4, BY_ITSELF = 8 };

enum {
    TRUNCATE_IS_ASKED = 1, /* Landlock has a right for emptying a file */
    CHANGES_ARE_TOLD = 2,  /* that something may have changed is known already */
    FOLLOWS = 4,           /* no name that leads to an object is refused */
    PERFORMS = 8,          /* nobody has restricted himself, and who is to be told is: see NOTES */
    NOTES = 16,            /* nobody is to be told of what is done, or `journal` is there for it */
    MAKES = 32,            /* this thread's umask is its own */
    CONNECTS = 64,         /* addresses mean what they say */
    CONNECTS_OWN = 128,    /* those of this machine do */
};

struct notification {
    uint64_t id;
    uint32_t tid, flags;
    int32_t number;
    uint32_t arch;
    uint64_t instruction_pointer;
    uint64_t arguments[6];
};

struct response {
    uint64_t id;
    int64_t value;
    int32_t error;
    uint32_t flags;
};

struct addfd {
    uint64_t id;
    uint32_t flags, source, number, number_flags;
};

struct how {
    uint64_t flags, mode, resolve;
};

/* What is counted of the calls that are answered here, where somebody wants it. One thread writes,
 * others may read. The buckets are those of broker/counting/histogram.py. */
#define COUNTED 12 /* openat, open, sendto, connect; of each those let continue, performed, refused */
#define SUB_BITS 5
#define BUCKETS 1280

struct counts {
    uint64_t calls[COUNTED], nanoseconds[COUNTED];
    uint64_t buckets[BUCKETS];
    uint64_t answering; /* when the call was given its answer: the caller may go on before we do */
};

struct lane {
    int32_t listener;
    int32_t nr_openat, nr_open, nr_sendto, nr_connect; /* -1 where there is none */
    uint32_t options;
    uint32_t version;         /* that the table is of */
    const uint32_t *current;  /* another one: the table is not to be used any more */
    const uint8_t *table;
    uint64_t table_size;
    uint64_t continued, performed, refused; /* how many calls */
    int32_t kept;                  /* the link that says where the last relative path started */
    uint32_t kept_tid;
    int32_t kept_start;
    uint32_t looks_spared;         /* how many opens more may go by this: */
    uint32_t way_length;           /* that the way to a directory, up to its slash, has no link */
    char way[MAX_WAY];
    uint32_t is_known;             /* whether the call in `call` is known not to be covered */
    struct counts *counts;         /* or NULL */
    int32_t descriptors;           /* our own in /proc, which spares finding them; -1: not yet */
    int32_t handle;                /* the number of the last handle whose path was read */
    int32_t handle_link;           /* that number's link in /proc, or -1 */
    uint32_t is_apart;             /* the last caller was woken on another processor */
    struct journal *journal;       /* of an audit, or NULL */
    struct places *places;         /* that may be connected to, or NULL */
    struct answers *answers;       /* to opens that were decided on before, or NULL */
    const uint8_t *own;            /* a bit for each object that may be the sandbox's own, or NULL */
    int64_t since;                 /* when the floor was made, in nanoseconds of the epoch */
    struct notification call;
};

#include "journal.h"
#include "lane_table.h"

/* For tests: what the table says of a path. */
EXPORTED unsigned nono_lane_look_up(const uint8_t *bytes, uint64_t size, const char *path,
                                    uint64_t length, unsigned need, unsigned more, uint32_t *rule)
{
    struct table table;
    struct question question = asking(need, more);
    unsigned found = open_table(&table, bytes, size) ? look_up(&table, path, length, &question) : 0;
    size_t origin_length;
    *rule = found & ALLOWED && origin_of(&table, question.rule, &origin_length) ? question.rule : 0;
    return found;
}

#include "lane_caller.h"
#include "lane_responses.h"
#include "lane_handles.h"

/* ---- an open ---- */

struct open {
    int32_t start;
    uint64_t address, flags, mode;
};

#define MAKES_UNNAMED (O_TMPFILE & ~O_DIRECTORY)
#define WRITES (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR | MAKES_UNNAMED)
#define PERFORMED                                                                                  \
    (ACCESS_MODE | O_APPEND | O_TRUNC | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_DIRECTORY | O_CREAT |  \
     KERNELS_LARGEFILE)
/* libc's own O_LARGEFILE is 0 where every file may be large. */
#ifdef __aarch64__
#define KERNELS_LARGEFILE 0400000
#else
#define KERNELS_LARGEFILE 0100000
#endif

/* As open_flags.py: whether Landlock asks for a right at all, and no set-id bit is given. */
static int is_held(const struct lane *lane, const struct open *wanted)
{
    if ((wanted->flags & (ACCESS_MODE | O_TRUNC)) == (O_RDONLY | O_TRUNC) &&
        !(lane->options & TRUNCATE_IS_ASKED))
        return 0;
    if ((wanted->flags & ACCESS_MODE) == ACCESS_MODE)
        return 0;
    if (!(~wanted->flags & (O_CREAT | O_DIRECTORY))) /* the handler knows which kernel refuses it */
        return 0;
    return !(wanted->flags & (O_CREAT | MAKES_UNNAMED) && wanted->mode & (S_ISUID | S_ISGID));
}

static unsigned access_of(uint64_t flags)
{
    static const unsigned access[] = {READ, WRITE, READ | WRITE, READ | WRITE};
    return access[flags & ACCESS_MODE] | (flags & O_TRUNC ? WRITE : 0);
}

/* A handle of what is there for the caller, whatever links lead to it. */
static int locate(const struct lane *lane, const struct open *wanted, const char *path)
{
    if (path[0] == '/')
        return open_handle(AT_FDCWD, path, 0, NO_MAGICLINKS);
    char name[MAX_LINK_NAME];
    if (!name_start(lane->call.tid, wanted->start, name))
        return -1;
    int start = open(name, O_PATH | O_CLOEXEC);
    if (start < 0)
        return -1;
    int handle = open_handle(start, path, 0, NO_MAGICLINKS);
    close(start);
    return handle;
}

/* Whether the object may be one that the sandbox itself made, which rules need not speak of: the
 * identities of those are marked. */
static int may_be_own(const struct lane *lane, const struct stat *status)
{
    uint64_t mixed = status->st_ino ^ status->st_ino >> 16 ^ status->st_ino >> 32;
    mixed = (mixed ^ status->st_dev * 0x9e37U) % (8 * OWN_BYTES);
    return lane->own && lane->own[mixed / 8] >> mixed % 8 & 1;
}

/* Whether what the floor covers is what its rule on this very file is on: see ruled.py. */
static int is_ruled(const struct lane *lane, unsigned found, const struct stat *status)
{
    const int64_t changed = status->st_ctim.tv_sec * 1000000000LL + status->st_ctim.tv_nsec;
    return !(found & BY_ITSELF) || changed < lane->since;
}

static int is_ruled_at(const struct lane *lane, unsigned found, const char *path)
{
    struct stat status;
    return !(found & BY_ITSELF) || lstat(path, &status) || is_ruled(lane, found, &status);
}

/* Write down what is about to be done, where somebody is told of it; 0 leaves the call. */
static int is_noted(const struct lane *lane, struct decision *decision)
{
    if (!lane->journal)
        return 1;
    decision->tid = lane->call.tid;
    return (decision->is_native || decision->origin) && note(lane->journal, decision);
}

#include "lane_perform.h"
#include "lane_make.h"
#include "lane_answers.h"

/* What is behind a handle, by what was found of its path; 0 leaves it. */
static int serve_found(struct lane *lane, const struct table *table, const struct open *wanted,
                       int handle, const struct question *question, unsigned found,
                       struct decision *decision)
{
    struct stat status;
    if (fstat(handle, &status))
        return 0;
    if (found & COVERED && is_ruled(lane, found, &status))
        return let_continue(lane);
    if (!(lane->options & PERFORMS) || !is_plain(wanted, &status))
        return 0;
    if (!(found & ALLOWED) || (lane->journal && may_be_own(lane, &status)))
        return serve_known(lane, wanted, handle, &status, decision);
    decision->origin = origin_of(table, question->rule, &decision->origin_length);
    return perform(lane, wanted, handle, decision);
}

/* Decide on the object and not on its name. */
static int serve_object(struct lane *lane, const struct table *table, const struct open *wanted,
                        char *path, size_t length)
{
    if (!(lane->options & FOLLOWS) || wanted->flags & MAKES_UNNAMED)
        return 0;
    if (wanted->flags & O_CREAT && (!length || path[length - 1] == '/'))
        return 0;
    if (wanted->flags & O_CREAT && wanted->flags & (O_EXCL | O_NOFOLLOW))
        return serve_new(lane, table, wanted, path, length);
    if (wanted->flags & (O_EXCL | O_NOFOLLOW))
        return 0;
    int handle = locate(lane, wanted, path);
    if (handle < 0)
        return errno == ENOENT && wanted->flags & O_CREAT &&
               serve_new(lane, table, wanted, path, length);
    char real[MAX_PATH];
    struct question question = asking(access_of(wanted->flags), 0);
    struct decision decision = {.kind = OPENED, .access = question.need, .path = real};
    decision.length = path_of(lane, handle, real);
    unsigned found = 0;
    if (decision.length)
        found = look_up(table, real, decision.length, &question);
    int answered = 0;
    if (decision.length)
        answered = serve_found(lane, table, wanted, handle, &question, found, &decision);
    close(handle);
    return answered;
}

static int serve_open(struct lane *lane, const struct open *wanted)
{
    if (wanted->flags & WRITES && !(lane->options & CHANGES_ARE_TOLD))
        return 0;
    if (wanted->flags & O_PATH)
        return let_continue(lane);
    struct table table;
    char path[MAX_PATH], whole[MAX_COMPLETED];
    if (!is_held(lane, wanted) || !open_table(&table, lane->table, lane->table_size))
        return 0;
    ssize_t length = read_path(lane, wanted->address, path);
    if (length <= 0)
        return 0;
    char *text = path;
    ssize_t count = length;
    if (path[0] != '/') {
        count = complete(lane, wanted->start, path, (size_t)length, whole);
        text = whole;
    }
    if (count <= 0)
        return 0;
    struct question question = asking(access_of(wanted->flags), 0);
    unsigned found = look_up(&table, text, (size_t)count, &question);
    if (found & UNSURE)
        return 0;
    lane->is_known = 1;
    if (found & COVERED) {
        int way = look_for_links(lane, text, (size_t)count);
        if (way == NO_LINK && is_ruled_at(lane, found, text))
            return let_continue(lane);
        if (way == MISSING && !(wanted->flags & O_CREAT))
            return let_continue(lane);
        if (way == MISSING)
            return serve_new_in_floor(lane, &table, wanted, text, (size_t)count);
    }
    return serve_object(lane, &table, wanted, path, (size_t)length);
}

/* A send to what is no unix socket; the kernel takes no address for another family's. */
static int serve_send(struct lane *lane, uint64_t address, int32_t size)
{
    uint16_t family;
    if (address && size >= (int32_t)sizeof family &&
        (read_memory(lane, address, &family, sizeof family) != sizeof family ||
         family == AF_UNIX))
        return 0;
    return let_continue(lane);
}

#include "lane_connect.h"

static int serve(struct lane *lane)
{
    const uint64_t *a = lane->call.arguments;
    const int32_t number = lane->call.number;
    if (number < 0)
        return 0;
    if (number == lane->nr_openat) {
        struct open wanted = {(int32_t)a[0], a[1], a[2], a[3]};
        return serve_open(lane, &wanted);
    }
    if (number == lane->nr_open) {
        struct open wanted = {AT_FDCWD, a[0], a[1], a[2]};
        return serve_open(lane, &wanted);
    }
    if (number == lane->nr_connect)
        return serve_connect(lane, (int32_t)a[0], a[1], (int32_t)a[2]);
    return number == lane->nr_sendto && serve_send(lane, a[4], (int32_t)a[5]);
}

/* For tests: 1 when the call in `call` is answered. */
EXPORTED int nono_lane_serve(struct lane *lane)
{
    return serve(lane);
}

#include "lane_counts.h"

static int is_finished(int listener)
{
    struct pollfd polled = {listener, 0, 0};
    return poll(&polled, 1, 0) > 0 && polled.revents & POLLHUP;
}

/* For tests. */
EXPORTED unsigned nono_lane_bucket(uint64_t value)
{
    return bucket_of(value);
}

EXPORTED unsigned nono_lane_interface(void)
{
    return INTERFACE << 16 | (unsigned)sizeof(struct lane);
}

EXPORTED void nono_lane_close(struct lane *lane)
{
    forget_start(lane);
    forget_handles(lane);
    if (lane->places)
        forget_thread(lane->places), close_diag(lane->places);
    if (lane->places && lane->places->names)
        close_clients(lane->places->names);
}

static int receive(struct lane *lane)
{
    for (;;) {
        if (lane->places && lane->places->names && serve_clients(lane))
            return 2;
        memset(&lane->call, 0, sizeof lane->call);
        lane->is_known = 0;
        if (lane->places)
            lane->places->asked.family = 0, lane->places->is_begun = 0;
        if (ioctl(lane->listener, RECV, &lane->call)) {
            if (errno == ENOENT && is_finished(lane->listener))
                return 0;
            if (errno == ENOENT || errno == EINTR)
                continue;
            return -errno;
        }
        if (lane->answers)
            lane->answers->length = 0;
        const uint64_t begin = lane->counts ? now() : 0;
        const uint64_t performed = lane->performed, refused = lane->refused;
        if (__atomic_load_n(lane->current, __ATOMIC_ACQUIRE) != lane->version || !serve(lane))
            return 1;
        if (lane->counts)
            count(lane, begin, performed, refused);
    }
}

/* Receive and answer until a call is for Python, which is 1, or a client of the name server, 2; 0
 * when no process is left that could make a call; a negative errno when the listener fails. */
EXPORTED int nono_lane_receive(struct lane *lane)
{
    const int result = receive(lane);
    lane->looks_spared = 0;
    let_signals_in();
    return result;
}
