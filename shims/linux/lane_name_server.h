/* Looking up names, where hosts are known by theirs.
 *
 * connect(2) to the name server that programs are told of, 127.0.0.1 port 53, is *performed on our
 * copy*, to a socket of nono's, as `_connect` in sockets.py does. What is asked then is answered by
 * this very thread as far as Python has told how (known_names.py), so that whoever asks waits for
 * no other thread. No rule speaks of it, and no audit tells of it.
 *
 * The socket listens for the lane alone, which expects nobody but whom it connects just then; who
 * else is there is closed. What is not known (lane_questions.h) is Python's.
 *
 * Sources: accept(2), poll(2), RFC 7766.
 */
#define NAME_SERVER 53
#define HOSTS_FILE "/etc/hosts"
#define CLIENTS 16
#define STRANGERS 8      /* that are closed for one client */
#define PATIENCE 256     /* calls that a silent client stays for */
#define MAX_QUESTION 512 /* bytes; a longer one is Python's */
#define REPLIES 4096
#define KNOWN_QUESTIONS 64
#define MAX_KNOWN_QUESTION 128
#define MAX_KNOWN_REPLY 192
#define LENGTH 2 /* before each message */
#define ID 2     /* its number, which alone differs */

struct name_client {
    int32_t socket;
    uint32_t size; /* of what it has said and got no answer to */
    uint8_t bytes[LENGTH + MAX_QUESTION];
};

struct known_question {
    uint32_t length, reply_length; /* without their numbers */
    uint8_t question[MAX_KNOWN_QUESTION], reply[MAX_KNOWN_REPLY];
};

struct name_server {
    int32_t listener; /* -1: none */
    uint32_t port;      /* 0: nobody is taken, as Python has no room for one of its own */
    uint32_t count;     /* of the clients */
    uint32_t asks;      /* the client whose question is Python's, counted from 1; 0: none */
    uint32_t calls;     /* how many were received since a client was heard */
    uint32_t was_heard; /* a client was; if a call waits, it is the next */
    uint64_t hosts[4];  /* time, size, inode and device of the file */
    struct name_client clients[CLIENTS];
    struct known_question known[KNOWN_QUESTIONS];
};

static int is_name_server(const struct lane *lane, const struct place *place)
{
    static const uint8_t address[16] = {127, 0, 0, 1};
    return lane->options & CONNECTS_OWN && lane->places->names && place->family == AF_INET &&
           place->port == htons(NAME_SERVER) && !memcmp(place->bytes, address, sizeof address);
}

