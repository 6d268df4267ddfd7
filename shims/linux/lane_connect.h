/* connect(2) to an IP address that the policy allows outright: *performed on our copy*, of the
 * address and of the socket, as `_connect` in sockets.py does.
 *
 * Which addresses those are Python tells one by one, each after the policy has been asked about it,
 * and all are forgotten with the table. Where there is a network of names they are ports of this
 * machine: that the policy opens, or that are the sandbox's own (lane_own_port.h). What has to wait
 * for a peer is left to Python, and so is every socket but one of TCP.
 *
 * Sources: connect(2), pidfd_getfd(2), ip(7), ipv6(7), tcp(7).
 */
#define MAX_ADDRESS 128
#define ADDRESSES 16
#define MAX_REQUEST 160
#define MAX_ABOUT 64
#define MAX_SOURCE 256
#define LISTENERS 4
#define THREAD 0200 /* PIDFD_THREAD of pidfd_open(2) */

struct place {
    uint16_t family, port; /* the port as it is in an address; no family: none */
    uint8_t bytes[16];
};

/* A place that is allowed; how an audit tells of it, as msgpack. */
struct allowed {
    struct place place;
    uint32_t listeners; /* of a port of the sandbox's own: how many listen there; 0 for any other */
    uint64_t cookies[LISTENERS];
    uint32_t request_length, about_length, origin_length;
    uint8_t request[MAX_REQUEST], origin[MAX_SOURCE];
    char about[MAX_ABOUT];
};

struct places {
    struct place asked; /* of the last call: allowed or not, it is not among these */
    uint32_t next;
    int32_t pidfd;
    uint32_t tid;      /* of the thread that it refers to */
    uint32_t is_begun; /* the last call's connect was told of, and goes on */
    int32_t diag;      /* where who listens is asked; -1: not yet */
    uint32_t number;   /* of the last question there */
    uint64_t network;  /* that it is asked about */
    const uint32_t *is_shared; /* not 0 once a socket of the sandbox may share its port */
    struct name_server *names; /* where those are led to who look up a name, or NULL */
    struct allowed allowed[ADDRESSES];
};

static void forget_thread(struct places *places)
{
    if (places->pidfd >= 0)
        close(places->pidfd);
    places->pidfd = -1;
}

/* Our copy of the caller's open socket. The pidfd is kept: it is of no later thread with its
 * number, and fails once its own is gone. */
static int copy_socket(struct lane *lane, int number)
{
    struct places *places = lane->places;
    const uint32_t tid = lane->call.tid;
    if (places->pidfd >= 0 && places->tid == tid) {
        int copy = (int)syscall(SYS_pidfd_getfd, places->pidfd, number, 0);
        if (copy >= 0 || errno != ESRCH)
            return copy;
    }
    forget_thread(places);
    places->pidfd = (int)syscall(SYS_pidfd_open, tid, THREAD);
    places->tid = tid;
    return places->pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, places->pidfd, number, 0);
}

static int option(int copy, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(copy, SOL_SOCKET, name, &value, &size) ? -1 : value;
}

/* Which place the address means for a socket of its family; 0 where that is not plain. */
static int place_of(const uint8_t *address, size_t length, struct place *place)
{
    memset(place, 0, sizeof *place);
    memcpy(&place->family, address, sizeof place->family);
    const int is_4 = place->family == AF_INET;
    if (length < (is_4 ? 16U : 28U) || (!is_4 && place->family != AF_INET6))
        return 0;
    memcpy(&place->port, address + 2, sizeof place->port);
    memcpy(place->bytes, address + (is_4 ? 4 : 8), is_4 ? 4 : 16);
    return 1;
}

static const struct allowed *find(const struct places *places, const struct place *place)
{
    for (int i = 0; i < ADDRESSES; i++)
        if (!memcmp(&places->allowed[i].place, place, sizeof *place))
            return &places->allowed[i];
    return NULL;
}

static int is_loopback(const struct place *place)
{
    static const uint8_t last[16] = {[15] = 1};
    return place->family == AF_INET ? place->bytes[0] == 127 : !memcmp(place->bytes, last, 16);
}

/* Start to connect a socket that blocks, as `start_connect` in connecting.py: 0 once it is
 * connected, EALREADY when that takes time, or why it failed. A peer on this machine has answered
 * by then, and a second connect(2) hears of that, whatever address it names. */
