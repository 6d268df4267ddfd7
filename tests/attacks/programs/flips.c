/* One thread calls, another changes what the call means, for some seconds.

   flips KIND SECONDS MINE THEIRS READONLY
   MINE: a directory with the files `file` and `dir/secret`. THEIRS: a denied directory with
   `secret`. READONLY: a file that may only be read. Prints how often the call succeeded, and WON
   for each time that it reached what it must not. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

struct how { unsigned long long flags, mode, resolve; };

static volatile int over;
static char path[4096], good[4096], bad[4096];
static volatile struct how how;
static int good_fd, bad_fd, shared_fd = 200;
static const char *mine, *theirs, *readonly_file;
static ino_t forbidden;
static long tries, done, won;

static char *join(char *to, const char *directory, const char *name)
{
    snprintf(to, 4096, "%s/%s", directory, name);
    return to;
}

static void look(int fd, int writable)
{
    char text[64] = "";
    struct stat status;

    tries++;
    if (fd < 0)
        return;
    done++;
    if (read(fd, text, sizeof text - 1) > 0 && strstr(text, "secret-"))
        won++;
    if (writable && !fstat(fd, &status) && status.st_ino == forbidden)
        won++;
    close(fd);
}

/* What the other thread does, again and again. */

static void flip_path(void)
{
    strcpy(path, bad);
    strcpy(path, good);
}

static void flip_fd(void)
{
    dup2(bad_fd, shared_fd);
    dup2(good_fd, shared_fd);
}

static void flip_how(void)
{
    how.flags = O_WRONLY;
    how.flags = O_RDONLY;
}

static void flip_mode(void)
{
    how.flags = O_ACCMODE;
    how.flags = O_PATH;
    how.flags = O_RDONLY;
}

static void flip_link(void)
{
    char link[4096], fresh[4096], dir[4096];

    symlink(theirs, join(fresh, mine, "fresh"));
    rename(fresh, join(link, mine, "link"));
    symlink(join(dir, mine, "dir"), fresh);
    rename(fresh, link);
}

static void flip_names(void)
{
    char one[4096], other[4096];

    syscall(SYS_renameat2, AT_FDCWD, join(one, mine, "dir"), AT_FDCWD, join(other, mine, "other"),
            RENAME_EXCHANGE);
    syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, theirs, RENAME_EXCHANGE);
    rename(theirs, other);
    link(bad, join(other, mine, "linked"));
}

/* What the first thread calls. */

static void read_path(void) { look(open(path, O_RDONLY), 0); }
static void write_path(void) { look(open(path, O_RDWR), 1); }
static void mode_three(void) { look(open(path, O_ACCMODE), 1); }
static void read_below_fd(void) { look(openat(shared_fd, "secret", O_RDONLY), 0); }
static void chmod_fd(void) { tries++; done += !fchmod(shared_fd, 0777); }

static void reopen_fd(void)
{
    char name[64];

    snprintf(name, sizeof name, "/proc/self/fd/%d", shared_fd);
    look(open(name, O_RDWR), 1);
}

static void open_how(void)
{
    look(syscall(SYS_openat2, AT_FDCWD, readonly_file, &how, sizeof how), 0);
    int fd = syscall(SYS_openat2, AT_FDCWD, readonly_file, &how, sizeof how);
    if (fd >= 0 && write(fd, "WON", 3) == 3)
        won++;
    close(fd);
}

static void open_nothing(void)
{
    int fd = syscall(SYS_openat2, AT_FDCWD, readonly_file, &how, sizeof how), flags;

    tries++;
    if (fd < 0)
        return;
    done++;
    flags = fcntl(fd, F_GETFL);
    if (!(flags & O_PATH) && flags & O_ACCMODE)
        won++;
    close(fd);
}

/* A lock that keeps readers of the file out. */
static void lock_fd(void)
{
    int probe = open(readonly_file, O_RDONLY);

    tries++;
    done += !flock(shared_fd, LOCK_EX | LOCK_NB);
    if (flock(probe, LOCK_SH | LOCK_NB))
        won++;
    close(probe);
    flock(good_fd, LOCK_UN);
    flock(bad_fd, LOCK_UN);
}

