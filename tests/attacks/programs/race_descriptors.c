/* Swaps what a descriptor's number means while it is used.

   Arguments: seconds, a directory to work in, a denied directory, a file in it, a file that may
   only be read. */

#include "race.h"
#include <sys/xattr.h>

static int number, ours, theirs, directory;
static char place[64];
static const char *name;
static ino_t denied, readable;

static void *flip(void *unused)
{
    while (!stop) {
        dup2(theirs, number);
        dup2(ours, number);
    }
    return unused;
}

static void *flip_directories(void *unused)
{
    while (!stop) {
        dup2(theirs, directory);
        dup2(ours, directory);
    }
    return unused;
}

static void look(const char *label, int fd)
{
    char text[256] = "";
    struct stat status;
    count(fd);
    if (fd < 0)
        return;
    int writes = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    if (!fstat(fd, &status)) {
        pread(fd, text, sizeof text - 1, 0);
        if (status.st_ino == denied || (status.st_ino == readable && writes))
            win(label, text);
    }
    close(fd);
}

/* Between a file of ours and one that we have open for reading: only metadata can be at stake,
   and whoever started us compares that. */
static void files(void)
{
    struct timespec times[2] = {{1, 0}, {1, 0}};
    count(fchmod(number, 0666));
    count(fchown(number, getuid(), -1));
    count(fsetxattr(number, "user.attack", "x", 1, 0));
    count(fremovexattr(number, "user.kept"));
    count(syscall(SYS_utimensat, number, NULL, times, 0));
    count(syscall(SYS_fchownat, number, "", getuid(), -1, AT_EMPTY_PATH));
    look("/proc/self/fd", open(place, O_RDWR));
    look("/proc/self/fd, emptied", open(place, O_WRONLY | O_TRUNC));
    count(truncate(place, 0));
    count(chmod(place, 0666));
}

/* Between a directory of ours and a denied one. */
static void directories(void)
{
    look("openat", openat(directory, name, O_RDONLY));
    look("openat for both", openat(directory, name, O_RDWR | O_CREAT, 0600));
    count(fchmodat(directory, name, 0666, 0));
    count(linkat(directory, name, AT_FDCWD, "linked", 0));
    look("linked", open("linked", O_RDONLY));
    unlink("linked");
    count(renameat(directory, name, AT_FDCWD, "taken"));
    look("taken", open("taken", O_RDONLY));
    unlink("taken");
    count(mkdirat(directory, "fresh", 0700));
    unlinkat(directory, "fresh", AT_REMOVEDIR);
    count(unlinkat(directory, name, 0));
}

int main(int argc, char **arguments)
{
    if (argc != 6 || chdir(arguments[2]))
        return 2;
    double seconds = atof(arguments[1]) / 2;
    name = strrchr(arguments[4], '/') + 1;
    denied = inode_of(arguments[4]);
    readable = inode_of(arguments[5]);
    ours = open("file", O_CREAT | O_RDWR, 0600);
    theirs = open(arguments[5], O_RDONLY);
    number = dup(ours);
    snprintf(place, sizeof place, "/proc/self/fd/%d", number);
    if (race("descriptors", seconds, flip, files))
        return 3;
    stop = 0;
    allowed = refused = 0;
    mkdir("ours", 0700);
    ours = open("ours", O_PATH);
    theirs = open(arguments[3], O_PATH);
    directory = dup(ours);
    return race("directories", seconds, flip_directories, directories);
}
