/* The kinds of looks that read a file: see looks.c. */

static int open_again(const char *path, int flags)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* Up to so many bytes, into `content`; 0 or an errno. */
static int read_file(struct text *content, int fd, size_t most)
{
    size_t length = 0;
    content->length = 0;
    uint8_t *bytes = grown(content, most);
    if (!bytes)
        return ENOMEM;
    while (length < most) {
        ssize_t got = pread(fd, bytes + length, most - length, (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (!got)
            break;
        length += (size_t)got;
    }
    content->length = length;
    return 0;
}

static void find_digest(struct looking *looking)
{
    uint8_t digest[32];
    digest_of(looking->content.bytes, looking->content.length, digest);
    add_hexadecimal(&looking->found, digest, sizeof digest);
}

/* Nothing of directories, and of what is too large to be read again. */
static int find_content(struct looking *looking, int fd)
{
    struct stat status;
    if (fstat(fd, &status))
        return errno;
    if (S_ISREG(status.st_mode)) {
        int error = read_file(&looking->content, fd, looking->asked.most + 1);
        if (error)
            return error;
    }
    int is_read = S_ISREG(status.st_mode);
    if (S_ISDIR(status.st_mode) || (is_read && looking->content.length > looking->asked.most)) {
        add_words(&looking->found, "None");
        return 0;
    }
    find_status(looking, &status);
    if (is_read) {
        add(&looking->found, " ", 1);
        find_digest(looking);
    }
    return 0;
}

static int look_opened(struct looking *looking)
{
    uint64_t flags = looking->asked.number;
    if (flags > INT_MAX || flags & (ACCESS_MODE | O_CREAT | O_TRUNC)) {
        looking->found.is_lost = 1;
        return EINVAL;
    }
    int fd = open_again(looking->path, (int)flags);
    if (fd < 0)
        return errno;
    int error = find_content(looking, fd);
    close(fd);
    return error;
}

/* Of the first so many bytes. What is no regular file could block. */
static int look_bytes(struct looking *looking)
{
    struct stat status;
    int fd = open_again(looking->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno;
    int error = fstat(fd, &status) ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
    uint64_t most = looking->asked.most;
    if (!error && status.st_size >= 0 && (uint64_t)status.st_size < most)
        most = (uint64_t)status.st_size;
    if (!error)
        error = read_file(&looking->content, fd, most);
    close(fd);
    if (!error)
        find_digest(looking);
    return error;
}
