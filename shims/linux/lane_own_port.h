/* connect(2) to a port of this machine that only the sandbox listens on, where hosts are known by
 * their names: *performed on our copy*, as `connect_own_port` does what succeeds at once.
 *
 * Who listens is asked of the kernel before the connect, and again after it (own_ports.py says why).
 * All of them have to be sockets that Python has told of, by cookies, which are never another's. In
 * any other case the connect is taken back, nothing is written down, and the call is left.
 *
 * Sources: sock_diag(7), netlink(7), linux/inet_diag.h.
 */
#include <linux/netlink.h>

#define DIAG_FAMILY 4 /* NETLINK_SOCK_DIAG */
#define DIAG_OF_BOTH 18 /* TCPDIAG_GETSOCK: the request for both families at once */
#define STATE_LISTEN 10
#define STATE_CLOSE 7
#define NETWORK_COOKIE 71 /* SO_NETNS_COOKIE */
#define TCP_STATE 11 /* TCP_INFO, whose first byte it is */
#define DIAG_ANSWERS 8192

struct diag_ends {
    uint16_t source, destination; /* ports, as they are in an address */
    uint32_t addresses[8];
    uint32_t interface;
    uint32_t cookie[2];
};

struct diag_request {
    struct nlmsghdr head;
    uint8_t family, source_bits, destination_bits, extensions;
    struct diag_ends ends;
    uint32_t states, tables;
};

struct diag_answer {
    uint8_t family, state, timer, retransmissions;
    struct diag_ends ends;
};

static void close_diag(struct places *places)
{
    if (places->diag >= 0)
        close(places->diag);
    places->diag = -1;
}

static int open_diag(struct places *places)
{
    if (places->diag < 0)
        places->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, DIAG_FAMILY);
    return places->diag >= 0;
}

static int is_told_of(const struct allowed *allowed, uint64_t cookie)
{
    for (uint32_t i = 0; i < allowed->listeners && i < LISTENERS; i++)
        if (allowed->cookies[i] == cookie)
            return 1;
    return 0;
}

enum { ANOTHERS = -1 };

/* How many sockets a batch of answers has that listen on the port; ANOTHERS when one is not told
 * of, or is not understood. `is_last` says that there are no more. */
static int listeners_in(const uint8_t *batch, size_t size, const struct allowed *allowed,
                        uint32_t number, int *is_last)
{
    int count = 0;
    size_t at = 0;
    while (at + sizeof(struct nlmsghdr) <= size) {
        struct nlmsghdr head;
        memcpy(&head, batch + at, sizeof head);
        if (head.nlmsg_seq != number || head.nlmsg_len < sizeof head ||
            head.nlmsg_len > size - at || head.nlmsg_flags & NLM_F_DUMP_INTR)
            return ANOTHERS;
        if (head.nlmsg_type == NLMSG_DONE) {
            int32_t error = 0;
            if (head.nlmsg_len >= sizeof head + sizeof error)
                memcpy(&error, batch + at + sizeof head, sizeof error);
            *is_last = 1;
            return error ? ANOTHERS : count;
        }
        struct diag_answer answer;
        if (head.nlmsg_type != DIAG_OF_BOTH || head.nlmsg_len < sizeof head + sizeof answer)
            return ANOTHERS;
        memcpy(&answer, batch + at + sizeof head, sizeof answer);
        if (answer.ends.source == allowed->place.port) {
            uint64_t cookie = answer.ends.cookie[0] | (uint64_t)answer.ends.cookie[1] << 32;
            if (answer.state != STATE_LISTEN || !is_told_of(allowed, cookie))
                return ANOTHERS;
            count++;
        }
        at += (head.nlmsg_len + 3U) & ~3U;
    }
    return count;
}

/* How many sockets listen on the port, on whichever address; ANOTHERS when it is not certain that
 * all of them were told of: so also when they come in more than one batch. */
static int count_listeners(struct places *places, const struct allowed *allowed)
{
    struct diag_request request = {
        .head = {sizeof request, DIAG_OF_BOTH, NLM_F_REQUEST | NLM_F_DUMP, ++places->number, 0},
        .ends = {.source = allowed->place.port, .cookie = {~0U, ~0U}},
        .states = 1U << STATE_LISTEN,
    };
    _Alignas(8) uint8_t batch[DIAG_ANSWERS];
    if (!open_diag(places))
        return ANOTHERS;
    int count = ANOTHERS, is_last = 0;
    if (send(places->diag, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        for (int batches = 0; batches < 2 && !is_last; batches++) {
            ssize_t size = recv(places->diag, batch, sizeof batch, MSG_DONTWAIT | MSG_TRUNC);
            if (size <= 0 || size > (ssize_t)sizeof batch)
                break;
            int found = listeners_in(batch, (size_t)size, allowed, places->number, &is_last);
            if (found < 0 || (batches && found)) {
                is_last = 0;
                break;
            }
            count = batches ? count : found;
        }
    }
    if (is_last)
        return count;
    close_diag(places); /* what is left of the answers is not taken for the next ones */
    return ANOTHERS;
}

static uint64_t network_of(int copy)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(copy, SOL_SOCKET, NETWORK_COOKIE, &cookie, &size) ? 0 : cookie;
}

static int is_unconnected(int copy)
{
    uint8_t state = 0;
    socklen_t size = sizeof state;
    return !getsockopt(copy, IPPROTO_TCP, TCP_STATE, &state, &size) && state == STATE_CLOSE;
}

/* Connect the caller's socket, which blocks. 0 leaves the call, with the socket as it was. */
static int connect_own(struct lane *lane, const struct allowed *allowed, int copy,
                       const uint8_t *address, size_t length, struct decision *decision)
{
    struct places *places = lane->places;
    const int family = allowed->place.family, flags = fcntl(copy, F_GETFL);
    if (flags < 0 || flags & O_NONBLOCK || option(copy, SO_PROTOCOL) != IPPROTO_TCP ||
        option(copy, SO_DOMAIN) != family || !is_unconnected(copy))
        return 0;
    if (!open_diag(places) || !network_of(copy) || network_of(copy) != network_of(places->diag))
        return 0;
    if (count_listeners(places, allowed) <= 0 || ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    const int error = connect_now(copy, flags, address, length, family);
    /* A server for one client may listen no more. */
    if (!error && count_listeners(places, allowed) >= 0 &&
        (!lane->journal || note(lane->journal, decision))) {
        if (!respond(lane, 0, 0, 0))
            return 0;
        lane->performed++;
        return 1;
    }
    const uint8_t nowhere[16] = {AF_UNSPEC};
    connect(copy, (const struct sockaddr *)nowhere, sizeof nowhere);
    return 0;
}
