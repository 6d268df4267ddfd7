/* The processes below this one, for launcher.c, as /proc shows them: proc_pid_stat(5). */

#define MAX_DEPTH 4096
#define MAX_STAT 512
#define PROCESSES (1L << 22) /* PID_MAX_LIMIT: no process id is as large */

static uint8_t inits[PROCESSES / 8]; /* a bit for each process id: whether it is an init of ours */

static void note_init(long pid, int is_one)
{
    if (pid <= 0 || pid >= PROCESSES)
        return;
    if (is_one)
        inits[pid / 8] |= (uint8_t)(1 << pid % 8);
    else
        inits[pid / 8] &= (uint8_t)~(1 << pid % 8);
}

static int is_init(long pid)
{
    return pid > 0 && pid < PROCESSES && inits[pid / 8] >> pid % 8 & 1;
}

/* The number that a name is; -1 for another name. */
static long number_of(const char *name)
{
    long number = 0;

    for (; *name >= '0' && *name <= '9' && number < PROCESSES; name++)
        number = 10 * number + (*name - '0');
    return *name || !number ? -1 : number;
}

/* The fourth field, after the name of the command, which may hold any byte but NUL. */
static long parent_in(const char *text, long length)
{
    long at = length, number = 0;

    while (at > 0 && text[at - 1] != ')')
        at--;
    for (at += 3; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        number = 10 * number + (text[at] - '0');
    return at <= length ? number : 0;
}

/* 0 when it is gone. */
static long parent_of(long pid)
{
    char path[32] = "/proc/", digits[16], text[MAX_STAT];
    int count = 0, at = 6;
    long fd, got;

    for (; pid > 0; pid /= 10)
        digits[count++] = (char)('0' + pid % 10);
    while (count)
        path[at++] = digits[--count];
    memcpy(path + at, "/stat", sizeof "/stat");
    fd = call4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    got = call3(SYS_read, fd, text, sizeof text);
    close_fd(fd);
    return got > 0 ? parent_in(text, got) : 0;
}

/* Whether it has `ancestor` above it, and no init of ours on the way where those are spared. */
static int is_below(long pid, long ancestor, int without_inits)
{
    for (int depth = 0; pid > 1 && depth < MAX_DEPTH; depth++) {
        if (without_inits && is_init(pid))
            return 0;
        pid = parent_of(pid);
        if (pid == ancestor)
            return 1;
    }
    return 0;
}

static void kill_below(long ancestor, int without_inits)
{
    struct entry {
        uint64_t inode, offset;
        unsigned short length;
        unsigned char kind;
        char name[];
    };
    static char room[8192] __attribute__((aligned(8)));
    long fd = call4(SYS_openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), got;

    if (fd < 0)
        return;
    while ((got = call3(SYS_getdents64, fd, room, sizeof room)) > 0) {
        for (long at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(room + at);
            long pid = number_of(entry->name);
            if (pid > 1 && is_below(pid, ancestor, without_inits))
                send_signal(pid, SIGKILL);
            at += entry->length;
        }
    }
    close_fd(fd);
}
