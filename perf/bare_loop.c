/* The least that a supervisor can do for a stopped call: the limit of the budgets.
 *
 *     bare_loop LISTENER continue    receive it, let the kernel do it
 *     bare_loop LISTENER inject      receive it, read the path, open it, hand the descriptor over
 *
 * Nothing is decided and nothing is checked. See seccomp_unotify(2).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

/* Both are newer than the headers of Debian 12. The argument of SET_FLAGS is the value itself. */
#define SET_FLAGS SECCOMP_IOW(4, uint64_t)
#define FD_SYNC_WAKE_UP 1UL

static int inject(int listener, const struct seccomp_notif *call)
{
    char path[256];
    struct iovec local = {path, sizeof path};
    struct iovec remote = {(void *)(uintptr_t)call->data.args[1], sizeof path};
    ssize_t length = process_vm_readv((pid_t)call->pid, &local, 1, &remote, 1, 0);
    if (length <= 0 || !memchr(path, 0, (size_t)length))
        return -1;
    int fd = open(path, (int)call->data.args[2] | O_CLOEXEC);
    if (fd < 0)
        return -1;
    struct seccomp_notif_addfd request = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)fd,
        .newfd_flags = O_CLOEXEC,
    };
    int result = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
    close(fd);
    return result;
}

int main(int count, char **words)
{
    if (count != 3)
        return 2;
    int listener = atoi(words[1]);
    int injects = strcmp(words[2], "inject") == 0;
    ioctl(listener, SET_FLAGS, FD_SYNC_WAKE_UP);
    for (;;) {
        struct seccomp_notif call;
        memset(&call, 0, sizeof call);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) {
            if (errno == EINTR)
                continue;
            return errno == ENOENT ? 0 : 1; /* ENOENT: the timed program is gone */
        }
        if (injects && inject(listener, &call) >= 0)
            continue;
        struct seccomp_notif_resp answer = {
            .id = call.id,
            .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE,
        };
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) && errno != ENOENT)
            return 1;
    }
}
