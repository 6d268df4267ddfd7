/* What launcher.c says and hears: SOCK_SEQPACKET messages with descriptors, and of msgpack as much
 * as protocol.py of nono's supervisor needs, short lists of short texts and numbers.
 *
 * Sources: unix(7), cmsg(3), the msgpack specification.
 */
#define MAX_SENT 96
#define MAX_HEARD 96
#define MAX_FDS 8
#define CARRIED_BYTES(count) (16 + (((count) * sizeof(int) + 7) & ~(size_t)7))

struct carried {
    size_t length;
    int level, kind;
    int fds[MAX_FDS];
};
struct message {
    void *name;
    uint32_t name_length;
    const struct piece *pieces;
    size_t piece_count;
    void *carried;
    size_t carried_length;
    uint32_t flags;
};

struct received { /* where the socket has SO_PASSCRED, who sent it comes first */
    size_t length;
    int level, kind, pid, uid, gid, unused;
    struct carried carried;
};

enum { SOCKET_LEVEL = 1, RIGHTS = 1, CREDENTIALS = 2 };
enum { NO_SIGNAL = 0x4000, FDS_CLOSE_ON_EXEC = 0x40000000 }; /* sys/socket.h has names for them */

static long send_bytes(int control, const void *bytes, size_t length, int fd)
{
    struct piece piece = {bytes, length};
    struct carried carried = {16 + sizeof(int), SOCKET_LEVEL, RIGHTS, {fd}};
    struct message message = {.pieces = &piece, .piece_count = 1};

    if (fd >= 0) {
        message.carried = &carried;
        message.carried_length = CARRIED_BYTES(1);
    }
    return call3(SYS_sendmsg, control, &message, NO_SIGNAL);
}

/* Descriptors that come along are in `fds`, and their number in `count`; `sender` is the process
 * that sent them, 0 for none. 0 bytes at the end. */
static long receive_bytes(int from, void *bytes, size_t length, int *fds, int *count, int *sender)
{
    struct piece piece = {bytes, length};
    struct received received = {0};
    struct message message = {.pieces = &piece, .piece_count = 1};
    const struct carried *carried = &received.carried;
    long got;

    message.carried = &received;
    message.carried_length = sizeof received;
    got = call3(SYS_recvmsg, from, &message, FDS_CLOSE_ON_EXEC);
    *count = *sender = 0;
    if (got < 0 || message.carried_length < 32 || received.kind != CREDENTIALS)
        return got;
    *sender = received.pid;
    if (message.carried_length < 32 + 16 || carried->kind != RIGHTS)
        return got;
    for (size_t at = 0; at < (carried->length - 16) / sizeof(int) && at < MAX_FDS; at++)
        fds[(*count)++] = carried->fds[at];
    return got;
}

struct said {
    uint8_t bytes[MAX_SENT];
    size_t length;
};

static void say_text(struct said *said, const char *text)
{
    size_t length = length_of(text);

    if (length > 31 || said->length + length + 1 > MAX_SENT)
        leave(NOT_STARTED);
    said->bytes[said->length++] = (uint8_t)(0xa0 | length); /* fixstr */
    memcpy(said->bytes + said->length, text, length);
    said->length += length;
}

static void say_number(struct said *said, long number)
{
    if (said->length + 5 > MAX_SENT)
        leave(NOT_STARTED);
    said->bytes[said->length++] = 0xce; /* uint 32 */
    for (int shift = 24; shift >= 0; shift -= 8)
        said->bytes[said->length++] = (uint8_t)(number >> shift);
}

/* [word], [word, number]; a negative number is left out. Nobody may be left to hear it. */
static void tell(int control, const char *word, long number, int fd)
{
    struct said said = {{(uint8_t)(number < 0 ? 0x91 : 0x92)}, 1}; /* fixarray */

    say_text(&said, word);
    if (number >= 0)
        say_number(&said, number);
    send_bytes(control, said.bytes, said.length, fd);
}

/* [FAILED, step, errno] */
static void tell_failure(int control, const char *step, long error)
{
    struct said said = {{0x93}, 1};

    say_text(&said, "failed");
    say_text(&said, step);
    say_number(&said, -error);
    send_bytes(control, said.bytes, said.length, -1);
}

struct heard {
    uint8_t bytes[MAX_HEARD];
    long length;
};

/* Whether a message came: else the other end is gone. */
static int hear(int control, struct heard *heard)
{
    long got = call(SYS_recvfrom, control, (long)heard->bytes, MAX_HEARD, 0, 0, 0);

    if (got == -ECONNRESET) /* said once, before what the other end has sent */
        got = call(SYS_recvfrom, control, (long)heard->bytes, MAX_HEARD, 0, 0, 0);
    heard->length = got;
    return got > 0;
}

/* Whether its first word is this; and where what follows begins. */
static size_t begins(const struct heard *heard, const char *word)
{
    size_t length = length_of(word);

    if ((size_t)heard->length < 2 + length || heard->bytes[1] != (0xa0 | length))
        return 0;
    for (size_t at = 0; at < length; at++)
        if (heard->bytes[2 + at] != (uint8_t)word[at])
            return 0;
    return 2 + length;
}

/* The number there, as msgpack has those that are not negative; -1 for none. */
static long number_at(const struct heard *heard, size_t at)
{
    size_t bytes;
    long number = 0;

    if (at >= (size_t)heard->length)
        return -1;
    if (heard->bytes[at] < 0x80)
        return heard->bytes[at];
    if (heard->bytes[at] < 0xcc || heard->bytes[at] > 0xce)
        return -1;
    bytes = (size_t)1 << (heard->bytes[at] - 0xcc);
    if (at + bytes >= (size_t)heard->length)
        return -1;
    for (size_t each = 1; each <= bytes; each++)
        number = number << 8 | heard->bytes[at + each];
    return number;
}
