/* Flips the address that is connected to or bound, and the socket that does it.

   Arguments: seconds, a directory to work in, the unix socket of a server outside that sends a
   secret, a directory that may not be written. */

#include "race.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static union {
    struct sockaddr general;
    struct sockaddr_un local;
    struct sockaddr_in inet;
} address;
static struct sockaddr_un locals[2], places[2];
static struct sockaddr_in inets[2];
static int listener, number = -1, swapped[2];
static char forbidden[4096];

static void *flip_local(void *unused)
{
    static const sa_family_t families[] = {AF_UNIX, AF_UNIX, AF_INET, AF_UNIX, AF_UNSPEC};
    for (unsigned turn = 0; !stop; turn++) {
        memcpy(address.local.sun_path, locals[turn % 2].sun_path, sizeof address.local.sun_path);
        address.general.sa_family = families[turn % 5];
    }
    return unused;
}

static void *flip_inet(void *unused)
{
    static const sa_family_t families[] = {AF_INET, AF_INET, AF_UNSPEC, AF_INET, AF_UNIX};
    for (unsigned turn = 0; !stop; turn++) {
        address.inet.sin_addr = inets[turn % 2].sin_addr;
        if (turn % 64 == 0)
            address.general.sa_family = families[turn / 64 % 5];
    }
    return unused;
}

static void *flip_place(void *unused)
{
    for (unsigned turn = 0; !stop; turn++)
        memcpy(&address.local, &places[turn % 2], sizeof places[0]);
    return unused;
}

static void *flip_both(void *unused)
{
    for (unsigned turn = 0; !stop; turn++) {
        dup2(swapped[turn % 2], number);
        if (turn % 3)
            memcpy(&address.local, &locals[turn / 2 % 2], sizeof locals[0]);
        else
            memcpy(&address.inet, &inets[turn / 2 % 2], sizeof inets[0]);
    }
    return unused;
}

/* Did this unix socket reach a server other than ours, which sends nothing? */
static void hear(int fd)
{
    char text[256] = "";
    if (recv(fd, text, sizeof text - 1, 0) > 0)
        win("unix", text);
}

static void meet(void)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
}

static int is_metadata(int fd)
{
    struct sockaddr_in peer = {0};
    socklen_t size = sizeof peer;
    return !getpeername(fd, (struct sockaddr *)&peer, &size) && peer.sin_family == AF_INET &&
           peer.sin_addr.s_addr == inets[1].sin_addr.s_addr;
}

static void connect_local(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int result = connect(fd, &address.general, sizeof address.local);
    count(result);
    meet();
    if (!result)
        hear(fd);
    close(fd);
}

static void connect_inet(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int result = connect(fd, &address.general, sizeof address.inet);
    /* A network without a way there says so: then the kernel was asked. */
    if (result < 0 && (errno == ENETUNREACH || errno == EHOSTUNREACH))
        win("metadata", strerror(errno));
    count(result);
    if (is_metadata(fd))
        win("metadata", "connected");
    close(fd);
}

static void bind_local(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    count(bind(fd, &address.general, sizeof address.local));
    if (!access(forbidden, F_OK))
        win("bind", forbidden);
    unlink(places[0].sun_path);
    close(fd);
}

static void connect_either(void)
{
    swapped[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    swapped[1] = socket(AF_INET, SOCK_DGRAM, 0);
    for (int turn = 0; turn < 16; turn++)
        count(connect(number, &address.general, sizeof address.local));
    char text[256] = "";
    if (recv(swapped[0], text, sizeof text - 1, MSG_DONTWAIT) > 0)
        win("either", text);
    if (is_metadata(swapped[1]))
        win("either", "metadata");
    meet();
    /* The other thread may still copy these numbers: they stay ours, as something harmless. */
    int null = open("/dev/null", O_RDWR);
    close(dup2(null, swapped[0]));
    close(dup2(null, swapped[1]));
    close(null);
}

static int again(const char *name, double seconds, void *(*flip)(void *), void (*once)(void))
{
    stop = 0;
    allowed = refused = 0;
    return race(name, seconds, flip, once);
}

int main(int argc, char **arguments)
{
    if (argc != 5 || chdir(arguments[2]))
        return 2;
    double seconds = atof(arguments[1]) / 4;
    for (int each = 0; each < 2; each++) {
        locals[each].sun_family = places[each].sun_family = AF_UNIX;
        inets[each].sin_family = AF_INET;
        inets[each].sin_port = htons(80);
    }
    strcpy(locals[0].sun_path, "listening");
    strncpy(locals[1].sun_path, arguments[3], sizeof locals[1].sun_path - 1);
    strcpy(places[0].sun_path, "bound");
    snprintf(forbidden, sizeof forbidden, "%s/bound", arguments[4]);
    strncpy(places[1].sun_path, forbidden, sizeof places[1].sun_path - 1);
    inet_pton(AF_INET, "127.0.0.1", &inets[0].sin_addr);
    inet_pton(AF_INET, "169.254.169.254", &inets[1].sin_addr);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&locals[0], sizeof locals[0]) || listen(listener, 64))
        return 3;
    address.local = locals[0];
    if (again("unix", seconds, flip_local, connect_local))
        return 3;
    address.inet = inets[0];
    if (again("metadata", seconds, flip_inet, connect_inet))
        return 3;
    if (again("bind", seconds, flip_place, bind_local))
        return 3;
    number = dup(listener);
    swapped[0] = swapped[1] = listener;
    return again("either", seconds, flip_both, connect_either);
}
