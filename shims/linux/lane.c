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
#define INTERFACE 3

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

enum { READ = 1, WRITE = 2 }; /* of Access */

#define ACCESS_MODE 03 /* of the flags; the O_ACCMODE of musl has O_PATH in it as well */

enum { COVERED = 1, ALLOWED = 2, UNSURE = 4 };

enum {
    TRUNCATE_IS_ASKED = 1, /* Landlock has a right for emptying a file */
    CHANGES_ARE_TOLD = 2,  /* that something may have changed is known already */
    FOLLOWS = 4,           /* no name that leads to an object is refused */
    PERFORMS = 8,          /* nobody has to be told, and nobody has restricted himself */
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
#define COUNTED 6 /* openat, open, sendto; of each those let continue and those performed */
#define SUB_BITS 5
#define BUCKETS 1280

struct counts {
    uint64_t calls[COUNTED], nanoseconds[COUNTED];
    uint64_t buckets[BUCKETS];
    uint64_t answering; /* when the call was given its answer: the caller may go on before we do */
};

struct lane {
    int32_t listener;
    int32_t nr_openat, nr_open, nr_sendto; /* -1 where there is none */
    uint32_t options;
    uint32_t version;         /* that the table is of */
    const uint32_t *current;  /* another one: the table is not to be used any more */
    const uint8_t *table;
    uint64_t table_size;
    uint64_t continued, performed; /* how many calls */
    int32_t kept;                  /* the link that says where the last relative path started */
    uint32_t kept_tid;
    int32_t kept_start;
    uint32_t is_known;             /* whether the call in `call` is known not to be covered */
    struct counts *counts;         /* or NULL */
    struct notification call;
};

/* ---- the table ---- */

#define MAGIC 0x6c616e31U

struct header {
    uint32_t magic, nodes, patterns, text;
};

/* Rights are bits of Access: `here` holds for the path itself, `below` for all that is below. */
struct node {
    uint32_t name, length; /* of the last name of its path, in the text */
    uint32_t first, count; /* its entries, sorted by name */
    uint8_t floor_here, floor_below;
    uint8_t allowed_here, allowed_below;
    uint8_t stopped_here, stopped_below; /* not to be decided by the table */
    uint8_t patterns;                    /* that patterns refuse whose directory this is */
    uint8_t reserved;
};

/* A refusal by wildcards: what it matches has this text in it, and so many names. */
struct pattern {
    uint32_t text, length;
    uint32_t names; /* 0: any number */
    uint32_t rights;
};

struct table {
    uint32_t nodes, patterns, text_size;
    const uint8_t *node, *pattern, *text;
};

static int open_table(struct table *table, const uint8_t *bytes, uint64_t size)
{
    struct header header;
    if (size < sizeof header)
        return 0;
    memcpy(&header, bytes, sizeof header);
    uint64_t nodes = (uint64_t)header.nodes * sizeof(struct node);
    uint64_t patterns = (uint64_t)header.patterns * sizeof(struct pattern);
    if (header.magic != MAGIC || !header.nodes ||
        sizeof header + nodes + patterns + header.text != size)
        return 0;
    table->nodes = header.nodes;
    table->patterns = header.patterns;
    table->text_size = header.text;
    table->node = bytes + sizeof header;
    table->pattern = table->node + nodes;
    table->text = table->pattern + patterns;
    return 1;
}

static const uint8_t *text_at(const struct table *table, uint32_t offset, uint32_t length)
{
    if (offset > table->text_size || length > table->text_size - offset)
        return NULL;
    return table->text + offset;
}

static int node_at(const struct table *table, uint32_t number, struct node *node)
{
    if (number >= table->nodes)
        return 0;
    memcpy(node, table->node + (size_t)number * sizeof *node, sizeof *node);
    return 1;
}

/* Replace `node` by its entry of this name; 0 when there is none. */
static int descend(const struct table *table, struct node *node, const char *name, size_t length)
{
    uint32_t low = 0, high = node->count;
    const uint32_t first = node->first;
    if (first > table->nodes || high > table->nodes - first)
        return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct node entry;
        if (!node_at(table, first + middle, &entry))
            return 0;
        const uint8_t *text = text_at(table, entry.name, entry.length);
        if (!text)
            return 0;
        size_t common = entry.length < length ? entry.length : length;
        int order = memcmp(text, name, common);
        if (!order)
            order = (entry.length > length) - (entry.length < length);
        if (!order) {
            *node = entry;
            return 1;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Whether some pattern that refuses one of these rights may match the path. */
static int may_match(const struct table *table, const char *path, size_t length, uint32_t names,
                     unsigned need)
{
    for (uint32_t number = 0; number < table->patterns; number++) {
        struct pattern pattern;
        memcpy(&pattern, table->pattern + (size_t)number * sizeof pattern, sizeof pattern);
        if (!(pattern.rights & need) || (pattern.names && pattern.names != names))
            continue;
        const uint8_t *text = text_at(table, pattern.text, pattern.length);
        if (!text || memmem(path, length, text, pattern.length))
            return 1;
    }
    return 0;
}

static int is_no_name(const char *name, size_t length)
{
    return !length || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')));
}

/* COVERED and ALLOWED as the floor and the rules say; UNSURE when wildcards have a say in it.
 * Nothing for a path that is not canonical. */
static unsigned look_up(const struct table *table, const char *path, size_t length, unsigned need)
{
    struct node node;
    if (!need || !length || path[0] != '/' || !node_at(table, 0, &node))
        return 0;
    unsigned floor = 0, allowed = 0, stopped = 0, patterns = node.patterns;
    uint32_t names = 0;
    int known = 1;
    size_t start = 1;
    if (length == 1) {
        floor = node.floor_here, allowed = node.allowed_here, stopped = node.stopped_here;
    } else {
        floor = node.floor_below, allowed = node.allowed_below, stopped = node.stopped_below;
    }
    while (start <= length && length > 1) {
        const char *slash = memchr(path + start, '/', length - start);
        size_t end = slash ? (size_t)(slash - path) : length;
        if (is_no_name(path + start, end - start))
            return 0;
        names++;
        known = known && descend(table, &node, path + start, end - start);
        if (known) {
            int is_last = end == length;
            floor |= is_last ? node.floor_here : node.floor_below;
            allowed |= is_last ? node.allowed_here : node.allowed_below;
            stopped |= is_last ? node.stopped_here : node.stopped_below;
            patterns |= node.patterns;
        }
        start = end + 1;
    }
    unsigned found = 0;
    if (!(need & ~floor))
        found |= COVERED;
    if (!(need & ~allowed) && !(need & (stopped | patterns)))
        found |= ALLOWED;
    if (found && need & patterns && may_match(table, path, length, names, need))
        found = UNSURE;
    return found;
}

/* For tests: what the table says of a path. */
EXPORTED unsigned nono_lane_look_up(const uint8_t *bytes, uint64_t size, const char *path,
                                    uint64_t length, unsigned need)
{
    struct table table;
    return open_table(&table, bytes, size) ? look_up(&table, path, length, need) : 0;
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
        return 0;
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
 * step would leave a call that has returned without a descriptor: so no signal may. */
static int inject_at_once(struct lane *lane, int fd, uint32_t flags)
{
    struct addfd request = {lane->call.id, ADDFD_SEND, (uint32_t)fd, 0, flags};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    note_answering(lane);
    int copy = ioctl(lane->listener, ADDFD, &request), error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(fd);
    if (copy < 0)
        return error == ENOENT || respond(lane, 0, -error, 0);
    lane->performed++;
    return 1;
}

/* The same for what others can tell to be open, as a file that is written cannot be executed:
 * ours is closed before the call returns. */
static int inject(struct lane *lane, int fd, uint32_t flags)
{
    struct addfd request = {lane->call.id, 0, (uint32_t)fd, 0, flags};
    int copy, error;
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

/* The path of a handle, if it has one by which it can be decided on here; 0 otherwise. What is in
 * /proc means another thing for the caller, and what is deleted has no name any more. */
static size_t path_of(int handle, char path[MAX_PATH])
{
    static const char deleted[] = " (deleted)";
    const size_t end = sizeof deleted - 1;
    char name[MAX_LINK_NAME];
    snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
    ssize_t count = readlink(name, path, MAX_PATH);
    if (count <= 0 || count >= MAX_PATH || path[0] != '/')
        return 0;
    size_t length = (size_t)count;
    if (length >= end && !memcmp(path + length - end, deleted, end))
        return 0;
    return is_below(path, length, "/proc") ? 0 : length;
}

/* Open the handle itself, as `perform` in opens.py does; 0 leaves the call to it. */
static int perform(struct lane *lane, const struct open *wanted, int handle)
{
    const int flags = (int)(wanted->flags & 0x7fffffff);
    struct stat status;
    if (flags & ~PERFORMED || fstat(handle, &status))
        return 0;
    const int is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && (!S_ISREG(status.st_mode) || flags & O_DIRECTORY))
        return 0;
    if (is_directory && (flags & O_CREAT || access_of(wanted->flags) != READ))
        return 0;
    /* While the caller waits in this call, its tid is nobody else's: what was read was its own. */
    if (ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    char name[MAX_LINK_NAME];
    snprintf(name, sizeof name, "/proc/self/fd/%d", handle);
    int fd = open(name, (flags & ~O_CREAT) | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0; /* a lease, or an error that Python finds again */
    /* Of the flags that can be set, O_APPEND is the only other one that comes this far. */
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags & O_APPEND)) {
        close(fd);
        return 0;
    }
    const uint32_t close_on_exec = flags & O_CLOEXEC ? O_CLOEXEC : 0;
    if (access_of(wanted->flags) == READ)
        return inject_at_once(lane, fd, close_on_exec);
    return inject(lane, fd, close_on_exec);
}

/* Decide on the object and not on its name. */
static int serve_object(struct lane *lane, const struct table *table, const struct open *wanted,
                        const char *path, size_t length)
{
    if (!(lane->options & FOLLOWS) || wanted->flags & (O_EXCL | O_NOFOLLOW | MAKES_UNNAMED))
        return 0;
    if (wanted->flags & O_CREAT && (!length || path[length - 1] == '/'))
        return 0;
    int handle = locate(lane, wanted, path);
    if (handle < 0)
        return 0;
    char real[MAX_PATH];
    size_t real_length = path_of(handle, real);
    unsigned found = 0;
    if (real_length)
        found = look_up(table, real, real_length, access_of(wanted->flags));
    int answered = 0;
    if (found & COVERED) {
        close(handle);
        return let_continue(lane);
    }
    if (found & ALLOWED && lane->options & PERFORMS)
        answered = perform(lane, wanted, handle);
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
    const char *text = path;
    ssize_t count = length;
    if (path[0] != '/') {
        count = complete(lane, wanted->start, path, (size_t)length, whole);
        text = whole;
    }
    if (count <= 0)
        return 0;
    unsigned found = look_up(&table, text, (size_t)count, access_of(wanted->flags));
    if (found & UNSURE)
        return 0;
    lane->is_known = 1;
    if (found & COVERED) {
        int way = look_for_links(text);
        if (way == NO_LINK)
            return let_continue(lane);
        if (way == MISSING)
            return wanted->flags & O_CREAT ? 0 : let_continue(lane);
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
    return number == lane->nr_sendto && serve_send(lane, a[4], (int32_t)a[5]);
}

/* For tests: 1 when the call in `call` is answered. */
EXPORTED int nono_lane_serve(struct lane *lane)
{
    return serve(lane);
}

/* ---- counting ---- */

static void add(uint64_t *sum, uint64_t by)
{
    __atomic_store_n(sum, *sum + by, __ATOMIC_RELAXED);
}

/* Linear in each power of two: 32 buckets, so what is in one differs by a thirty-second. */
static unsigned bucket_of(uint64_t value)
{
    if (value >> SUB_BITS == 0)
        return (unsigned)value;
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - SUB_BITS;
    unsigned bucket = (shift << SUB_BITS) + (unsigned)(value >> shift);
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void count(struct lane *lane, uint64_t begin, uint64_t performed)
{
    const uint64_t took = lane->counts->answering - begin;
    const int32_t number = lane->call.number;
    unsigned kind = number == lane->nr_openat ? 0 : number == lane->nr_open ? 2 : 4;
    kind += lane->performed != performed;
    add(&lane->counts->calls[kind], 1);
    add(&lane->counts->nanoseconds[kind], took);
    add(&lane->counts->buckets[bucket_of(took)], 1);
}

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
}

/* Receive and answer until a call is for Python, which is 1; 0 when no process is left that could
 * make one; a negative errno when the listener fails. */
EXPORTED int nono_lane_receive(struct lane *lane)
{
    for (;;) {
        memset(&lane->call, 0, sizeof lane->call);
        lane->is_known = 0;
        if (ioctl(lane->listener, RECV, &lane->call)) {
            if (errno == ENOENT && is_finished(lane->listener))
                return 0;
            if (errno == ENOENT || errno == EINTR)
                continue;
            return -errno;
        }
        const uint64_t begin = lane->counts ? now() : 0, performed = lane->performed;
        if (__atomic_load_n(lane->current, __ATOMIC_ACQUIRE) != lane->version || !serve(lane))
            return 1;
        if (lane->counts)
            count(lane, begin, performed);
    }
}
