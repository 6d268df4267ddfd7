/* A directory's names, as readdir(3) gives them, and which of some names are among them.
 *
 * Looks at one directory follow each other (looks.c), and it is listed once for all of them.
 */
struct entry {
    size_t name; /* where it begins in `names` */
    uint64_t inode;
    uint8_t type;
};

struct listing {
    const char *path; /* NULL while there is none */
    uint64_t most;    /* of how many it was to be; one more is in it where there are more */
    int is_open, error;
    struct text names, entries;
};

static size_t count_of(const struct listing *listing)
{
    return listing->entries.length / sizeof(struct entry);
}

static struct entry *entry_of(const struct listing *listing, size_t number)
{
    return (struct entry *)listing->entries.bytes + number;
}

static const char *name_of(const struct listing *listing, const struct entry *entry)
{
    return (const char *)listing->names.bytes + entry->name;
}

static int read_names(struct listing *listing, DIR *directory)
{
    while (count_of(listing) <= listing->most) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (!found)
            return errno;
        if (!strcmp(found->d_name, ".") || !strcmp(found->d_name, ".."))
            continue;
        struct entry entry = {listing->names.length, found->d_ino, found->d_type};
        add(&listing->names, found->d_name, strlen(found->d_name) + 1);
        add(&listing->entries, &entry, sizeof entry);
        if (listing->names.is_lost || listing->entries.is_lost)
            return ENOMEM;
    }
    return 0;
}

/* The errno of it, also where it was listed before. */
static int list(struct listing *listing, const char *path, uint64_t most)
{
    if (listing->path && !strcmp(listing->path, path) && listing->most == most)
        return listing->error;
    listing->path = path;
    listing->most = most;
    listing->names.length = listing->entries.length = 0;
    DIR *directory = opendir(path);
    listing->is_open = directory != NULL;
    listing->error = directory ? read_names(listing, directory) : errno;
    if (directory)
        closedir(directory);
    return listing->error;
}

/* The errno of the same, and EFBIG for more names than that. */
static int list_all(struct listing *listing, const char *path, uint64_t most)
{
    int error = list(listing, path, most);
    return !error && count_of(listing) > most ? EFBIG : error;
}

/* Of which type it is itself. Not every file system says so in a listing; one that is gone by now
 * is of none. */
static int find_type(const struct listing *listing, struct entry *entry)
{
    char path[PATH_MAX];
    struct stat found;
    if (entry->type != DT_UNKNOWN)
        return 0;
    int length = snprintf(path, sizeof path, "%s/%s", listing->path, name_of(listing, entry));
    if (length < 0 || (size_t)length >= sizeof path)
        return ENAMETOOLONG;
    if (lstat(path, &found))
        return errno == ENOENT ? 0 : errno;
    entry->type = (uint8_t)IFTODT(found.st_mode);
    return 0;
}

static char lower(char letter)
{
    return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

static int by_bytes(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static int by_folded(const void *one, const void *other)
{
    const char *first = *(const char *const *)one, *second = *(const char *const *)other;
    while (*first && lower(*first) == lower(*second))
        first++, second++;
    return (uint8_t)lower(*first) - (uint8_t)lower(*second);
}

static int word_by_bytes(const void *word, const void *name)
{
    return strcmp(word, *(const char *const *)name);
}

static int word_by_folded(const void *word, const void *name)
{
    const char *left = word, *right = *(const char *const *)name;
    while (*left && *left == lower(*right))
        left++, right++;
    return (uint8_t)*left - (uint8_t)lower(*right);
}

static int is_ascii(const char *name)
{
    while (*name)
        if (*name++ & 0x80)
            return 0;
    return 1;
}

/* Which entries count, and whether in lower case. */
struct among {
    uint8_t type; /* 0 for all */
    int is_folded;
};

/* Those that count, sorted, to be freed. `is_told` is 0 where only the file system knows what the
 * names are without their case. */
static int sort_names(const struct listing *listing, struct among among, struct text *sorted,
                      int *is_told)
{
    *is_told = 1;
    for (size_t i = 0; i < count_of(listing); i++) {
        struct entry *entry = entry_of(listing, i);
        int error = among.type ? find_type(listing, entry) : 0;
        if (error)
            return error;
        if (among.type && entry->type != among.type)
            continue;
        const char *name = name_of(listing, entry);
        *is_told &= !among.is_folded || is_ascii(name);
        add(sorted, &name, sizeof name);
    }
    if (sorted->is_lost)
        return ENOMEM;
    if (sorted->length)
        qsort(sorted->bytes, sorted->length / sizeof(char *), sizeof(char *),
              among.is_folded ? by_folded : by_bytes);
    return 0;
}

static int is_among(const struct text *sorted, struct among among, const char *word)
{
    return sorted->length && bsearch(word, sorted->bytes, sorted->length / sizeof(char *),
                                     sizeof(char *),
                                     among.is_folded ? word_by_folded : word_by_bytes);
}