static int connect_now(int copy, int flags, const uint8_t *address, size_t length, int family)
{
    uint8_t nowhere[28] = {0};
    const socklen_t size = family == AF_INET ? 16 : 28;
    const uint16_t kind = (uint16_t)family;
    memcpy(nowhere, &kind, sizeof kind);
    nowhere[family == AF_INET ? 4 : 8] = family == AF_INET ? 127 : 0;
    nowhere[family == AF_INET ? 7 : 23] = 1;
    if (fcntl(copy, F_SETFL, flags | O_NONBLOCK))
        return errno;
    int error = connect(copy, (const struct sockaddr *)address, (socklen_t)length) ? errno : 0;
    const int is_second = error == EINPROGRESS || error == EALREADY;
    if (is_second)
        error = connect(copy, (const struct sockaddr *)nowhere, size) ? errno : 0;
    error = error == EISCONN && is_second ? 0 : error;
    fcntl(copy, F_SETFL, flags);
    return error;
}

#include "lane_own_port.h"
#include "lane_name_server.h"

static int connect_copy(struct lane *lane, const struct allowed *allowed, int copy,
                        const uint8_t *address, size_t length, struct decision *decision)
{
    const int family = allowed->place.family, flags = fcntl(copy, F_GETFL);
    /* What is TCP is a stream. An O_PATH descriptor has no options. */
    if (flags < 0 || option(copy, SO_PROTOCOL) != IPPROTO_TCP || option(copy, SO_DOMAIN) != family)
        return 0;
    const int waits = !(flags & O_NONBLOCK);
    if (waits && !is_loopback(&allowed->place))
        return 0;
    if (ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    if (lane->journal && !note(lane->journal, decision))
        return 0;
    int error;
    if (waits)
        error = connect_now(copy, flags, address, length, family);
    else
        error = connect(copy, (const struct sockaddr *)address, (socklen_t)length) ? errno : 0;
    if (waits && error == EALREADY) {
        lane->places->is_begun = 1; /* Python waits for its end */
        return 0;
    }
    if (!respond(lane, 0, -error, 0))
        return 0;
    lane->performed++;
    return 1;
}

static int serve_connect(struct lane *lane, int32_t number, uint64_t pointer, int32_t length)
{
    uint8_t address[MAX_ADDRESS];
    struct place place;
    struct places *places = lane->places;
    if (!places || !(lane->options & (CONNECTS | CONNECTS_OWN)) || number < 0 || length < 16 ||
        length > MAX_ADDRESS ||
        read_memory(lane, pointer, address, (size_t)length) != length ||
        !place_of(address, (size_t)length, &place))
        return 0;
    const int is_look_up = is_name_server(lane, &place);
    const struct allowed *allowed = find(places, &place);
    if (!allowed && !is_look_up) {
        places->asked = place;
        return 0;
    }
    if (allowed && allowed->listeners && !(lane->options & CONNECTS_OWN))
        return 0;
    int copy = copy_socket(lane, number);
    if (copy < 0)
        return 0;
    if (is_look_up) {
        int answered = connect_name_server(lane, copy);
        close(copy);
        return answered;
    }
    struct decision decision = {
        .tid = lane->call.tid, .kind = CONNECTED,
        .path = allowed->about, .length = allowed->about_length,
        .request = allowed->request, .request_length = allowed->request_length,
        .origin = allowed->origin, .origin_length = allowed->origin_length,
    };
    int answered = (allowed->listeners ? connect_own : connect_copy)(
        lane, allowed, copy, address, (size_t)length, &decision);
    close(copy);
    return answered;
}

/* For Python: from now on this place is allowed. 0 where it cannot be told of. */
EXPORTED int nono_lane_allow_place(struct places *places, const struct allowed *allowed)
{
    if (allowed->request_length > MAX_REQUEST || allowed->about_length > MAX_ABOUT ||
        allowed->origin_length > MAX_SOURCE || !allowed->place.family ||
        allowed->listeners > LISTENERS)
        return 0;
    places->allowed[places->next++ % ADDRESSES] = *allowed;
    return 1;
}

EXPORTED void nono_lane_forget_places(struct places *places)
{
    memset(places->allowed, 0, sizeof places->allowed);
    memset(&places->asked, 0, sizeof places->asked);
}