/* The other end of `copy`, which was connected to us just now. */
static int accept_peer_of(const struct name_server *server, int copy)
{
    struct sockaddr_in here, there;
    socklen_t size = sizeof here;
    if (getsockname(copy, (struct sockaddr *)&here, &size) || here.sin_family != AF_INET)
        return -1;
    for (int seen = 0; seen < STRANGERS; seen++) {
        size = sizeof there;
        int found = accept4(server->listener, (struct sockaddr *)&there, &size,
                            SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (found < 0)
            return -1;
        if (there.sin_family == AF_INET && there.sin_port == here.sin_port &&
            there.sin_addr.s_addr == here.sin_addr.s_addr && state_of(found) != STATE_CLOSE)
            return found;
        close(found);
    }
    return -1;
}

static int connect_name_server(struct lane *lane, int copy)
{
    struct name_server *server = lane->places->names;
    const struct sockaddr_in ours = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)server->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int flags = fcntl(copy, F_GETFL);
    if (flags < 0 || !server->port || server->count >= CLIENTS ||
        option(copy, SO_PROTOCOL) != IPPROTO_TCP || option(copy, SO_DOMAIN) != AF_INET ||
        state_of(copy) != STATE_CLOSE ||
        ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    const int error = connect_at_once(copy, flags, (const uint8_t *)&ours, sizeof ours, AF_INET);
    const int found = error < 0 ? -1 : accept_peer_of(server, copy);
    if (found < 0) {
        take_back(copy);
        return 0;
    }
    struct name_client *client = &server->clients[server->count++];
    client->socket = found;
    client->size = 0;
    server->calls = 0;
    if (!respond(lane, 0, -error, 0))
        return 0;
    lane->performed++;
    return 1;
}

/* The last one takes its place. */
static void forget_client(struct name_server *server, uint32_t number)
{
    if (number != --server->count)
        server->clients[number] = server->clients[server->count];
}

static void close_client(struct name_server *server, uint32_t number)
{
    shutdown(server->clients[number].socket, SHUT_RDWR); /* a fork of the host has it as well */
    close(server->clients[number].socket);
    forget_client(server, number);
}

static void close_clients(struct name_server *server)
{
    while (server->count)
        close_client(server, 0);
    server->asks = 0;
}

#include "lane_questions.h"

static int hear_client(struct lane *lane, struct name_client *client)
{
    const size_t room = sizeof client->bytes - client->size;
    const ssize_t count = recv(client->socket, client->bytes + client->size, room, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return WAITS;
    if (count <= 0)
        return ENDS;
    client->size += (uint32_t)count;
    return answer_client(lane, client);
}

static int is_pythons(struct name_server *server, uint32_t number, int found)
{
    if (found == ENDS)
        close_client(server, number);
    if (found == ASKS)
        server->asks = number + 1;
    return found == ASKS;
}

/* Wait for a call, and answer clients meanwhile: 1 when one of them is Python's. */
static int serve_clients(struct lane *lane)
{
    struct name_server *server = lane->places->names;
    const uint32_t answered = server->asks;
    server->asks = 0;
    if (answered && answered <= server->count &&
        is_pythons(server, answered - 1, answer_client(lane, &server->clients[answered - 1])))
        return 1;
    while (server->count) {
        const uint32_t count = server->count;
        struct pollfd polled[1 + CLIENTS] = {{lane->listener, POLLIN, 0}};
        for (uint32_t i = 0; i < count; i++)
            polled[1 + i] = (struct pollfd){server->clients[i].socket, POLLIN, 0};
        if (poll(polled, 1 + count, -1) < 0)
            continue;
        const int is_call = polled[0].revents != 0;
        if (is_call && server->was_heard) {
            server->was_heard = 0;
            break;
        }
        for (uint32_t i = count; i-- > 0;) {
            if (!polled[1 + i].revents)
                continue;
            server->was_heard = 1, server->calls = 0;
            if (is_pythons(server, i, hear_client(lane, &server->clients[i])))
                return 1;
        }
        if (is_call)
            break;
    }
    if (server->count && ++server->calls > PATIENCE) {
        server->asks = 1, server->calls = 0;
        return 1;
    }
    return 0;
}

static struct name_client *who_asks(struct name_server *server)
{
    return server->asks && server->asks <= server->count ? &server->clients[server->asks - 1] : NULL;
}

/* The first message of the client that is Python's, and how many bytes; NULL when it is not whole,
 * or the client has no room for a reply. */
EXPORTED const uint8_t *nono_lane_question(struct name_server *server, uint64_t *length)
{
    const struct name_client *client = who_asks(server);
    *length = client && can_be_sent_to(client) ? whole_message(client->bytes, client->size) : 0;
    return *length ? client->bytes + LENGTH : NULL;
}

/* Answer it. The client stays the lane's. */
EXPORTED void nono_lane_reply(struct name_server *server, const uint8_t *reply, uint64_t length)
{
    struct name_client *client = who_asks(server);
    const size_t asked = client ? whole_message(client->bytes, client->size) : 0;
    uint8_t whole[LENGTH + MAX_QUESTION];
    if (!asked || length > MAX_QUESTION)
        return;
    whole[0] = (uint8_t)(length >> 8), whole[1] = (uint8_t)length;
    memcpy(whole + LENGTH, reply, length);
    client->size -= (uint32_t)(LENGTH + asked);
    memmove(client->bytes, client->bytes + LENGTH + asked, client->size);
    const size_t size = LENGTH + length;
    if (send(client->socket, whole, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size) {
        close_client(server, server->asks - 1);
        server->asks = 0;
    }
}

/* The same question gets the same reply from now on. Both begin with their numbers. */
EXPORTED void nono_lane_know(struct name_server *server, const uint8_t *question, uint64_t length,
                             const uint8_t *reply, uint64_t reply_length)
{
    if (length <= ID || reply_length <= ID || length - ID > MAX_KNOWN_QUESTION ||
        reply_length - ID > MAX_KNOWN_REPLY)
        return;
    struct known_question *known = place_of_question(server, question + ID, length - ID);
    known->length = (uint32_t)(length - ID);
    known->reply_length = (uint32_t)(reply_length - ID);
    memcpy(known->question, question + ID, length - ID);
    memcpy(known->reply, reply + ID, reply_length - ID);
}

EXPORTED void nono_lane_forget_questions(struct name_server *server)
{
    memset(server->known, 0, sizeof server->known);
}

/* The client that is Python's, or any, is the lane's no more: its socket, -1 when there is none. `bytes` gets what it
 * has said, `size` how much that is. */
EXPORTED int nono_lane_let_go(struct name_server *server, uint8_t *bytes, uint64_t *size)
{
    if (!server->count)
        return -1;
    const uint32_t number = who_asks(server) ? server->asks - 1 : 0;
    struct name_client *client = &server->clients[number];
    const int socket = client->socket;
    *size = client->size;
    memcpy(bytes, client->bytes, client->size);
    forget_client(server, number);
    server->asks = 0;
    return socket;
}
