#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
    char target[4096];
    ssize_t length = readlink("/proc/self/exe", target, sizeof target - 1);
    target[length < 0 ? 0 : length] = 0;
    printf("round %d of %s\n", argc, strrchr(target, '/') + 1);
    fflush(stdout);
    if (argc == 4)
        return 9;
    char *next[] = {argv[0], "x", argc > 1 ? "x" : NULL, argc > 2 ? "x" : NULL, NULL};
    if (vfork() == 0) {
        execv("/proc/self/exe", next);
        _exit(126);
    }
    int status;
    wait(&status);
    return WEXITSTATUS(status);
}
