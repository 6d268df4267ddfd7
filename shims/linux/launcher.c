/* A small program without threads that forks sandboxes for a process that has some.
 *
 * It does what fork_server.py, init.py and child.py of nono's supervisor do, in their order and with
 * their words, and so small that its forks cost next to nothing: a copy of it is a sandbox's init,
 * and a copy of that becomes the program. launcher.py says how it is started and asked. It has no
 * opinion: what is to be done is in the order, which comes from nono, and nothing of it is decided.
 *
 * Each request is one message with descriptors; the answer is the init's process id, or -errno. What
 * comes from the other end of `control` is the supervisor's, so nothing that it reads is hostile;
 * sizes are looked at all the same.
 *
 * Sources: fork(2), prctl(2), landlock_restrict_self(2), seccomp(2), signalfd(2), execve(2).
 */
enum { NOT_STARTED = 125, NOT_FOUND = 127 }; /* exit_status.py */

#include "launcher_kernel.h"

#include "launcher_messages.h"

#include "launcher_child.h"

#include "launcher_processes.h"

/* To be raised with every change of the order, of a request or of what is done. */
#define INTERFACE 4

enum { HAS_SCOPE = 1, HAS_TERMINAL = 2 };

/* Raises what is asked for into memory. The last byte is a NUL, and there are as many as it says. */
static long map_order(int fd, const struct order **found)
{
    long size = call3(SYS_lseek, fd, 0, 2), start; /* SEEK_END */
    const struct order *order;
    uint64_t texts, fixed;
    const char *bytes;

    if (size < (long)sizeof *order || size > MAX_ORDER)
        return size < 0 ? size : -EMSGSIZE;
    start = call(SYS_mmap, 0, size, 3, 2, fd, 0); /* PROT_READ | PROT_WRITE, MAP_PRIVATE */
    if (start < 0 && start > -4096)
        return start;
    order = (const struct order *)start;
    bytes = (const char *)start;
    fixed = sizeof *order + 8 * (uint64_t)order->instructions + 24 * (uint64_t)order->limits;
    texts = 2 + (uint64_t)order->candidates + order->arguments + order->variables;
    if (order->size != (uint64_t)size || fixed >= order->size || order->instructions > 0xFFFF)
        return -EINVAL;
    for (uint64_t at = fixed; at < order->size; at++)
        texts -= !bytes[at] && texts;
    if (texts || bytes[order->size - 1])
        return -EINVAL;
    *found = order;
    return 0;
}

static long copy_group(const struct order *order, char *to)
{
    const char *cwd = (const char *)(order + 1) + 8 * (size_t)order->instructions +
                      24 * (size_t)order->limits;
    const char *group = cwd + length_of(cwd) + 1;
    size_t length = length_of(group);

    if (length >= MAX_PATH)
        return -ENAMETOOLONG;
    if (length)
        memcpy(to, group, length + 1);
    return 0;
}

#include "launcher_init.h"

/* What each program would else do by itself: it has it from here. If it fails, it does. */
static void cut_once(int order_fd)
{
    static int is_done;
    struct order order;

    if (is_done || call4(SYS_pread64, order_fd, &order, sizeof order, 0) != sizeof order)
        return;
    is_done = 1;
    cut_bounding_set(order.keep);
}

struct launcher {
    int requests, children, asker; /* `children` is a signalfd; nobody but who started us may ask */
    int is_init;                   /* of the one sandbox that is asked for */
};

static int32_t start_sandbox(const struct launcher *ours, const int *fds, int count, uint8_t there)
{
    struct given given = {fds[0], fds[1], {fds[2], fds[3], fds[4]}, fds[5], fds[6], fds[7]};
    int server = own_pid();
    int32_t well = 0;
    long pid;

    if (count != MAX_FDS)
        return -EMFILE;
    given.scope = there & HAS_SCOPE ? given.scope : -1;
    given.terminal = there & HAS_TERMINAL ? given.terminal : -1;
    if (ours->is_init) {
        send_bytes(ours->requests, &well, sizeof well, -1);
        close_fd(ours->requests);
        be_init(&given, ours->children, ours->asker);
    }
    cut_once(given.order);
    pid = make_process();
    if (pid == 0) {
        close_fd(ours->requests);
        be_init(&given, ours->children, server);
    }
    if (pid > 0)
        note_init(pid, 1);
    return (int32_t)pid;
}

