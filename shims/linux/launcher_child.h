/* The last steps before the program, for launcher.c: child.py of nono's supervisor has the same,
 * in the same order and with the same words, and says why it is that order.
 */
enum { BROKER = 1, LINGERS = 2, OWN_SESSION = 4, CLOSED = 8 }; /* CLOSED << n for stream n */

/* What a start asks for; launcher.py writes it. The filter and the limits follow it, then texts
 * that end with a NUL each: the working directory, the control group, `candidates` paths of the
 * program, and its arguments and environment. */
struct order {
    uint64_t size, keep, ignored, mask;
    uint32_t options, umask, instructions, limits;
    uint32_t candidates, arguments, variables, unused;
};

#define MAX_ORDER (64L << 20)

struct given { /* its descriptors, by what they are for */
    int order, control, streams[3], ruleset, scope, terminal;
};

#define CAP_SETPCAP_BIT (1U << 8)
#define CAPABILITY_VERSION 0x20080522U
#define AMBIENT_CLEAR 4
#define SECCOMP_FILTER 1
#define LISTENER_AND_KILLABLE ((1 << 3) | (1 << 5))
#define SET_FOREGROUND 0x5410 /* TIOCSPGRP */

static long get_sets(uint32_t sets[6])
{
    struct {
        uint32_t version;
        int pid;
    } header = {CAPABILITY_VERSION, 0};

    return call2(SYS_capget, &header, sets);
}

/* As cut_bounding_set of capabilities.py. */
static long cut_bounding_set(uint64_t keep)
{
    uint32_t sets[6];
    long error = get_sets(sets);

    if (error < 0 || !(sets[0] & CAP_SETPCAP_BIT))
        return error;
    for (int each = 0; each < 64; each++) {
        long inside = set(PR_CAPBSET_READ, each);
        if (inside == -EINVAL) /* beyond the last one of this kernel */
            break;
        if (inside == 1 && !(keep >> each & 1))
            inside = set(PR_CAPBSET_DROP, each);
        if (inside < 0)
            return inside;
    }
    return 0;
}

/* As drop_to there. The sets are {effective, permitted, inheritable} of the low, then the high. */
static long drop_capabilities(uint64_t keep)
{
    struct {
        uint32_t version;
        int pid;
    } header = {CAPABILITY_VERSION, 0};
    uint32_t sets[6];
    long error = cut_bounding_set(keep);

    if (error >= 0)
        error = set(PR_CAP_AMBIENT, AMBIENT_CLEAR);
    if (error >= 0)
        error = get_sets(sets);
    if (error < 0)
        return error;
    for (int half = 0; half < 2; half++) {
        sets[3 * half + 1] &= (uint32_t)(keep >> 32 * half);
        sets[3 * half] = sets[3 * half + 1];
        sets[3 * half + 2] = 0;
    }
    return call2(SYS_capset, &header, sets);
}

/* Make the three streams 0, 1 and 2, whatever numbers they have now. */
static long take_streams(const int *streams)
{
    long copies[3], error = 0;

    for (int each = 0; each < 3; each++) {
        copies[each] = call3(SYS_fcntl, streams[each], F_DUPFD_CLOEXEC, 3);
        if (copies[each] < 0)
            return copies[each];
    }
    for (int each = 0; each < 3; each++) {
        error = call3(SYS_dup3, copies[each], each, 0);
        if (error < 0)
            return error;
        close_fd(copies[each]);
    }
    return 0;
}

static long lead_job(int terminal)
{
    int group = own_pid();
    long error;

    if (terminal < 0)
        return 0;
    error = call2(SYS_setpgid, 0, 0);
    return error < 0 ? error : call3(SYS_ioctl, terminal, SET_FOREGROUND, &group);
}

static long open_group(const char *directory)
{
    static const char name[] = "/cgroup.procs";
    char path[MAX_PATH + sizeof name];
    size_t length = length_of(directory);

    if (length > MAX_PATH)
        return -ENAMETOOLONG;
    memcpy(path, directory, length);
    memcpy(path + length, name, sizeof name);
    return call4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
}

static long enter_limits(const struct order *order, const uint64_t *limits, long group)
{
    long error = 0;

    if (group >= 0)
        error = call3(SYS_write, group, "0", 1);
    for (uint32_t each = 0; error >= 0 && each < order->limits; each++) {
        const uint64_t *limit = limits + 3 * each;
        uint64_t now[2];
        error = call4(SYS_prlimit64, 0, limit[0], 0, now);
        now[0] = limit[1] < now[1] ? limit[1] : now[1];
        now[1] = limit[2] < now[1] ? limit[2] : now[1];
        if (error >= 0)
            error = call4(SYS_prlimit64, 0, limit[0], now, 0);
    }
    return error;
}

