/* The sandbox's init, for launcher.c: parent of the program, reaper of its orphans, and the one that
 * ends them all. init.py of nono's supervisor is the same in Python, and says why it is as it is.
 */
#define WITNESSED                                                                                  \
    (BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGTERM) | BIT(SIGHUP) | BIT(SIGUSR1) | BIT(SIGUSR2) |        \
     BIT(SIGTSTP) | BIT(SIGWINCH))
#define KILL_AGAIN_MILLISECONDS 50
#define TAKE_TERMINAL 0x540E /* TIOCSCTTY */

struct init {
    int control, children, child; /* `children` is a signalfd: some have changed */
    int is_scoped, is_stopped, has_terminal;
    long stops;
    uint32_t options;
    char group[MAX_PATH]; /* empty without a control group */
};

static void forget_signals(int from)
{
    uint8_t taken[128];

    while (call3(SYS_read, from, taken, sizeof taken) > 0)
        ;
}

/* Collect what has ended; 0 once the program is among it. */
static int collect(struct init *init)
{
    int status = 0;
    long pid;

    while ((pid = reap(&status, WUNTRACED | WCONTINUED)) > 0) {
        if (pid != init->child)
            continue;
        init->is_stopped = WIFSTOPPED(status);
        if (init->is_stopped) {
            tell(init->control, "stopped", ++init->stops, -1);
        } else if (!WIFCONTINUED(status)) {
            tell(init->control, "exited", status, -1);
            return 0;
        }
    }
    return 1;
}

/* Take a message; 0 when the session is to end, or the supervisor is gone. */
static int is_to_go_on(struct init *init)
{
    struct moment now = {0, 0};
    struct heard heard;
    signals seen;
    size_t after;
    long number;

    if (!hear(init->control, &heard))
        return 0;
    if ((after = begins(&heard, "continue"))) {
        /* Only a parent can tell this stop from a later one, once it has heard of all. */
        if (!collect(init))
            return 0;
        if (init->is_stopped && init->stops == number_at(&heard, after))
            send_signal(init->has_terminal ? -init->child : init->child, SIGCONT);
        return 1;
    }
    if (!(after = begins(&heard, "seen")))
        return 0;
    number = number_at(&heard, after);
    seen = number > 0 && number <= 64 ? BIT(number) & WITNESSED : 0;
    call4(SYS_rt_sigtimedwait, &seen, 0, &now, sizeof seen);
    return 1;
}

/* Until the program has ended or, with `others`, nothing is left of what it has started; 0 if the
 * session is to end before that. */
static int wait_for_end(struct init *init, int others)
{
    struct pollfd fds[2] = {{init->control, POLLIN, 0}, {init->children, POLLIN, 0}};
    int status;
    long pid;

    for (;;) {
        if (!others && !collect(init))
            return 1;
        while (others && (pid = reap(&status, 0)))
            if (pid < 0)
                return 1;
        fds[0].revents = fds[1].revents = 0;
        wait_readable(fds, 2, -1);
        if (fds[1].revents)
            forget_signals(init->children);
        if (fds[0].revents && !is_to_go_on(init))
            return 0;
    }
}

/* Until no child is left. Orphans become our children, so none is missed. */
static void kill_everything(struct init *init)
{
    struct pollfd changed = {init->children, POLLIN, 0};
    int status;
    long pid;

    for (;;) {
        if (init->is_scoped)
            send_signal(-1, SIGKILL);
        else
            kill_below(own_pid(), 0);
        while ((pid = reap(&status, 0)) > 0)
            ;
        if (pid < 0)
            return;
        wait_readable(&changed, 1, KILL_AGAIN_MILLISECONDS);
        forget_signals(init->children);
    }
}

/* The program's control group and, if no other program is left, the sandbox's. */
static void remove_group(char *path)
{
    size_t length = length_of(path);

    if (call3(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR) < 0)
        return;
    while (length > 1 && path[length - 1] != '/')
        length--;
    path[length - 1] = 0;
    call3(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* Close all but these two, and the streams, which are /dev/null here. */
static long close_others(int one, int other)
{
    int low = one < other ? one : other, high = one < other ? other : one;
    long error = 0;

    if (low > 3)
        error = call3(NR_CLOSE_RANGE, 3, low - 1, 0);
    if (error >= 0 && high > low + 1)
        error = call3(NR_CLOSE_RANGE, low + 1, high - 1, 0);
    return error < 0 ? error : call3(NR_CLOSE_RANGE, high + 1, LAST_FD, 0);
}

static long lead_session(struct init *init, int terminal)
{
    long error = 0;

    if (init->options & OWN_SESSION || terminal >= 0)
        error = call0(SYS_setsid);
    if (error >= 0 && terminal >= 0) {
        error = call3(SYS_ioctl, terminal, TAKE_TERMINAL, 0);
        init->has_terminal = error >= 0;
    }
    return error;
}

/* Into a domain that scopes signals. Without it kill(-1) would hit everything of this user: our
 * parent has our user, so only Landlock can forbid to signal it. Another one, once it is gone, may
 * be out of reach for its user's sake. */
static long enter_scope(struct init *init, int scope, int parent)
{
    long error = set(PR_SET_NO_NEW_PRIVS, 1);

    if (error >= 0)
        error = call2(NR_LANDLOCK_RESTRICT_SELF, scope, 0);
    if (error >= 0)
        init->is_scoped = send_signal(parent, 0) == -EPERM && call0(SYS_getppid) == parent;
    return error;
}

static _Noreturn void serve_sandbox(struct init *init)
{
    struct heard heard;

    if (wait_for_end(init, 0) && init->options & LINGERS)
        wait_for_end(init, 1);
    kill_everything(init);
    tell(init->control, "ended", -1, -1);
    if (*init->group) {
        while (hear(init->control, &heard)) /* until the supervisor has looked at what it counted */
            ;
        remove_group(init->group);
    }
    leave(0);
}

/* The body of the forked process. */
static _Noreturn void be_init(const struct given *given, int children, int parent)
{
    static struct init init;
    const struct order *order = 0;
    const char *step = "set up the init";
    int ourselves = own_pid();
    long error, pidfd;

    init.control = given->control;
    init.children = children;
    set(PR_SET_NAME, (long)"nono-init");
    if ((error = map_order(given->order, &order)) < 0)
        goto failed;
    init.options = order->options;
    if ((error = copy_group(order, init.group)) < 0)
        goto failed;
    if ((error = set(PR_SET_CHILD_SUBREAPER, 1)) < 0)
        goto failed;
    if ((error = lead_session(&init, given->terminal)) < 0)
        goto failed;
    step = "put the init into its scope";
    if (given->scope >= 0 && (error = enter_scope(&init, given->scope, parent)) < 0)
        goto failed;
    step = "fork the program";
    if ((error = make_process()) < 0)
        goto failed;
    if (error == 0)
        become(order, given, ourselves);
    init.child = (int)error;
    /* What the whole process group is sent stays pending here, for the supervisor to see. */
    block(WITNESSED | BIT(SIGCHLD));
    call2(SYS_munmap, order, order->size);
    step = "let go of the streams";
    if ((error = close_others(init.control, children)) < 0)
        goto failed;
    step = "pidfd_open(2)"; /* here it cannot be reaped meanwhile */
    if ((error = pidfd = call2(NR_PIDFD_OPEN, init.child, 0)) < 0)
        goto failed;
    set(PR_SET_DUMPABLE, 0);
    tell(init.control, "started", init.child, (int)pidfd);
    close_fd(pidfd);
    serve_sandbox(&init);
failed:
    tell_failure(init.control, step, error);
    leave(NOT_STARTED);
}
