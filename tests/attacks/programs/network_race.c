/* Flips where a TCP socket is to connect or to listen, or which socket it is, while it does.

   Arguments: what to race, seconds, a directory to work in, a port that a denied server has on
   127.0.0.1 and an allowed one on 127.0.0.9, the unix socket of a server outside that sends a
   secret, the name of a host that the allowed one is, the name of one that refuses connections. */

#include "race.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef union {
    struct sockaddr general;
    struct sockaddr_un local;
    struct sockaddr_in inet;
    struct sockaddr_in6 inet6;
} place;

static place address, allowed_inet, denied_inet, allowed_inet6, denied_inet6, free_inet, foreign_inet, every_inet,
    ours, theirs, reached, refusing;
static int listener, number = -1, swapped[3], raced = -1;
static const sa_family_t unspecified[8];

/* Nothing that is written before stays in a register. */
#define WRITTEN() __asm__ volatile("" ::: "memory")

static void *flip_address(void *unused)
{
    static const sa_family_t families[] = {AF_INET, AF_UNSPEC, AF_INET, AF_UNIX, AF_INET, AF_INET6};
    for (unsigned turn = 0; !stop; turn++) {
        address.inet.sin_addr = (turn % 2 ? denied_inet : allowed_inet).inet.sin_addr;
        if (turn % 16 == 0)
            address.general.sa_family = families[turn / 16 % 6];
        WRITTEN();
    }
    return unused;
}

static void *flip_address6(void *unused)
{
    static const sa_family_t families[] = {AF_INET6, AF_UNSPEC, AF_INET6, AF_INET};
    for (unsigned turn = 0; !stop; turn++) {
        address.inet6.sin6_addr = (turn % 2 ? denied_inet6 : allowed_inet6).inet6.sin6_addr;
        if (turn % 16 == 0)
            address.general.sa_family = families[turn / 16 % 4];
        WRITTEN();
    }
    return unused;
}

static void *flip_whole(void *unused)
{
    const place *const places[] = {&ours, &denied_inet, &allowed_inet, &theirs};
    for (unsigned turn = 0; !stop; turn++) {
        memcpy(&address, places[turn % 4], sizeof address.local);
        WRITTEN();
    }
    return unused;
}

static void *flip_both(void *unused)
{
    const place *const places[] = {&ours, &denied_inet, &allowed_inet, &theirs, &denied_inet6};
    for (unsigned turn = 0; !stop; turn++) {
        dup2(swapped[turn % 3], number);
        memcpy(&address, places[turn / 2 % 5], sizeof address.local);
    }
    return unused;
}

static void *flip_bound(void *unused)
{
    for (unsigned turn = 0; !stop; turn++) {
        const place *const places[] = {&allowed_inet, &foreign_inet, &every_inet, &foreign_inet};
        address.inet.sin_addr = places[turn % 4]->inet.sin_addr;
        WRITTEN();
    }
    return unused;
}

static void *flip_share(void *unused)
{
    for (int on = 0; !stop; on = !on)
        setsockopt(raced, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    return unused;
}

static void *flip_attempt(void *unused)
{
    while (!stop) {
        connect(raced, &refusing.general, sizeof refusing.inet);
        connect(raced, (const struct sockaddr *)unspecified, sizeof unspecified);
    }
    return unused;
}

static void *flip_other(void *unused)
{
    while (!stop) {
        connect(raced, (const struct sockaddr *)unspecified, sizeof unspecified);
        connect(raced, &denied_inet.general, sizeof denied_inet.inet);
    }
    return unused;
}

/* Is this address of the server that is denied? */
static int is_denied(int fd)
{
    place peer;
    socklen_t size = sizeof peer;
    memset(&peer, 0, sizeof peer);
    if (getpeername(fd, &peer.general, &size))
        return 0;
    if (peer.general.sa_family == AF_INET6)
        return !memcmp(&peer.inet6.sin6_addr, &denied_inet6.inet6.sin6_addr, 16);
    return peer.general.sa_family == AF_INET &&
           peer.inet.sin_addr.s_addr == denied_inet.inet.sin_addr.s_addr;
}

static int is_at(int fd, const place *where)
{
    place here;
    socklen_t size = sizeof here;
    memset(&here, 0, sizeof here);
    return !getsockname(fd, &here.general, &size) && here.inet.sin_port &&
           here.inet.sin_addr.s_addr == where->inet.sin_addr.s_addr;
}

/* Does it get what arrives at the loopback device, and nothing else? */
static int is_tied(int fd)
{
    char name[16] = "";
    socklen_t size = sizeof name;
    return !getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &size) && !strcmp(name, "lo");
}

/* Without the state in which a port waits after a connection: there are only so many. */
static void abandon(int fd)
{
    struct linger none = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static void meet(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
}

static void check(const char *name, int fd)
{
    char text[64] = "";
    if (is_denied(fd))
        win(name, "connected");
    if (recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0 && strstr(text, "secret"))
        win(name, text);
}

static void connect_one(const char *name, int family, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM, 0);
    count(connect(fd, &address.general, size));
    check(name, fd);
    abandon(fd);
    meet();
}

static void connect_address(void)
{
    connect_one("address", AF_INET, sizeof address.inet);
}

