/* What a call names, read where the caller has it: the path in its memory, and where a relative one
 * starts. All of it is read once, with a bound; nothing here decides.
 *
 * Sources: process_vm_readv(2), proc(5), openat2(2).
 */
/* What is kept open of somebody's memory outlives an execve(2) by another of its threads, whose new
 * memory the call would mean: so it is found anew for each call. */
static ssize_t read_memory(const struct lane *lane, uint64_t address, void *into, size_t size)
{
    struct iovec local = {into, size}, remote = {(void *)(uintptr_t)address, size};
    return process_vm_readv((pid_t)lane->call.tid, &local, 1, &remote, 1, 0);
}

/* The length of the path at `address`, -1 when it cannot be read or does not end in time. */
static ssize_t read_path(struct lane *lane, uint64_t address, char *path)
{
    static const size_t limits[] = {FIRST_READ, MAX_PATH};
    for (int step = 0; step < 2; step++) {
        ssize_t count = read_memory(lane, address, path, limits[step]);
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
static int look_at_each_name(const char *path)
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

static int look_at_last_name(const char *path)
{
    char target;
    if (readlink(path, &target, 1) >= 0)
        return UNTOLD;
    if (errno == EINVAL || errno == ENOTDIR) /* it is no link, or a file stands in the way */
        return NO_LINK;
    return errno == ENOENT ? MISSING : UNTOLD;
}

/* The same for one open after the other in a directory, the way to which was looked at the first
 * time. The sandbox puts no link there meanwhile: that would be a call for Python, with which the
 * directory is forgotten. Of what somebody outside puts there the next look tells; until then the
 * kernel follows it as far as the floor goes, which where names are refused may be too far. */
static int look_for_links(struct lane *lane, const char *path, size_t length)
{
    const char *slash = memrchr(path, '/', length);
    const size_t end = slash ? (size_t)(slash - path) + 1 : 0;
    if (lane->looks_spared && end == lane->way_length && !memcmp(path, lane->way, end)) {
        lane->looks_spared--;
        return look_at_last_name(path);
    }
    const int way = look_at_each_name(path);
    const int may_spare = lane->options & FOLLOWS && way == NO_LINK && end && end <= MAX_WAY;
    lane->looks_spared = may_spare ? LOOKS_SPARED : 0;
    if (lane->looks_spared)
        memcpy(lane->way, path, end), lane->way_length = (uint32_t)end;
    return way;
}
