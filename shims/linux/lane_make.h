/* Opens that make a file: *performed on our copy*, of the name and of its directory, or *continued
 * because the floor holds* where it covers both. Whatever has the name already is left to Python.
 *
 * As `_create` in opens.py. Sources: open(2), umask(2), proc_pid_status(5).
 */
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
