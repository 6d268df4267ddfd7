/* Handles that we hold: which path each has, and how one is opened again. Both go by the number that
 * the descriptor has in /proc.
 *
 * Sources: proc_pid_fd(5), readlink(2), open(2).
 */
static int is_below(const char *path, size_t length, const char *tree)
{
    size_t end = strlen(tree);
    return length >= end && !memcmp(path, tree, end) && (length == end || path[end] == '/');
}

/* A number as text; snprintf(3) takes as long for it as a call of the kernel's. */
static void write_number(int number, char text[MAX_NUMBER])
{
    char digits[MAX_NUMBER];
    int count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count)
        *text++ = digits[--count];
    *text = 0;
}

/* Where our descriptors are by their numbers. Not those of the process that we were forked from: a
 * lane is used by one thread, which a fork leaves behind. */
static int descriptors(struct lane *lane)
{
    if (lane->descriptors < 0)
        lane->descriptors = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return lane->descriptors;
}

static int open_number(struct lane *lane, int number, int flags)
{
    char name[MAX_NUMBER];
    write_number(number, name);
    return openat(descriptors(lane), name, flags | O_CLOEXEC);
}

/* One handle after the other gets the same number, since each is closed before the next. From the
 * second one on the link is kept: it tells of whatever has the number by now. */
static ssize_t read_link(struct lane *lane, int handle, char path[MAX_PATH])
{
    if (lane->handle == handle && lane->handle_link < 0)
        lane->handle_link = open_number(lane, handle, O_PATH | O_NOFOLLOW);
    else if (lane->handle != handle && lane->handle_link >= 0)
        close(lane->handle_link), lane->handle_link = -1;
    lane->handle = handle;
    if (lane->handle_link >= 0)
        return readlinkat(lane->handle_link, "", path, MAX_PATH);
    char name[MAX_NUMBER];
    write_number(handle, name);
    return readlinkat(descriptors(lane), name, path, MAX_PATH);
}

static void forget_handles(struct lane *lane)
{
    if (lane->handle_link >= 0)
        close(lane->handle_link);
    if (lane->descriptors >= 0)
        close(lane->descriptors);
    lane->handle_link = lane->descriptors = -1;
}

/* The path of a handle, if it has one by which it can be decided on here; 0 otherwise. What is in
 * /proc means another thing for the caller, and what is deleted has no name any more. */
static size_t path_of(struct lane *lane, int handle, char path[MAX_PATH])
{
    static const char deleted[] = " (deleted)";
    const size_t end = sizeof deleted - 1;
    ssize_t count = read_link(lane, handle, path);
    if (count <= 0 || count >= MAX_PATH || path[0] != '/')
        return 0;
    size_t length = (size_t)count;
    if (length >= end && !memcmp(path + length - end, deleted, end))
        return 0;
    return is_below(path, length, "/proc") ? 0 : length;
}