static void restore_signals(const struct order *order)
{
    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP)
            set_disposition(number, (order->ignored & BIT(number)) != 0);
    block(order->mask);
}

/* The descriptor of the listener, if there is a broker. */
static long install_filter(const struct order *order, const uint64_t *filter)
{
    struct {
        unsigned short count;
        const void *instructions;
    } program = {(unsigned short)order->instructions, filter};
    int flags = order->options & BROKER ? LISTENER_AND_KILLABLE : 0;

    return call3(SYS_seccomp, SECCOMP_FILTER, flags, &program);
}

/* Texts one after the other, as pointers with a null one at the end; where the next one begins. */
static char *listed(char *text, uint32_t count, char **pointers)
{
    for (uint32_t each = 0; each < count; each++) {
        pointers[each] = text;
        text += length_of(text) + 1;
    }
    pointers[count] = 0;
    return text;
}

/* As execvpe of Python's os: what says more than that there is none counts. */
static long execute(const struct order *order, char **candidates, char **arguments, char **variables)
{
    long last = -ENOENT, saved = 0;

    for (uint32_t each = 0; each < order->candidates; each++) {
        last = call3(SYS_execve, candidates[each], arguments, variables);
        if (last != -ENOENT && last != -ENOTDIR && !saved)
            saved = last;
    }
    return saved ? saved : last;
}

/* Restrict this process and execute the program; it dies with its parent. Says what fails. */
static _Noreturn void become(const struct order *order, const struct given *given, int parent)
{
    const uint64_t *filter = (const uint64_t *)(order + 1);
    const uint64_t *limits = filter + order->instructions;
    char *cwd = (char *)(limits + 3 * order->limits), *group = cwd + length_of(cwd) + 1;
    size_t count = (size_t)order->candidates + order->arguments + order->variables + 3;
    char **candidates, **arguments, **variables;
    const char *step = "set up";
    long error, listener, entered = -1;

    set(PR_SET_PDEATHSIG, SIGKILL);
    if (call0(SYS_getppid) != parent)
        leave(NOT_STARTED);
    candidates = (char **)call(SYS_mmap, 0, (long)(count * sizeof(char *)), 3, 0x22, -1, 0);
    if ((error = (long)candidates) < 0 && error > -4096)
        goto failed;
    if ((error = lead_job(given->terminal)) < 0 || (error = take_streams(given->streams)) < 0)
        goto failed;
    step = "change to the working directory";
    if (*group && (error = entered = open_group(group)) < 0)
        goto failed;
    if ((error = call1(SYS_chdir, cwd)) < 0)
        goto failed;
    call1(SYS_umask, order->umask);
    step = "drop capabilities";
    if ((error = drop_capabilities(order->keep)) < 0)
        goto failed;
    step = "set no_new_privs";
    if ((error = set(PR_SET_NO_NEW_PRIVS, 1)) < 0)
        goto failed;
    step = "landlock_restrict_self";
    if ((error = call2(NR_LANDLOCK_RESTRICT_SELF, given->ruleset, 0)) < 0 ||
        (error = call3(NR_CLOSE_RANGE, 3, LAST_FD, CLOSE_ON_EXEC)) < 0)
        goto failed;
    restore_signals(order);
    step = "enter the limits";
    if ((error = enter_limits(order, limits, entered)) < 0)
        goto failed;
    arguments = candidates + order->candidates + 1;
    variables = arguments + order->arguments + 1;
    listed(listed(listed(group + length_of(group) + 1, order->candidates, candidates),
                  order->arguments, arguments),
           order->variables, variables);
    step = "seccomp";
    if ((error = listener = install_filter(order, filter)) < 0)
        goto failed;
    tell(given->control, "listener", -1, order->options & BROKER ? (int)listener : -1);
    if (order->options & BROKER)
        close_fd(listener);
    for (int stream = 0; stream < 3; stream++)
        if (order->options & (uint32_t)CLOSED << stream)
            close_fd(stream);
    tell(given->control, "not executed", -execute(order, candidates, arguments, variables), -1);
    leave(NOT_FOUND);
failed:
    tell_failure(given->control, step, error);
    leave(NOT_STARTED);
}