/* The bit is harmless on a directory, and not on a program. */
static void set_group(void)
{
    struct stat status;

    tries++;
    done += !fchmod(shared_fd, 02755);
    if (!fstat(bad_fd, &status) && status.st_mode & 06000)
        won++;
}

static void attribute(void)
{
    char text[64] = "";

    tries++;
    if (getxattr(path, "user.kept", text, sizeof text - 1) < 0)
        return;
    done++;
    if (strstr(text, "secret-"))
        won++;
}

static void list_path(void)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    tries++;
    if (!directory)
        return;
    done++;
    while ((entry = readdir(directory)))
        if (!strcmp(entry->d_name, "marker"))
            won++;
    closedir(directory);
}

static void make_directory(void)
{
    char name[4200];

    tries++;
    snprintf(name, sizeof name, "%s/made", path);
    if (!mkdir(name, 0755))
        done++;
    rmdir(name);
}

static struct kind {
    const char *name;
    void (*call)(void), (*flip)(void);
    const char *good, *bad; /* below MINE, below THEIRS; "" is READONLY, with a slash below MINE */
} kinds[] = {
    {"path", read_path, flip_path, "file", "secret"},
    {"write", write_path, flip_path, "file", ""},
    {"mode-three", mode_three, flip_path, "file", ""},
    {"directory", list_path, flip_path, "dir", "."},
    {"mkdir", make_directory, flip_path, "dir", "."},
    {"link", read_path, flip_link, "link/secret", "secret"},
    {"names", read_path, flip_names, "dir/secret", "secret"},
    {"dirfd", read_below_fd, flip_fd, "dir", "."},
    {"fchmod", chmod_fd, flip_fd, "file", ""},
    {"reopen", reopen_fd, flip_fd, "file", ""},
    {"how", open_how, flip_how, "file", ""},
    {"nothing", open_nothing, flip_mode, "file", ""},
    {"set-id", set_group, flip_fd, "dir", "/file"},
    {"attribute", attribute, flip_path, "file", "secret"},
    {"lock", lock_fd, flip_fd, "file", ""},
};

static void *flipper(void *flip)
{
    while (!over)
        ((void (*)(void))flip)();
    return NULL;
}

int main(int argc, char **argv)
{
    struct kind *kind = kinds;
    struct stat status;
    pthread_t thread;
    time_t end;

    if (argc != 6)
        return 2;
    mine = argv[3], theirs = argv[4], readonly_file = argv[5];
    while (strcmp(kind->name, argv[1]))
        if (++kind == kinds + sizeof kinds / sizeof *kinds)
            return 2;
    join(good, mine, kind->good);
    if (*kind->bad == '/')
        join(bad, mine, kind->bad + 1);
    else if (*kind->bad)
        join(bad, theirs, kind->bad);
    else
        strcpy(bad, readonly_file);
    strcpy(path, good);
    if (!stat(bad, &status))
        forbidden = status.st_ino;
    if (kind->flip == flip_fd) {
        int directory = kind->call == read_below_fd;
        int bits = kind->call == set_group;
        good_fd = open(good, directory ? O_PATH : bits ? O_RDONLY : O_RDWR);
        bad_fd = open(bad, directory ? O_PATH : O_RDONLY);
        if (good_fd < 0 || bad_fd < 0)
            return 3;
        dup2(good_fd, shared_fd);
    }
    pthread_create(&thread, NULL, flipper, (void *)kind->flip);
    /* On a busy machine until both had a turn, for half a minute at the most. */
    for (end = time(NULL) + atoi(argv[2]); time(NULL) < end + (done ? 0 : 30);)
        kind->call();
    over = 1;
    pthread_join(thread, NULL);
    printf("%s: %ld tries, %ld done\n", kind->name, tries, done);
    while (won-- > 0)
        puts("WON");
    return 0;
}
