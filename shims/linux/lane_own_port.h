/* connect(2) to a port of this machine that only the sandbox listens on, where hosts are known by
 * their names: *performed on our copy*, as `connect_own_port` does what succeeds at once.
 *
 * Who listens is asked of the kernel before the connect, and again after it (own_ports.py says why).
 * It has to be a socket that Python has told of, by its cookie, which is never another's. In any
 * other case the connect is taken back, nothing is written down, and the call is left.
 *
 * The kernel is asked which socket it would lead a connection to, as it looks for that itself, and
 * there is one alone as long as no socket of the sandbox's may share its port (SO_REUSEPORT). From
 * then on every socket of the machine that listens is gone through, and all on the port have to be
 * told of. Nobody shares a port before `is_shared` says so: so what it says after a connect holds for
 * that connect.
 *
 * Sources: sock_diag(7), netlink(7), linux/inet_diag.h.
 */
#include <linux/netlink.h>

#define DIAG_FAMILY 4 /* NETLINK_SOCK_DIAG */
#define DIAG_OF_BOTH 18 /* TCPDIAG_GETSOCK: the request for both families at once */
#define DIAG_OF_ONE 20  /* SOCK_DIAG_BY_FAMILY */
#define LOOPBACK_DEVICE 1 /* the number of `lo`, in every network */
#define STATE_SYN_SENT 2
#define STATE_LISTEN 10
#define STATE_CLOSE 7
#define NETWORK_COOKIE 71 /* SO_NETNS_COOKIE */
#define TCP_STATE 11 /* TCP_INFO, whose first byte it is */
#define DIAG_ANSWERS 8192
#define DIAG_ANSWER 1024

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

struct diag_request_of_one {
    struct nlmsghdr head;
    uint8_t family, protocol, extensions, padding;
    uint32_t states;
    struct diag_ends ends;
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

static uint64_t network_of(int copy)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(copy, SOL_SOCKET, NETWORK_COOKIE, &cookie, &size) ? 0 : cookie;
}

static int open_diag(struct places *places)
{
    if (places->diag < 0) {
        places->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, DIAG_FAMILY);
        places->network = places->diag < 0 ? 0 : network_of(places->diag);
    }
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

/* What one answer says of who is reached: 1 for a socket that was told of, 0 for nobody. */
static int is_reached(const uint8_t *bytes, size_t size, const struct allowed *allowed,
                      uint32_t number)
{
    struct nlmsghdr head;
    if (size < sizeof head)
        return ANOTHERS;
    memcpy(&head, bytes, sizeof head);
    if (head.nlmsg_seq != number || head.nlmsg_len > size)
        return ANOTHERS;
    if (head.nlmsg_type == NLMSG_ERROR) {
        int32_t error = 0;
        if (head.nlmsg_len >= sizeof head + sizeof error)
            memcpy(&error, bytes + sizeof head, sizeof error);
        return error == -ENOENT ? 0 : ANOTHERS;
    }
    struct diag_answer answer;
    if (head.nlmsg_type != DIAG_OF_ONE || head.nlmsg_len < sizeof head + sizeof answer)
        return ANOTHERS;
    memcpy(&answer, bytes + sizeof head, sizeof answer);
    const uint64_t cookie = answer.ends.cookie[0] | (uint64_t)answer.ends.cookie[1] << 32;
    return answer.state == STATE_LISTEN && answer.ends.source == allowed->place.port &&
                   is_told_of(allowed, cookie) ? 1 : ANOTHERS;
}

/* Which socket a connection over loopback gets to, from an address and port that nobody has. */
static int ask_who_is_reached(struct places *places, const struct allowed *allowed)
{
    struct diag_request_of_one request = {
        .head = {sizeof request, DIAG_OF_ONE, NLM_F_REQUEST, ++places->number, 0},
        .family = (uint8_t)allowed->place.family, .protocol = IPPROTO_TCP, .states = ~0U,
        .ends = {.source = allowed->place.port, .interface = LOOPBACK_DEVICE,
                 .cookie = {~0U, ~0U}},
    };
    memcpy(request.ends.addresses, allowed->place.bytes, sizeof allowed->place.bytes);
    memcpy(request.ends.addresses + 4, allowed->place.bytes, sizeof allowed->place.bytes);
    _Alignas(8) uint8_t answer[DIAG_ANSWER];
    int found = ANOTHERS;
    if (!open_diag(places))
        return ANOTHERS;
    if (send(places->diag, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        ssize_t size = recv(places->diag, answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
        if (size > 0 && size <= (ssize_t)sizeof answer)
            found = is_reached(answer, (size_t)size, allowed, places->number);
    }
    if (found == ANOTHERS)
        close_diag(places);
    return found;
}

/* Whether the sandbox is reached, 1, or nobody, 0; ANOTHERS when it may be somebody else. */
static int look_who_listens(struct places *places, const struct allowed *allowed)
{
    if (!places->is_shared || __atomic_load_n(places->is_shared, __ATOMIC_SEQ_CST))
        return count_listeners(places, allowed);
    return ask_who_is_reached(places, allowed);
}

static uint8_t state_of(int copy)
{
    uint8_t state = 0;
    socklen_t size = sizeof state;
    return getsockopt(copy, IPPROTO_TCP, TCP_STATE, &state, &size) ? 0 : state;
}

/* Connect the caller's socket, if that is possible at once: 0, or what connect(2) says of it to a
 * socket that does not block. Otherwise -1. */
static int connect_at_once(int copy, int flags, const uint8_t *address, size_t length, int family)
{
    if (!(flags & O_NONBLOCK))
        return connect_now(copy, flags, address, length, family) ? -1 : 0;
    if (!connect(copy, (const struct sockaddr *)address, (socklen_t)length) || errno != EINPROGRESS)
        return -1;
    const uint8_t state = state_of(copy);
    return state && state != STATE_SYN_SENT && state != STATE_CLOSE ? EINPROGRESS : -1;
}

static void take_back(int copy)
{
    const uint8_t nowhere[16] = {AF_UNSPEC};
    connect(copy, (const struct sockaddr *)nowhere, sizeof nowhere);
}

/* Connect the caller's socket. 0 leaves the call, with the socket as it was. */
static int connect_own(struct lane *lane, const struct allowed *allowed, int copy,
                       const uint8_t *address, size_t length, struct decision *decision)
{
    struct places *places = lane->places;
    const int family = allowed->place.family, flags = fcntl(copy, F_GETFL);
    /* Only TCP has such a state, and a socket of another family does not take the address. */
    if (flags < 0 || state_of(copy) != STATE_CLOSE)
        return 0;
    if (!open_diag(places) || !places->network || network_of(copy) != places->network)
        return 0;
    /* A connect that is taken back has reached the server, which sees it twice then. */
    if (lane->journal && !may_note(lane->journal, decision))
        return 0;
    if (look_who_listens(places, allowed) <= 0 || ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    const int error = connect_at_once(copy, flags, address, length, family);
    /* A server for one client may listen no more. */
    if (error >= 0 && look_who_listens(places, allowed) >= 0 &&
        (!lane->journal || note(lane->journal, decision))) {
        if (!respond(lane, 0, -error, 0))
            return 0;
        lane->performed++;
        return 1;
    }
    take_back(copy);
    return 0;
}
