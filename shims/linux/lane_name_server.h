/* connect(2) to the name server that programs are told of, 127.0.0.1 port 53, where hosts are known
 * by their names: *performed on our copy*, to the one of nono's, as `_connect` in sockets.py does.
 *
 * That one answers nobody but whom it expects (stub_clients.py). So the socket's cookie, which is
 * never another's, is written down before the connect. What does not succeed at once is taken back
 * and left to Python. No rule speaks of it, and no audit tells of it.
 */
#define EXPECTED 512
#define NAME_SERVER 53

static uint64_t cookie_of(int copy)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(copy, SOL_SOCKET, SO_COOKIE, &cookie, &size) ? 0 : cookie;
}

static int is_name_server(const struct lane *lane, const struct place *place)
{
    static const uint8_t address[16] = {127, 0, 0, 1};
    return lane->options & CONNECTS_OWN && lane->places->expected && place->family == AF_INET &&
           place->port == htons(NAME_SERVER) && !memcmp(place->bytes, address, sizeof address);
}

/* The oldest one makes room, as it does in Python. Several lanes may write at once. */
static void expect(uint64_t *expected, uint64_t cookie)
{
    const uint64_t number = __atomic_fetch_add(expected, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(expected + 1 + number % EXPECTED, cookie, __ATOMIC_SEQ_CST);
}

static int connect_name_server(struct lane *lane, int copy)
{
    struct places *places = lane->places;
    const struct sockaddr_in ours = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)places->name_server),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int flags = fcntl(copy, F_GETFL);
    const uint64_t cookie = cookie_of(copy);
    if (flags < 0 || !cookie || option(copy, SO_PROTOCOL) != IPPROTO_TCP ||
        option(copy, SO_DOMAIN) != AF_INET || state_of(copy) != STATE_CLOSE ||
        ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    expect(places->expected, cookie);
    const int error = connect_at_once(copy, flags, (const uint8_t *)&ours, sizeof ours, AF_INET);
    if (error < 0) {
        take_back(copy);
        return 0;
    }
    if (!respond(lane, 0, -error, 0))
        return 0;
    lane->performed++;
    return 1;
}
