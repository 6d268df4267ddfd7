/* Many looks at the file system in one call: what they find as one SHA-256.
 *
 * Each kind finds the very bytes that kinds_of_looks.py says of it, and a test holds one against
 * the other. What was asked is read within its bounds, whatever it is; whatever is not understood,
 * or is more than a look may be, makes all of them fail. Nothing is written, made or emptied.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

#include "digest_blocks.h"
#include "looks_text.h"

#include "looks_listing.h"

#define ACCESS_MODE 03 /* of flags: as in lane.c */
#define MAX_MOST ((uint64_t)1 << 24) /* of names or bytes */

/* One look: a struct like this one, and then `count` words, each with its NUL. */
struct asked {
    uint32_t kind, count;
    uint64_t number, most; /* flags, modes, a size; of how many names or bytes it is */
};

struct looking {
    struct asked asked;
    const char *path, *words; /* the first word, and what is behind it */
    struct text found, all, content;
    struct listing listing;
    int has_names; /* in what this look has found so far */
};

static void find_truth(struct looking *looking, int is_so)
{
    add_words(&looking->found, is_so ? "True" : "False");
}

static void find_status(struct looking *looking, const struct stat *status)
{
    add_number(&looking->found, status->st_mode);
    add(&looking->found, " ", 1);
    add_number(&looking->found, status->st_uid);
    add(&looking->found, " ", 1);
    add_number(&looking->found, status->st_gid);
}

static void find_file(struct looking *looking, const struct stat *status)
{
    find_status(looking, status);
    add(&looking->found, " ", 1);
    add_number(&looking->found, status->st_dev);
    add(&looking->found, " ", 1);
    add_number(&looking->found, status->st_ino);
    add(&looking->found, " ", 1);
    add_number(&looking->found, S_ISDIR(status->st_mode) ? 0 : status->st_nlink);
}

static void find_time(struct looking *looking, const struct timespec *time)
{
    add(&looking->found, " ", 1);
    add_signed(&looking->found, time->tv_sec);
    add(&looking->found, " ", 1);
    add_number(&looking->found, (uint64_t)time->tv_nsec);
}

/* Each kind gives the errno of what cannot be found out. */

static int look_lstat(struct looking *looking)
{
    struct stat status;
    if (lstat(looking->path, &status))
        return errno;
    find_status(looking, &status);
    return 0;
}

static int look_stat(struct looking *looking)
{
    struct stat status;
    if (stat(looking->path, &status))
        return errno;
    find_status(looking, &status);
    return 0;
}

static int look_file(struct looking *looking)
{
    struct stat status;
    int follows = looking->asked.number != 0;
    if (fstatat(AT_FDCWD, looking->path, &status, follows ? 0 : AT_SYMLINK_NOFOLLOW))
        return errno;
    find_file(looking, &status);
    return 0;
}

static int look_links(struct looking *looking)
{
    struct stat status;
    if (lstat(looking->path, &status))
        return errno;
    if (S_ISREG(status.st_mode) && status.st_nlink > 1)
        find_file(looking, &status);
    else
        add_number(&looking->found, status.st_mode);
    return 0;
}

static int look_larger(struct looking *looking)
{
    struct stat status;
    if (stat(looking->path, &status))
        return errno;
    find_truth(looking, status.st_size > 0 && (uint64_t)status.st_size > looking->asked.number);
    return 0;
}

static int look_sources(struct looking *looking)
{
    const char *path = looking->path;
    for (uint32_t left = looking->asked.count; left; left--, path += strlen(path) + 1) {
        struct stat status;
        if (stat(path, &status))
            return errno;
        add_number(&looking->found, status.st_ino);
        find_time(looking, &status.st_mtim);
        add(&looking->found, " ", 1);
        add_signed(&looking->found, status.st_size);
        add(&looking->found, "/", 1);
    }
    return 0;
}

/* What changes with a file. */
static int look_identity(struct looking *looking)
{
    struct stat status;
    if (stat(looking->path, &status))
        return errno;
    const int64_t parts[] = {
        (int64_t)status.st_dev, (int64_t)status.st_ino, status.st_size,         status.st_mtim.tv_sec,
        status.st_mtim.tv_nsec, status.st_ctim.tv_sec,  status.st_ctim.tv_nsec,
    };
    add(&looking->found, parts, sizeof parts);
    return 0;
}

