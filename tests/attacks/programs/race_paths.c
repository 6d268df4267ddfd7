/* Flips the path of an open in memory, and what openat2 reads besides it.

   Arguments: seconds, a directory with the files 0 (ours), 1 (a link to a denied file), 2 (a link
   to one that may only be read), and the last two again. */

#include "race.h"

struct how { unsigned long long flags, mode, resolve; };

static char path[4096], texts[3][4096];
static struct how how;
static char *digit;
static ino_t denied, readable;

static void *flip(void *unused)
{
    static const unsigned long long flags[] = {
        O_RDONLY, O_PATH, O_RDWR, 3, O_WRONLY, O_PATH | O_NOFOLLOW, O_RDWR | O_CREAT, 3,
    };
    unsigned turn = 0;
    while (!stop) {
        turn++;
        how.flags = flags[turn % 8];
        how.resolve = turn % 5 ? 0 : 4;
        if (turn % 1024 < 768)
            *digit = '0' + turn % 3;
        else
            strcpy(path, texts[turn % 3]);
        if (turn % 1024 == 1023)
            strcpy(path, texts[0]);
    }
    return unused;
}

/* What a descriptor gives: won when that is more than the file allows. */
static void look(const char *name, int fd)
{
    char text[256] = "", place[64];
    struct stat status;
    count(fd);
    if (fd < 0)
        return;
    int mode = fcntl(fd, F_GETFL);
    fstat(fd, &status);
    int gives = !(mode & O_PATH) && (mode & O_ACCMODE) != 3;
    if (status.st_ino == denied && gives) {
        pread(fd, text, sizeof text - 1, 0);
        win(name, text);
    } else if (status.st_ino == readable && gives && (mode & O_ACCMODE) != O_RDONLY) {
        win(name, "open for writing");
    } else if (!gives && (status.st_ino == denied || status.st_ino == readable)) {
        snprintf(place, sizeof place, "/proc/self/fd/%d", fd);
        int again = open(place, status.st_ino == denied ? O_RDONLY : O_RDWR);
        if (again >= 0)
            look("reopened", again);
    }
    close(fd);
}

static void once(void)
{
    look("openat", syscall(SYS_openat, AT_FDCWD, path, O_RDONLY));
    look("openat, emptied", syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_TRUNC));
    look("openat for both", syscall(SYS_openat, AT_FDCWD, path, O_RDWR));
    look("openat, created", syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT, 0600));
    look("openat2", syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
    look("openat2", syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
#ifdef SYS_open
    look("open", syscall(SYS_open, path, O_RDONLY));
    look("creat", syscall(SYS_creat, path, 0600));
#endif
    count(syscall(SYS_truncate, path, 0));
    count(syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    struct stat status;
    if (!stat("linked", &status) && (status.st_ino == denied || status.st_ino == readable))
        win("linked", "");
    unlink("linked");
}

int main(int argc, char **arguments)
{
    if (argc != 5 || chdir(arguments[2]))
        return 2;
    denied = inode_of(arguments[3]);
    readable = inode_of(arguments[4]);
    sprintf(path, "%.4000s/0", arguments[2]);
    digit = path + strlen(path) - 1;
    strcpy(texts[0], path);
    strncpy(texts[1], arguments[3], 4095);
    strncpy(texts[2], arguments[4], 4095);
    return race("paths", atof(arguments[1]), flip, once);
}
