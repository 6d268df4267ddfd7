/* fetch libc|own HOST PORT: prints a page's body. HOST is looked up by libc, or by a query of
   its own over TCP to the first server of /etc/resolv.conf, as resolv.conf(5) describes it. */

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static int connect_to(struct in_addr address, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        fail("socket");
    if (connect(fd, (struct sockaddr *)&to, sizeof to))
        fail("connect");
    return fd;
}

static size_t read_all(int fd, char *into, size_t size)
{
    size_t have = 0;
    ssize_t count;

    while (have < size && (count = read(fd, into + have, size - have)) > 0)
        have += count;
    return have;
}

static struct in_addr by_libc(const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error) {
        printf("getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    return ((struct sockaddr_in *)found->ai_addr)->sin_addr;
}

static struct in_addr name_server(void)
{
    char line[256], text[64];
    struct in_addr address;
    FILE *file = fopen("/etc/resolv.conf", "r");

    if (!file)
        fail("/etc/resolv.conf");
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "nameserver %63s", text) == 1 && inet_aton(text, &address)) {
            fclose(file);
            return address;
        }
    errno = ENOENT;
    fail("nameserver");
    return address;
}

/* RFC 1035 section 4.1: a header, one question; the answer's last four bytes are the address. */
static struct in_addr by_own_query(const char *host)
{
    unsigned char query[300] = {0, 0, 7, 7, 1, 0, 0, 1}, answer[512];
    unsigned char *end = query + 14;
    struct in_addr found;
    size_t length;
    int fd;

    while (*host) {
        size_t label = strcspn(host, ".");
        *end++ = label;
        memcpy(end, host, label);
        end += label;
        host += label + (host[label] == '.');
    }
    memcpy(end, "\0\0\1\0\1", 5);
    end += 5;
    query[1] = end - query - 2;
    fd = connect_to(name_server(), 53);
    if (write(fd, query, end - query) != end - query || read_all(fd, (char *)answer, 2) != 2)
        fail("query");
    length = answer[0] << 8 | answer[1];
    if (length < 28 || length > sizeof answer || read_all(fd, (char *)answer, length) != length)
        fail("answer");
    if (answer[7] != 1) {
        printf("%d addresses\n", answer[7]);
        exit(1);
    }
    /* An OPT record would follow the address, but the query had none. */
    memcpy(&found, answer + length - 4, 4);
    close(fd);
    return found;
}

int main(int argc, char **argv)
{
    char request[512], page[4096], *body;
    const char *host = argv[2];
    int fd;

    fd = connect_to(strcmp(argv[1], "own") ? by_libc(host) : by_own_query(host), atoi(argv[3]));
    snprintf(request, sizeof request, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", host);
    if (write(fd, request, strlen(request)) < 0)
        fail("write");
    page[read_all(fd, page, sizeof page - 1)] = 0;
    body = strstr(page, "\r\n\r\n");
    puts(body ? body + 4 : "no answer");
    return 0;
}