/* What changes with the names in a directory. */
static int look_settled(struct looking *looking)
{
    struct stat status;
    if (stat(looking->path, &status))
        return errno;
    add_number(&looking->found, status.st_dev);
    add(&looking->found, " ", 1);
    add_number(&looking->found, status.st_ino);
    find_time(looking, &status.st_mtim);
    find_time(looking, &status.st_ctim);
    return 0;
}

/* The device of a directory with so many links and fewer bytes. */
static int look_leaf(struct looking *looking)
{
    struct stat status;
    const struct asked *asked = &looking->asked;
    if (lstat(looking->path, &status))
        return errno;
    if (S_ISDIR(status.st_mode) && status.st_nlink == asked->number && status.st_size >= 0 &&
        (uint64_t)status.st_size < asked->most)
        add_number(&looking->found, status.st_dev);
    else
        add_words(&looking->found, "None");
    return 0;
}

static int look_readlink(struct looking *looking)
{
    char target[PATH_MAX];
    ssize_t length = readlink(looking->path, target, sizeof target);
    if (length < 0)
        return errno;
    add(&looking->found, target, (size_t)length);
    return 0;
}

static int look_access(struct looking *looking)
{
    find_truth(looking, !access(looking->path, (int)looking->asked.number));
    return 0;
}

#include "looks_names.h"

#include "looks_content.h"

/* In the order of KINDS in looks.py. */
static int (*const looks[])(struct looking *) = {
    look_lstat,    look_stat,    look_file,    look_links,  look_larger, look_sources,
    look_readlink, look_access,  look_lists,   look_exist,  look_there,  look_directories,
    look_folded,   look_linked,  look_listdir, look_scandir, look_inodes, look_apart,
    look_opened,   look_bytes,   look_identity, look_settled, look_leaf,
};

/* Takes one from what was asked. False for what is none. */
static int take(struct looking *looking, const uint8_t **at, const uint8_t *end)
{
    struct asked *asked = &looking->asked;
    if ((size_t)(end - *at) < sizeof *asked)
        return 0;
    memcpy(asked, *at, sizeof *asked);
    *at += sizeof *asked;
    looking->path = (const char *)*at;
    for (uint32_t left = asked->count; left; left--) {
        const uint8_t *last = memchr(*at, 0, (size_t)(end - *at));
        if (!last)
            return 0;
        *at = last + 1;
        if (left == asked->count)
            looking->words = (const char *)*at;
    }
    return asked->count && asked->kind < sizeof looks / sizeof *looks &&
           asked->most <= MAX_MOST;
}

static void find(struct looking *looking)
{
    struct text *found = &looking->found, *all = &looking->all;
    looking->has_names = 0;
    found->length = 0;
    add(found, "=", 1);
    int error = looks[looking->asked.kind](looking);
    if (error) {
        found->length = 0;
        add(found, "!", 1);
        add_number(found, (uint64_t)error);
    }
    add_number(all, found->length);
    add(all, ":", 1);
    add(all, found->bytes, found->length);
    all->is_lost |= found->is_lost;
}

/* Make all the looks, and the digest of what they find. 0, or an errno negated. */
EXPORTED int nono_looks(const uint8_t *asked, uint64_t size, uint8_t digest[32])
{
    struct looking looking = {0};
    const uint8_t *end = asked + size;
    int is_good = grown(&looking.all, 0) != NULL;
    while (is_good && asked < end) {
        is_good = take(&looking, &asked, end);
        if (is_good)
            find(&looking);
        is_good = is_good && !looking.all.is_lost;
    }
    if (is_good)
        digest_of(looking.all.bytes, looking.all.length, digest);
    free(looking.found.bytes);
    free(looking.all.bytes);
    free(looking.content.bytes);
    free(looking.listing.names.bytes);
    free(looking.listing.entries.bytes);
    return is_good ? 0 : -EINVAL;
}
