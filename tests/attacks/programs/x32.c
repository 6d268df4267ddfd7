/* The x32 system calls: a bit in the number, and a filter that compares numbers misses them. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32 0x40000000

int main(int count, char **arguments)
{
    char text[4096];
    if (count != 2)
        return 2;
    puts("ready");
    fflush(stdout);
    long fd = syscall(X32 | SYS_openat, AT_FDCWD, arguments[1], O_RDONLY);
    if (fd < 0) {
        printf("x32\t%s\n", strerror(errno));
        return 0;
    }
    ssize_t size = read(fd, text, sizeof text);
    printf("x32\tWON %.*s\n", (int)(size > 0 ? size : 0), text);
    return 0;
}
