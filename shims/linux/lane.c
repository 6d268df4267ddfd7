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
#define INTERFACE 9

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
#define OWN_BYTES 8192
#define APART 15000

enum { READ = 1, WRITE = 2, CREATE = 16 }; /* of Access */

#define ACCESS_MODE 03 /* of the flags; the O_ACCMODE of musl has O_PATH in it as well */

enum { COVERED = 1, ALLOWED = 2, UNSURE = 4 };

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
    uint32_t is_known;             /* whether the call in `call` is known not to be covered */
    struct counts *counts;         /* or NULL */
    int32_t descriptors;           /* our own in /proc, which spares finding them; -1: not yet */
    uint32_t is_apart;             /* the last caller was woken on another processor */
    struct journal *journal;       /* of an audit, or NULL */
    struct places *places;         /* that may be connected to, or NULL */
    struct answers *answers;       /* to opens that were decided on before, or NULL */
    const uint8_t *own;            /* a bit for each object that may be the sandbox's own, or NULL */
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

/* ---- the caller's memory and places ---- */

static ssize_t read_memory(uint32_t tid, uint64_t address, void *into, size_t size)
{
    struct iovec local = {into, size}, remote = {(void *)(uintptr_t)address, size};
    return process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0);
}

/* The length of the path at `address`, -1 when it cannot be read or does not end in time. */
static ssize_t read_path(uint32_t tid, uint64_t address, char *path)
{
    static const size_t limits[] = {FIRST_READ, MAX_PATH};
    for (int step = 0; step < 2; step++) {
        ssize_t count = read_memory(tid, address, path, limits[step]);
        if (count <= 0)
            return -1;
        const char *end = memchr(path, 0, (size_t)count);
        if (end)
            return end - path;
        if ((size_t)count < limits[step])
            return -1;
    }
    return -1;
}

/* The name by which we reach the caller's working directory or its descriptor. */
static int name_start(uint32_t tid, int32_t start, char name[MAX_LINK_NAME])
{
    if (start == AT_FDCWD)
        snprintf(name, MAX_LINK_NAME, "/proc/%u/cwd", tid);
    else if (start >= 0)
        snprintf(name, MAX_LINK_NAME, "/proc/%u/fd/%d", tid, start);
    else
        return errno = EBADF, 0;
    return 1;
}

static void forget_start(struct lane *lane)
{
    if (lane->kept >= 0)
        close(lane->kept);
    lane->kept = -1;
}

/* Read where a relative path starts. Who asks twice in a row is likely to ask again: the entry in
 * /proc is kept open then, which spares finding it. It is of this very thread and of no later one
 * with its number. */
static ssize_t read_start(struct lane *lane, int32_t start, char *place)
{
    const uint32_t tid = lane->call.tid;
    const int is_same = lane->kept_tid == tid && lane->kept_start == start;
    if (is_same && lane->kept >= 0) {
        ssize_t count = readlinkat(lane->kept, "", place, MAX_PATH);
        if (count > 0)
            return count;
    }
    forget_start(lane);
    lane->kept_tid = tid;
    lane->kept_start = start;
    char name[MAX_LINK_NAME];
    if (!name_start(tid, start, name))
        return -1;
    if (is_same)
        lane->kept = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return readlink(name, place, MAX_PATH);
}

/* Put where a relative path starts before it. The whole length, -1 where there is no such place. */
static ssize_t complete(struct lane *lane, int32_t start, const char *path, size_t length,
                        char *whole)
{
    ssize_t count = read_start(lane, start, whole);
    if (count <= 0 || count >= MAX_PATH)
        return -1;
    whole[count] = '/';
    memcpy(whole + count + 1, path, length + 1);
    return count + 1 + (ssize_t)length;
}

static int open_handle(int start, const char *path, uint64_t flags, uint64_t resolve)
{
    struct how how = {O_PATH | O_CLOEXEC | flags, 0, resolve};
    return (int)syscall(NR_OPENAT2, start, path, &how, sizeof how);
}

enum { NO_LINK, MISSING, UNTOLD };

/* Whether the way to what the path names has no symbolic link. Most of what is opened is no
 * directory: asking for one spares the descriptor, and links are found before that. Where a file
 * stands in the way, the kernel says the same to the caller. */
static int look_for_links(const char *path)
{
    int handle = open_handle(AT_FDCWD, path, O_DIRECTORY, NO_SYMLINKS);
    if (handle >= 0) {
        close(handle);
        return NO_LINK;
    }
    if (errno == ENOTDIR)
        return NO_LINK;
    return errno == ENOENT ? MISSING : UNTOLD;
}

