/* System calls without a C library, for launcher.c: each returns what the kernel does, -errno for
 * an error. So nothing is loaded, kept or locked that a fork would have to copy, and one program
 * is good for every C library. The structures are the kernel's, which are not always theirs.
 *
 * Sources: syscall(2), and the pages of the calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The same on every architecture. */
#define NR_PIDFD_OPEN 434
#define NR_CLOSE_RANGE 436
#define NR_LANDLOCK_RESTRICT_SELF 446

#define LAST_FD 0xFFFFFFFFL
#define CLOSE_ON_EXEC 4 /* CLOSE_RANGE_CLOEXEC */
#define MAX_PATH 4096

typedef uint64_t signals; /* bit n - 1 for signal n */
#define BIT(number) (UINT64_C(1) << ((number)-1))

struct piece {
    const void *start;
    size_t length;
};
struct moment {
    int64_t seconds, nanoseconds;
};

#include "system_call.h"

#define call0(number) call(number, 0, 0, 0, 0, 0, 0)
#define call1(number, a) call(number, (long)(a), 0, 0, 0, 0, 0)
#define call2(number, a, b) call(number, (long)(a), (long)(b), 0, 0, 0, 0)
#define call3(number, a, b, c) call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define call4(number, a, b, c, d) call(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static _Noreturn void leave(int status)
{
    for (;;)
        call1(SYS_exit_group, status);
}

/* fork(2): no more than the memory of this small program is copied. */
static long make_process(void) { return call1(SYS_clone, SIGCHLD); }

static int own_pid(void) { return (int)call0(SYS_getpid); }

static long set(int option, long value) { return call2(SYS_prctl, option, value); }

static void close_fd(long fd) { call1(SYS_close, fd); }

static long send_signal(long pid, int number) { return call2(SYS_kill, pid, number); }

static void block(signals mask)
{
    call4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, sizeof mask);
}

/* SIG_DFL or SIG_IGN: no handler ever runs in this program. */
static void set_disposition(int number, int is_ignored)
{
    struct {
        const void *handler;
        unsigned long flags;
        const void *restorer;
        signals mask;
    } action = {(const void *)(uintptr_t)is_ignored, 0, 0, 0};

    call4(SYS_rt_sigaction, number, &action, 0, sizeof action.mask);
}

/* ppoll(2) for reading; with a negative time as long as it takes. */
static long wait_readable(struct pollfd *fds, long count, long milliseconds)
{
    struct moment limit = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    return call(SYS_ppoll, (long)fds, count, milliseconds < 0 ? 0 : (long)&limit, 0, 0, 0);
}

/* wait4(2) without waiting: 0 when none has changed, -ECHILD when there is none. */
static long reap(int *status, int options)
{
    return call4(SYS_wait4, -1, status, options | WNOHANG, 0);
}

#ifndef HOSTED
/* The compiler may call these by itself. */
__attribute__((used)) void *memcpy(void *to, const void *from, size_t length)
{
    for (size_t at = 0; at < length; at++)
        ((volatile char *)to)[at] = ((const char *)from)[at];
    return to;
}

__attribute__((used)) void *memset(void *to, int value, size_t length)
{
    for (size_t at = 0; at < length; at++)
        ((volatile char *)to)[at] = (char)value;
    return to;
}
#else
#include <string.h>
#endif

static size_t length_of(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}