/* 0 when the other end is closed. Of nobody but the process that started us: where another has got
 * a copy of its end, it is of no use. */
static int answer_request(const struct launcher *ours)
{
    int fds[MAX_FDS] = {-1, -1, -1, -1, -1, -1, -1, -1}, count, sender;
    uint8_t there = 0;
    long got = receive_bytes(ours->requests, &there, sizeof there, fds, &count, &sender);
    int32_t answer = -EPERM;

    if (got <= 0)
        return got == -EINTR || got == -ENOMEM;
    if (sender == ours->asker)
        answer = start_sandbox(ours, fds, count, there);
    for (int each = 0; each < count; each++)
        close_fd(fds[each]);
    send_bytes(ours->requests, &answer, sizeof answer, -1);
    return 1;
}

/* Every child is an init, or the orphan of one that was killed. */
static void reap_inits(void)
{
    int status = 0, is_broken = 0;
    long pid;

    while ((pid = reap(&status, 0)) > 0) {
        is_broken |= !is_init(pid) || status;
        note_init(pid, 0);
    }
    /* The end of each is another SIGCHLD, so this goes on until none is left. */
    if (is_broken)
        kill_below(own_pid(), 1);
}

/* Never a signal but SIGKILL and SIGSTOP; three streams that nobody hears of. */
static long set_up(void)
{
    signals children = BIT(SIGCHLD);
    long null;

    block(~UINT64_C(0));
    for (int number = 1; number <= 64; number++)
        if (number != SIGKILL && number != SIGSTOP)
            set_disposition(number, 0);
    for (int number = 0; number < 10; number++) {
        static const uint8_t ignored[10] = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP,  SIGTSTP,
                                            SIGTTIN, SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2};
        set_disposition(ignored[number], 1);
    }
    set(PR_SET_NAME, (long)"nono-fork");
    set(PR_SET_CHILD_SUBREAPER, 1);
    call1(SYS_chdir, "/");
    null = call4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
    for (int stream = 0; null >= 0 && stream < 3; stream++)
        if (null != stream)
            call3(SYS_dup3, null, stream, 0);
    if (null > 2)
        close_fd(null);
    return null < 0 ? null
                    : call4(SYS_signalfd4, -1, &children, sizeof children, O_NONBLOCK | O_CLOEXEC);
}

/* `launcher N`: the requests come from descriptor N. It says first which version it is.
 * `launcher N init`: there will be one, and this process becomes its init. */
static int serve(int count, char **words)
{
    struct launcher ours = {.asker = (int)call0(SYS_getppid), .is_init = count == 3};
    long requests = count == 2 || count == 3 ? number_of(words[1]) : -1, children;
    int32_t interface = INTERFACE;
    struct pollfd fds[2] = {{0, POLLIN, 0}, {0, POLLIN, 0}};

    if (requests < 3 || (children = set_up()) < 0)
        return NOT_STARTED;
    ours.requests = fds[0].fd = (int)requests;
    ours.children = fds[1].fd = (int)children;
    call3(SYS_fcntl, requests, F_SETFD, FD_CLOEXEC);
    send_bytes(ours.requests, &interface, sizeof interface, -1);
    for (;;) {
        fds[0].revents = fds[1].revents = 0;
        wait_readable(fds, 2, -1);
        if (fds[1].revents) {
            forget_signals(ours.children);
            reap_inits();
        }
        if (fds[0].revents && !answer_request(&ours))
            return 0;
    }
}

#ifdef HOSTED
int main(int count, char **words) { return serve(count, words); }
#else
__attribute__((used)) static _Noreturn void begin(long *stack)
{
    leave(serve((int)stack[0], (char **)(stack + 1)));
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n b begin\n");
#endif
#endif