/* ---- answers ---- */

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static void note_answering(struct lane *lane)
{
    if (lane->counts)
        lane->counts->answering = now();
}

static int respond(struct lane *lane, int64_t value, int32_t error, uint32_t flags)
{
    if (lane->listener < 0)
        return 1; /* a test's call, for which nobody waits */
    struct response response = {lane->call.id, value, error, flags};
    note_answering(lane);
    while (ioctl(lane->listener, SEND, &response)) {
        if (errno == EINTR)
            continue;
        return errno == ENOENT; /* the caller is gone, and nobody is left to tell */
    }
    return 1;
}

static int let_continue(struct lane *lane)
{
    if (!respond(lane, 0, 0, RESPONSE_CONTINUE))
        return 0;
    lane->continued++;
    return 1;
}

/* Give the caller a copy of `fd` and let the call return, in one step. Whoever interrupts that
 * step would leave a call that has returned without a descriptor: so no signal may.
 *
 * For this step the kernel wakes the caller wherever it likes. Once that is on another processor,
 * both stay where they are, and each wakes the other one's up, call for call. */
static int inject_at_once(struct lane *lane, int fd, uint32_t flags)
{
    struct addfd request = {lane->call.id, ADDFD_SEND, (uint32_t)fd, 0, flags};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const uint64_t begin = now();
    if (lane->counts)
        lane->counts->answering = begin;
    int copy = ioctl(lane->listener, ADDFD, &request), error = errno;
    lane->is_apart = now() - begin > APART;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(fd);
    if (copy < 0)
        return error == ENOENT || respond(lane, 0, -error, 0);
    lane->performed++;
    return 1;
}

/* The same for what others can tell to be open, as a file that is written cannot be executed:
 * ours is closed before the call returns. The answer brings the caller to this processor. */
static int inject(struct lane *lane, int fd, uint32_t flags)
{
    struct addfd request = {lane->call.id, 0, (uint32_t)fd, 0, flags};
    int copy, error;
    lane->is_apart = 0;
    do {
        copy = ioctl(lane->listener, ADDFD, &request);
        error = errno;
    } while (copy < 0 && error == EINTR);
    close(fd);
    if (copy < 0)
        return error == ENOENT || respond(lane, 0, -error, 0);
    if (!respond(lane, copy, 0, 0))
        return 0;
    lane->performed++;
    return 1;
}

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

static int is_below(const char *path, size_t length, const char *tree)
{
    size_t end = strlen(tree);
    return length >= end && !memcmp(path, tree, end) && (length == end || path[end] == '/');
}

/* Where our descriptors are by their numbers. Not those of the process that we were forked from: a
 * lane is used by one thread, which a fork leaves behind. */
static int descriptors(struct lane *lane)
{
    if (lane->descriptors < 0)
        lane->descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return lane->descriptors;
}

/* The path of a handle, if it has one by which it can be decided on here; 0 otherwise. What is in
 * /proc means another thing for the caller, and what is deleted has no name any more. */
static size_t path_of(struct lane *lane, int handle, char path[MAX_PATH])
{
    static const char deleted[] = " (deleted)";
    const size_t end = sizeof deleted - 1;
    char name[MAX_LINK_NAME];
    snprintf(name, sizeof name, "%d", handle);
    ssize_t count = readlinkat(descriptors(lane), name, path, MAX_PATH);
    if (count <= 0 || count >= MAX_PATH || path[0] != '/')
        return 0;
    size_t length = (size_t)count;
    if (length >= end && !memcmp(path + length - end, deleted, end))
        return 0;
    return is_below(path, length, "/proc") ? 0 : length;
}

/* Whether the object may be one that the sandbox itself made, which rules need not speak of: the
 * identities of those are marked. */
static int may_be_own(const struct lane *lane, const struct stat *status)
{
    uint64_t mixed = status->st_ino ^ status->st_ino >> 16 ^ status->st_ino >> 32;
    mixed = (mixed ^ status->st_dev * 0x9e37U) % (8 * OWN_BYTES);
    return lane->own && lane->own[mixed / 8] >> mixed % 8 & 1;
}

/* Write down what is about to be done, where somebody is told of it; 0 leaves the call. */
static int is_noted(const struct lane *lane, struct decision *decision)
{
    if (!lane->journal)
        return 1;
    decision->tid = lane->call.tid;
    return (decision->is_native || decision->origin) && note(lane->journal, decision);
}

