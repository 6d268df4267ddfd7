/* How a call that was received is answered: let continue, failed, or given a descriptor.
 *
 * Each says 0 where no answer was given, and the call is Python's; a caller that is gone was answered.
 *
 * Sources: seccomp_unotify(2).
 */
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

/* Until `let_signals_in`. Other threads have them meanwhile. */
static _Thread_local int is_undisturbed;
static _Thread_local sigset_t signals_before;

static void keep_signals_out(void)
{
    if (is_undisturbed)
        return;
    sigset_t all;
    sigfillset(&all);
    is_undisturbed = !pthread_sigmask(SIG_SETMASK, &all, &signals_before);
}

static void let_signals_in(void)
{
    if (is_undisturbed)
        pthread_sigmask(SIG_SETMASK, &signals_before, NULL);
    is_undisturbed = 0;
}

/* Give the caller a copy of `fd` and let the call return, in one step. Whoever interrupts that
 * step would leave a call that has returned without a descriptor: so no signal may, from then on
 * until the next call that is Python's, since many are given one.
 *
 * For this step the kernel wakes the caller wherever it likes. Once that is on another processor,
 * both stay where they are, and each wakes the other one's up, call for call. */
static int inject_at_once(struct lane *lane, int fd, uint32_t flags)
{
    struct addfd request = {lane->call.id, ADDFD_SEND, (uint32_t)fd, 0, flags};
    keep_signals_out();
    const uint64_t begin = now();
    if (lane->counts)
        lane->counts->answering = begin;
    int copy = ioctl(lane->listener, ADDFD, &request), error = errno;
    lane->is_apart = now() - begin > APART;
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
