/* Questions for the name server whose answers Python has told, and their replies. Nothing of DNS is
 * read here: a question is all of a message but its number. The answer holds while the machine's
 * hosts file is the one that it was found with.
 *
 * Sources: RFC 1035 sections 4.1.1 and 4.2.2.
 */
static struct known_question *place_of_question(struct name_server *server,
                                                const uint8_t *question, size_t length)
{
    uint32_t mixed = 2166136261U;
    for (size_t i = 0; i < length; i++)
        mixed = (mixed ^ question[i]) * 16777619U;
    return &server->known[(mixed ^ mixed >> 16) % KNOWN_QUESTIONS];
}

static int is_as_found(const struct name_server *server)
{
    struct stat status = {0};
    if (stat(HOSTS_FILE, &status))
        return !server->hosts[0] && !server->hosts[2];
    const uint64_t time = (uint64_t)status.st_mtim.tv_sec * 1000000000U +
                          (uint64_t)status.st_mtim.tv_nsec;
    return time == server->hosts[0] && (uint64_t)status.st_size == server->hosts[1] &&
           status.st_ino == server->hosts[2] && status.st_dev == server->hosts[3];
}

/* The length of the first message, once all of it is there; 0 before, and for one without a number. */
static size_t whole_message(const uint8_t *bytes, size_t size)
{
    const size_t length = size < LENGTH ? 0 : (size_t)bytes[0] << 8 | bytes[1];
    return length > ID && size - LENGTH >= length ? length : 0;
}

/* Put the reply to a known question behind the others. 0 when it is not known, or has no room. */
static size_t put_reply(struct name_server *server, const uint8_t *message, size_t length,
                        uint8_t *into, size_t room)
{
    const struct known_question *known = place_of_question(server, message + ID, length - ID);
    const size_t size = LENGTH + ID + known->reply_length;
    if (known->length != length - ID || memcmp(known->question, message + ID, length - ID) ||
        size > room)
        return 0;
    into[0] = (uint8_t)((size - LENGTH) >> 8);
    into[1] = (uint8_t)(size - LENGTH);
    memcpy(into + LENGTH, message, ID);
    memcpy(into + LENGTH + ID, known->reply, known->reply_length);
    return size;
}

/* Whether a client takes as much as is sent here at once. One that reads nothing has Python wait. */
static int can_be_sent_to(const struct name_client *client)
{
    struct pollfd polled = {client->socket, POLLOUT, 0};
    return poll(&polled, 1, 0) > 0 && polled.revents & POLLOUT;
}

enum { WAITS, ASKS, ENDS };

/* Answer what a client has said as far as it is known. ASKS when what comes next is Python's. */
static int answer_client(struct lane *lane, struct name_client *client)
{
    struct name_server *server = lane->places->names;
    uint8_t replies[REPLIES];
    size_t at = 0, size = 0, length;
    int found = WAITS, is_known = -1;
    if (whole_message(client->bytes, client->size) && !can_be_sent_to(client))
        return ASKS;
    while ((length = whole_message(client->bytes + at, client->size - at))) {
        if (is_known < 0)
            is_known = __atomic_load_n(lane->current, __ATOMIC_ACQUIRE) == lane->version &&
                       is_as_found(server);
        const size_t more = is_known ? put_reply(server, client->bytes + at + LENGTH, length,
                                                 replies + size, sizeof replies - size) : 0;
        if (!more) {
            found = ASKS;
            break;
        }
        at += LENGTH + length;
        size += more;
    }
    if (found == WAITS && client->size - at >= LENGTH) {
        const int wanted = client->bytes[at] << 8 | client->bytes[at + 1];
        found = wanted <= ID || wanted > MAX_QUESTION ? ASKS : WAITS; /* never to be had whole */
    }
    if (size && send(client->socket, replies, size, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)size)
        return ENDS;
    client->size -= (uint32_t)at;
    memmove(client->bytes, client->bytes + at, client->size);
    return found;
}