static int hand_over(struct lane *lane, uint64_t flags, int fd)
{
    const uint32_t close_on_exec = flags & O_CLOEXEC;
    if (access_of(flags) == READ && !(flags & O_CREAT) && !lane->is_apart)
        return inject_at_once(lane, fd, close_on_exec);
    return inject(lane, fd, close_on_exec);
}

/* Open the handle, without waiting for anybody; -1 with errno where that fails. */
static int open_again(struct lane *lane, int handle, int flags)
{
    char name[MAX_LINK_NAME];
    snprintf(name, sizeof name, "%d", handle);
    return openat(descriptors(lane), name,
                  (flags & ~O_CREAT) | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

/* The flags that it was opened with for a while. Of those that can be set, O_APPEND is the only
 * other one that comes this far. */
static int set_flags(int fd, int flags)
{
    return flags & O_NONBLOCK || !fcntl(fd, F_SETFL, flags & O_APPEND);
}

/* Whether nothing about the object or the flags refuses it before, or asks for more than the path. */
static int is_plain(const struct open *wanted, const struct stat *status)
{
    const int flags = (int)(wanted->flags & 0x7fffffff);
    if (flags & ~PERFORMED)
        return 0;
    if (S_ISDIR(status->st_mode))
        return !(flags & O_CREAT) && access_of(wanted->flags) == READ;
    return S_ISREG(status->st_mode) && !(flags & O_DIRECTORY);
}

/* Open the handle itself, which is plain, as `perform` in opens.py does; 0 leaves the call to it. */
static int perform(struct lane *lane, const struct open *wanted, int handle,
                   struct decision *decision)
{
    const int flags = (int)(wanted->flags & 0x7fffffff);
    /* While the caller waits in this call, its tid is nobody else's: what was read was its own. */
    if (ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    /* What is emptied is emptied by the open. */
    if (flags & O_TRUNC && !is_noted(lane, decision))
        return 0;
    int fd = open_again(lane, handle, flags);
    if (fd < 0) /* a lease, or an error that Python finds again */
        return flags & O_TRUNC && lane->journal && errno != EWOULDBLOCK &&
               respond(lane, 0, -errno, 0);
    if (!set_flags(fd, flags) || (!(flags & O_TRUNC) && !is_noted(lane, decision))) {
        close(fd);
        return 0;
    }
    return hand_over(lane, wanted->flags, fd);
}

/* The caller's file mode creation mask: proc_pid_status(5). -1 where it cannot be told. */
static int umask_of(uint32_t tid)
{
    char text[512];
    snprintf(text, MAX_LINK_NAME, "/proc/%u/status", tid);
    int file = open(text, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t count = read(file, text, sizeof text);
    close(file);
    static const char line[] = "\nUmask:\t";
    const size_t size = sizeof line - 1;
    const char *found = count > 0 ? memmem(text, (size_t)count, line, size) : NULL;
    if (!found || found + size + 4 > text + count)
        return -1;
    int mask = 0;
    for (int digit = 0; digit < 4; digit++) {
        char character = found[size + (size_t)digit];
        if (character < '0' || character > '7')
            return -1;
        mask = mask * 8 + character - '0';
    }
    return mask;
}

/* Make the file in its directory, as `_create` in opens.py does; 0 leaves the call to it. */
static int make(struct lane *lane, const struct table *table, const struct open *wanted, int parent,
                const char *name, char real[MAX_PATH])
{
    struct stat status;
    size_t length = path_of(lane, parent, real), end = strlen(name);
    if (!length || length + 1 + end >= MAX_PATH || fstat(parent, &status))
        return 0;
    if (!S_ISDIR(status.st_mode) || (lane->journal && may_be_own(lane, &status)))
        return 0;
    length -= length == 1; /* of `/` */
    real[length] = '/';
    memcpy(real + length + 1, name, end + 1);
    length += 1 + end;
    /* What is made there is remembered, or a device of the machine's. */
    if (is_below(real, length, "/tmp") || is_below(real, length, "/var/tmp") ||
        is_below(real, length, "/dev"))
        return 0;
    struct question question = asking(WRITE, CREATE);
    if (look_up(table, real, length, &question) != ALLOWED) /* what the floor covers is left */
        return 0;
    if (!fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) || errno != ENOENT)
        return 0;
    int mask = umask_of(lane->call.tid);
    if (mask < 0 || ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    struct decision decision = {.kind = CREATED, .path = real, .length = length};
    decision.origin = origin_of(table, question.rule, &decision.origin_length);
    if (!is_noted(lane, &decision))
        return 0;
    umask((mode_t)mask);
    const int flags = (int)(wanted->flags & 0x7fffffff);
    int fd = openat(parent, name, flags | O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC, wanted->mode);
    if (fd < 0)
        return errno != EEXIST && respond(lane, 0, -errno, 0);
    return hand_over(lane, wanted->flags, fd);
}

/* A file that is not there yet. Whatever has the name meanwhile is found by Python. */
static int serve_new(struct lane *lane, const struct table *table, const struct open *wanted,
                     char *path, size_t length)
{
    if ((wanted->flags & 0x7fffffff) & ~(uint64_t)(PERFORMED | O_EXCL | O_NOFOLLOW) ||
        wanted->flags & O_DIRECTORY || (lane->options & (PERFORMS | MAKES)) != (PERFORMS | MAKES))
        return 0;
    const char *slash = memrchr(path, '/', length);
    const size_t begin = slash ? (size_t)(slash - path) + 1 : 0;
    char name[NAME_MAX + 1], real[MAX_PATH];
    if (is_no_name(path + begin, length - begin) || length - begin > NAME_MAX)
        return 0;
    memcpy(name, path + begin, length - begin + 1);
    if (begin)
        path[begin] = 0;
    int parent = locate(lane, wanted, begin ? path : ".");
    if (parent < 0)
        return 0;
    int answered = make(lane, table, wanted, parent, name, real);
    close(parent);
    return answered;
}

/* The same where the floor obviously covers the new name: continued because the floor holds. As
 * `_opens` in native_changes.py. */
static int serve_new_in_floor(struct lane *lane, const struct table *table,
                              const struct open *wanted, char *path, size_t length)
{
    char *slash = memrchr(path, '/', length);
    const size_t above = slash && slash != path ? (size_t)(slash - path) : 1;
    struct question of_name = asking(WRITE, 0);
    struct question of_directory = asking(access_of(wanted->flags) | WRITE, 0);
    struct stat status;
    if (!slash || !(lane->options & NOTES) ||
        !(look_up(table, path, length, &of_name) & COVERED) ||
        !(look_up(table, path, above, &of_directory) & COVERED) ||
        !lstat(path, &status) || errno != ENOENT)
        return 0;
    const char kept = path[above];
    path[above] = 0;
    int directory = open_handle(AT_FDCWD, path, O_DIRECTORY, NO_SYMLINKS);
    path[above] = kept;
    if (directory < 0)
        return 0;
    close(directory);
    struct decision decision = {
        .kind = CREATED, .is_native = 1, .path = path, .length = length};
    return is_noted(lane, &decision) && let_continue(lane);
}

#include "lane_answers.h"

/* What the floor does not cover; 0 leaves it. */
static int serve_beyond(struct lane *lane, const struct table *table, const struct open *wanted,
                        int handle, const struct question *question, int is_allowed,
                        struct decision *decision)
{
    struct stat status;
    if (!(lane->options & PERFORMS) || fstat(handle, &status) || !is_plain(wanted, &status))
        return 0;
    if (!is_allowed || (lane->journal && may_be_own(lane, &status)))
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
    if (found & COVERED)
        answered = let_continue(lane);
    else if (decision.length)
        answered = serve_beyond(lane, table, wanted, handle, &question, !!(found & ALLOWED),
                                &decision);
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
    ssize_t length = read_path(lane->call.tid, wanted->address, path);
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
        int way = look_for_links(text);
        if (way == NO_LINK)
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
        (read_memory(lane->call.tid, address, &family, sizeof family) != sizeof family ||
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

/* For the loop in Python, which has decided and written down what is to be done: open the handle of
 * a file or directory for reading, and give the caller of this call a copy. 0 when nothing was done,
 * as for a caller that is gone, and for what only Python can open. */
EXPORTED int nono_lane_give(struct lane *lane, uint64_t id, int handle, int flags)
{
    if (flags & ~PERFORMED || flags & WRITES || ioctl(lane->listener, ID_VALID, &id))
        return 0;
    int fd = open_again(lane, handle, flags);
    if (fd < 0)
        return 0;
    if (!set_flags(fd, flags)) {
        close(fd);
        return 0;
    }
    lane->call.id = id;
    return hand_over(lane, (uint64_t)flags, fd);
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
    if (lane->places)
        forget_thread(lane->places), close_diag(lane->places);
    if (lane->descriptors >= 0)
        close(lane->descriptors);
    lane->descriptors = -1;
}

/* Receive and answer until a call is for Python, which is 1; 0 when no process is left that could
 * make one; a negative errno when the listener fails. */
EXPORTED int nono_lane_receive(struct lane *lane)
{
    for (;;) {
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