static void connect_address6(void)
{
    connect_one("address6", AF_INET6, sizeof address.inet6);
}

static void connect_whole(void)
{
    static int turn;
    connect_one("whole", turn++ % 2 ? AF_INET : AF_UNIX, sizeof address.local);
}

static void connect_either(void)
{
    swapped[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    swapped[1] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    swapped[2] = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
    for (int turn = 0; turn < 16; turn++) {
        int result = connect(number, &address.general, sizeof address.local);
        count(result < 0 && errno == EINPROGRESS ? 0 : result);
    }
    /* The other thread may still copy these numbers: they stay ours, as something harmless. */
    int null = open("/dev/null", O_RDWR);
    for (int each = 0; each < 3; each++) {
        struct linger none = {1, 0};
        check("either", swapped[each]);
        setsockopt(swapped[each], SOL_SOCKET, SO_LINGER, &none, sizeof none);
        dup2(null, swapped[each]);
        close(swapped[each]);
    }
    close(null);
    meet();
}

static void bind_one(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    /* For the kernel it may then be any address: ip(7). */
    setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
    count(bind(fd, &address.general, sizeof address.inet));
    if (is_at(fd, &foreign_inet))
        win("bound", "to an address that others reach");
    close(fd);
}

/* A server of ours, which is ours to have. */
static int serve(int fd, const place *where)
{
    raced = fd;
    return bind(fd, &where->general, sizeof where->inet) || listen(fd, 8);
}

static void share_one(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), own = socket(AF_INET, SOCK_STREAM, 0);
    if (serve(fd, &denied_inet))
        refused++;
    else
        win("share", "listens beside it");
    count(serve(own, &free_inet));
    close(fd);
    close(own);
}

static void listen_one(void)
{
    int fd = raced, result = listen(fd, 8), on = 0, own = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof on;
    count(result);
    if (!result && !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) && on &&
        is_at(fd, &every_inet) && !is_tied(fd))
        win("listen", "to other machines");
    count(bind(own, &free_inet.general, sizeof free_inet.inet) || listen(own, 8) ? -1 : 0);
    close(own);
}

static void connect_other(void)
{
    int fd = raced;
    int result = connect(fd, &reached.general, sizeof reached.inet);
    count(result);
    check("other", fd);
}

static place inet(const char *host, int port)
{
    place made;
    memset(&made, 0, sizeof made);
    made.inet.sin_family = AF_INET;
    made.inet.sin_port = htons(port);
    inet_pton(AF_INET, host, &made.inet.sin_addr);
    return made;
}

static place host(const char *name, int port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    place made;
    memset(&made, 0, sizeof made);
    if (getaddrinfo(name, NULL, &hints, &found))
        exit(4);
    memcpy(&made.inet, found->ai_addr, sizeof made.inet);
    made.inet.sin_port = htons(port);
    return made;
}

static place inet6(const char *host, int port)
{
    place made;
    memset(&made, 0, sizeof made);
    made.inet6.sin6_family = AF_INET6;
    made.inet6.sin6_port = htons(port);
    inet_pton(AF_INET6, host, &made.inet6.sin6_addr);
    return made;
}

static place local(const char *path)
{
    place made;
    memset(&made, 0, sizeof made);
    made.local.sun_family = AF_UNIX;
    strncpy(made.local.sun_path, path, sizeof made.local.sun_path - 1);
    return made;
}

int main(int argc, char **arguments)
{
    if (argc != 8 || chdir(arguments[3]))
        return 2;
    const char *what = arguments[1];
    double seconds = atof(arguments[2]);
    int port = atoi(arguments[4]);
    allowed_inet = inet("127.0.0.9", port);
    denied_inet = inet("127.0.0.1", port);
    allowed_inet6 = inet6("::ffff:127.0.0.9", port);
    denied_inet6 = inet6("::ffff:127.0.0.1", port);
    free_inet = inet("127.0.0.77", 0);
    foreign_inet = inet("203.0.113.7", 0);
    every_inet = inet("0.0.0.0", 0);
    reached = host(arguments[6], port);
    refusing = host(arguments[7], 443);
    ours = local(what);
    theirs = local(arguments[5]);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, &ours.general, sizeof ours.local) || listen(listener, 64))
        return 3;
    address = allowed_inet;
    if (!strcmp(what, "address"))
        return race(what, seconds, flip_address, connect_address);
    if (!strcmp(what, "address6")) {
        address = allowed_inet6;
        return race(what, seconds, flip_address6, connect_address6);
    }
    if (!strcmp(what, "whole"))
        return race(what, seconds, flip_whole, connect_whole);
    if (!strcmp(what, "bound")) {
        address.inet.sin_port = 0;
        return race(what, seconds, flip_bound, bind_one);
    }
    if (!strcmp(what, "share"))
        return race(what, seconds, flip_share, share_one);
    if (!strcmp(what, "either")) {
        number = dup(listener);
        swapped[0] = swapped[1] = swapped[2] = listener;
        return race(what, seconds, flip_both, connect_either);
    }
    raced = socket(AF_INET, SOCK_STREAM, 0);
    if (!strcmp(what, "listen"))
        return race(what, seconds, flip_attempt, listen_one);
    if (!strcmp(what, "other"))
        return race(what, seconds, flip_other, connect_other);
    return 2;
}
