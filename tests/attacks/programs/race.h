/* What the races share: one thread flips something for as long as another one makes the same call
   again and again. At the end one line: how often it was allowed, refused, and won. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int stop;
static unsigned long allowed, refused, wins;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void win(const char *name, const char *evidence)
{
    if (wins++ < 3)
        printf("%s won %lu\tWON %s\n", name, wins, evidence);
}

static void count(long result)
{
    if (result < 0)
        refused++;
    else
        allowed++;
}

static __attribute__((unused)) ino_t inode_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        exit(3);
    return status.st_ino;
}

#define PATIENCE 30

/* Make the calls of `once` until the time is over, while `flip` runs in a thread of its own. On a
   busy machine it goes on until each has had its turn, for so many seconds at the most. */
static int race(const char *name, double seconds, void *(*flip)(void *), void (*once)(void))
{
    pthread_t thread;
    double end = now() + seconds;
    if (pthread_create(&thread, NULL, flip, NULL))
        return 3;
    while (now() < end || ((!allowed || !refused) && now() < end + PATIENCE))
        once();
    stop = 1;
    pthread_join(thread, NULL);
    printf("%s\tallowed %lu refused %lu wins %lu\n", name, allowed, refused, wins);
    return 0;
}
