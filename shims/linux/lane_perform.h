/* Opens of what is there, *performed on our copy*: the handle itself is opened, written down, and the
 * caller given the descriptor. Whether that is allowed was decided before.
 *
 * As `perform` in opens.py. Sources: open(2), proc(5), seccomp_unotify(2).
 */
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
    return open_number(lane, handle, (flags & ~O_CREAT) | O_NOCTTY | O_NONBLOCK);
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

/* Open the handle itself, which is plain, as `perform` in opens.py does; 0 leaves the call to it.
 *
 * What is to be emptied is opened first and emptied once that is written down: a lease forbids the
 * open, which is Python's to wait for, and to write down, once. */
static int perform(struct lane *lane, const struct open *wanted, int handle,
                   struct decision *decision)
{
    const int flags = (int)(wanted->flags & 0x7fffffff);
    /* While the caller waits in this call, its tid is nobody else's: what was read was its own. */
    if (ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    if (flags & O_TRUNC && !(access_of((uint64_t)(flags & ACCESS_MODE)) & WRITE))
        return 0; /* only an open empties what is not written */
    int fd = open_again(lane, handle, flags & ~O_TRUNC);
    if (fd < 0) /* a lease, or an error that Python finds again */
        return 0;
    if (!set_flags(fd, flags) || !is_noted(lane, decision)) {
        close(fd);
        return 0;
    }
    if (flags & O_TRUNC && ftruncate(fd, 0)) {
        const int error = errno;
        close(fd);
        return respond(lane, 0, -error, 0);
    }
    return hand_over(lane, wanted->flags, fd);
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
    const int is_given = hand_over(lane, (uint64_t)flags, fd);
    let_signals_in();
    return is_given;
}
