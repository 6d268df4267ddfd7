/* Opens one file many times in memory that it shares, becomes another program in memory of its own,
 * and opens the other file, whose name stands at the same address there.
 *
 *     another_memory          makes both files here, and says "done" once each open got its own
 *     another_memory NAME     opens only that one
 *
 * To be linked without addresses of its own at each start. As vfork(2) has it, the parent's memory
 * is there for as long as the child has not ended.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 40, ROUNDS = 10, WRONG = 7 };

static char name[64];

static void make(const char *made)
{
    int fd = open(made, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || write(fd, made, strlen(made)) != (ssize_t)strlen(made))
        _exit(2);
    close(fd);
}

/* Whether each open of what `name` says gets the file that has this in it. */
static int is_right(const char *wanted)
{
    for (int left = TIMES; left; left--) {
        char got[64] = {0};
        int fd = open(name, O_RDONLY);
        if (fd < 0 || read(fd, got, sizeof got - 1) < 0 || strcmp(got, wanted))
            return 0;
        close(fd);
    }
    return 1;
}

int main(int count, char **words)
{
    strcpy(name, count > 1 ? words[1] : "one");
    if (count > 1)
        return is_right(words[1]) ? 0 : WRONG;
    make("one");
    make("other");
    for (int left = ROUNDS; left; left--) {
        int status;
        pid_t child = vfork();
        if (!child) {
            if (!is_right("one"))
                _exit(WRONG);
            execl(words[0], words[0], "other", NULL);
            _exit(3);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status)
            return 1;
    }
    puts("done");
    return 0;
}
