/* The program whose calls are timed. It runs inside every rung, unchanged.
 *
 * A request is one line of words separated by tabs: operation, count, arguments.
 * The answer is that many durations in nanoseconds, as 64-bit integers in the
 * machine's byte order. What does not do as it should ends the program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 32, LINE = 4096, MOST = 100000, BLOCK = 64 };

static char **arguments;
static int file = -1, null = -1;
static int pair[2];
static struct sockaddr_in address;
static int listening = -1, client = -1;
static char block[BLOCK];

static void fail(const char *what)
{
    fprintf(stderr, "timer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void need(int holds, const char *what)
{
    if (!holds)
        fail(what);
}

static void nothing(void) {}

static void open_and_close(void)
{
    int fd = open(arguments[0], O_RDONLY | O_CLOEXEC);
    need(fd >= 0, arguments[0]);
    close(fd);
}

static void open_refused(void)
{
    int fd = open(arguments[0], O_RDONLY | O_CLOEXEC);
    need(fd < 0 && (errno == EACCES || errno == EPERM), arguments[0]);
}

static void stat_file(void)
{
    struct stat result;
    need(stat(arguments[0], &result) == 0, arguments[0]);
}

static void begin_file(void)
{
    file = open(arguments[0], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    need(file >= 0, arguments[0]);
    need(pwrite(file, block, BLOCK, 0) == BLOCK, "write");
}

static void end_file(void) { close(file); }
static void read_block(void) { need(pread(file, block, BLOCK, 0) == BLOCK, "read"); }
static void write_block(void) { need(pwrite(file, block, BLOCK, 0) == BLOCK, "write"); }

static void begin_pair(void)
{
    need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair");
}

static void end_pair(void)
{
    close(pair[0]);
    close(pair[1]);
}

static void send_and_receive(void)
{
    need(send(pair[0], block, BLOCK, 0) == BLOCK, "send");
    need(recv(pair[1], block, BLOCK, 0) == BLOCK, "recv");
}

static void wait_for(pid_t child)
{
    int status;
    need(child > 0, "fork");
    need(waitpid(child, &status, 0) == child, "waitpid");
    need(status == 0, "a child's exit status");
}

static void fork_and_wait(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    wait_for(child);
}

static void begin_run(void)
{
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    need(null >= 0, "/dev/null");
}

static void end_run(void) { close(null); }

static void run_program(void)
{
    pid_t child = fork();
    if (child == 0) {
        dup2(null, 1);
        execv(arguments[0], arguments);
        _exit(127);
    }
    wait_for(child);
}

/* A socket closed with a linger time of 0 leaves no TIME_WAIT behind. */
static int new_socket(void)
{
    struct linger none = {1, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    return fd;
}

static void begin_connect(void)
{
    socklen_t size = sizeof address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listening = new_socket();
    need(bind(listening, (struct sockaddr *)&address, size) == 0, "bind");
    need(listen(listening, 8) == 0, "listen");
    need(getsockname(listening, (struct sockaddr *)&address, &size) == 0, "getsockname");
    client = new_socket();
}

static void connect_client(void)
{
    need(connect(client, (struct sockaddr *)&address, sizeof address) == 0, "connect");
}

static void after_connect(void)
{
    int server = accept(listening, NULL, NULL);
    need(server >= 0, "accept");
    close(client);
    close(server);
    client = new_socket();
}

static void end_connect(void)
{
    close(client);
    close(listening);
}

static void look_up(void)
{
    static const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    errno = EHOSTUNREACH;
    need(getaddrinfo(arguments[0], NULL, &hints, &found) == 0, "getaddrinfo");
    freeaddrinfo(found);
}

static const struct operation {
    const char *name;
    void (*begin)(void), (*timed)(void), (*after)(void), (*end)(void);
} operations[] = {
    {"clock", nothing, nothing, nothing, nothing},
    {"open", nothing, open_and_close, nothing, nothing},
    {"refused", nothing, open_refused, nothing, nothing},
    {"stat", nothing, stat_file, nothing, nothing},
    {"read", begin_file, read_block, nothing, end_file},
    {"write", begin_file, write_block, nothing, end_file},
    {"exchange", begin_pair, send_and_receive, nothing, end_pair},
    {"connect", begin_connect, connect_client, after_connect, end_connect},
    {"lookup", nothing, look_up, nothing, nothing},
    {"fork", nothing, fork_and_wait, nothing, nothing},
    {"run", begin_run, run_program, nothing, end_run},
};

static const struct operation *find(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    errno = EINVAL;
    fail(name);
    return NULL;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A tenth of the calls comes first and is not counted: caches fill, the processor wakes up. */
static void measure(const struct operation *operation, int count)
{
    static uint64_t samples[MOST];
    operation->begin();
    for (int i = -(count / 10); i < count; i++) {
        uint64_t start = now();
        operation->timed();
        uint64_t end = now();
        operation->after();
        if (i >= 0)
            samples[i] = end - start;
    }
    operation->end();
    need(fwrite(samples, sizeof *samples, (size_t)count, stdout) == (size_t)count, "answer");
    need(fflush(stdout) == 0, "answer");
}

int main(void)
{
    static char line[LINE];
    while (fgets(line, LINE, stdin)) {
        char *words[WORDS + 1] = {0};
        int length = 0;
        line[strcspn(line, "\n")] = 0;
        for (char *word = strtok(line, "\t"); word && length < WORDS; word = strtok(NULL, "\t"))
            words[length++] = word;
        int count = length > 1 ? atoi(words[1]) : 0;
        errno = EINVAL;
        need(count > 0 && count <= MOST, "count");
        arguments = words + 2;
        measure(find(words[0]), count);
    }
    return 0;
}
