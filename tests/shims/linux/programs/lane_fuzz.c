/* Feeds lane.c with tables that were tampered with and with calls of a hostile program.
 *
 *     lane_fuzz TABLE ROUNDS SEED
 *
 * To be compiled with sanitizers. Each table lies in a block of exactly its size, and each path at
 * the end of a page after which there is no memory. The caller is this process itself, and nobody
 * waits for an answer (`listener` is -1).
 */
#include "../../../../shims/linux/lane.c"

#include <stdlib.h>
#include <sys/mman.h>

static uint64_t state;

static uint32_t number(uint32_t below)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static const char *const pieces[] = {
    "/", "//", ".", "..", "\xff", "\xc3\xa9", " (deleted)",
    "a", "usr", "lib", "tmp", "proc", "self", "cwd", "fd", "0", "etc", "passwd", "dev", "null",
    "x-state", "root", "f", "nowhere", "bin",
};
enum { PLAIN = 7 }; /* from there on they are names that may well be there */

/* A path at the end of the page: most are plain and short, some are not, or longer than can be. */
static char *put_path(char *page, size_t size)
{
    static char text[3 * MAX_PATH];
    const int is_plain = number(4) != 0;
    const uint32_t first = is_plain ? PLAIN : 0, all = sizeof pieces / sizeof *pieces;
    size_t length = 0, left = number(20) ? 1 + number(5) : number(3000);
    if (!number(15))
        left = 0; /* the root, which no rule of the table speaks of */
    if (number(3) || !left)
        text[length++] = '/';
    while (left-- && length < 2 * MAX_PATH) {
        const char *piece = pieces[first + number(all - first)];
        memcpy(text + length, piece, strlen(piece));
        length += strlen(piece);
        if (left && (is_plain || number(3)))
            text[length++] = '/';
    }
    text[length++] = number(50) ? 0 : 'x'; /* or it does not end before the page does */
    memcpy(page + size - length, text, length);
    return page + size - length;
}

static uint64_t any_flags(void)
{
    static const uint64_t flags[] = {
        O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW,
        O_DIRECTORY, O_TMPFILE, O_NONBLOCK, O_CLOEXEC, 0x8000, 1ULL << 31, 1ULL << 40,
    };
    uint64_t made = 0;
    for (uint32_t left = number(4); left; left--)
        made |= flags[number(sizeof flags / sizeof *flags)];
    /* What is there is to stay as it is: the rules of the table allow to write. */
    return number(40) ? made & ~(uint64_t)(O_TRUNC | O_CREAT | MAKES_UNNAMED) : made | O_PATH;
}

/* A journal whose files are in memory, and which knows this process by as many bytes as it may. */
static struct journal *new_journal(void)
{
    static uint8_t process[MAX_KNOWN];
    struct journal *journal = nono_journal_new();
    if (!journal)
        exit(2);
    journal->shared.records = memfd_create("records", 0);
    journal->shared.seal = memfd_create("seal", 0);
    journal->shared.limit = journal->shared.bound = 1 << 28;
    for (int i = 0; i < 8; i++)
        journal->shared.all[i] = 300, journal->shared.fresh[i] = 1500;
    nono_journal_know(journal, (uint32_t)getpid(), process, sizeof process);
    nono_journal_know(journal, 1, process, sizeof process + 1);
    return journal;
}

/* What the processor's own instructions make of any text is what plain C makes of it. */
static void digest_twice(const char *text, size_t length)
{
    uint8_t one[32], other[32];
    digest_of((const uint8_t *)text, length, one);
    digest_with(digest_in_c, (const uint8_t *)text, length, other);
    if (memcmp(one, other, sizeof one))
        exit(4);
}

/* Decisions of any length: none is written behind the end of a record. */
static void write_down(struct journal *journal, const char *path, size_t length)
{
    static uint8_t origin[2 * MAX_ORIGIN];
    static uint64_t time;
    time += number(200) ? 1 : 700000000;
    struct decision decision = {
        .tid = (uint32_t)getpid(), .kind = number(3) ? number(2) : REFUSED, .access = number(4),
        .path = path, .error = number(300),
        .length = length, .origin = number(2) ? origin : NULL,
        .origin_length = number(50) ? number(200) : number(sizeof origin),
    };
    nono_journal_note(journal, &decision, time);
    nono_journal_admits(journal, time, path, length, path, length);
    if (!number(10))
        journal->shared.pending = 0;
}

/* An address at the end of the page, which may be one that was asked for before and is allowed. */
static void connect_somewhere(struct lane *lane, char *end, const int sockets[2])
{
    uint8_t address[MAX_ADDRESS + 8] = {(uint8_t)(number(8) ? number(2) ? AF_INET : AF_INET6 : number(30))};
    const uint32_t length = number(3) ? number(2) ? 16 : 28 : number(sizeof address + 1);
    for (uint32_t i = 3; i < length; i += 1 + number(8))
        address[i] = (uint8_t)number(2);
    if (!number(8)) /* the name server's */
        memcpy(address, "\2\0\0\65\177\0\0\1\0\0\0\0\0\0\0", 16);
    memcpy(end - length, address, length);
    uint64_t *a = lane->call.arguments;
    a[0] = number(8) ? (uint64_t)sockets[number(2)] : number(2) ? number(9) : ~0ULL;
    a[1] = number(30) ? (uintptr_t)end - length : ~0ULL - number(200);
    a[2] = number(8) ? length : number(2) ? number(300) : ~0ULL;
    if (lane->places && number(2)) {
        struct allowed allowed = {
            .listeners = number(2) ? number(LISTENERS + 2) : 0,
            .place = lane->places->asked, .request_length = number(MAX_REQUEST + 9),
            .about_length = number(MAX_ABOUT + 9), .origin_length = number(MAX_SOURCE + 9)};
        nono_lane_allow_place(lane->places, &allowed);
        if (!number(50))
            nono_lane_forget_places(lane->places);
    }
}

/* What the kernel tells of who listens, tampered with: nothing is read behind its end. */
static void hear_of_listeners(void)
{
    struct {
        struct nlmsghdr head;
        struct diag_answer answer;
    } one = {{sizeof one, DIAG_OF_BOTH, 0, number(3), 0}, {.state = STATE_LISTEN}};
    const struct allowed allowed = {.listeners = number(LISTENERS + 3), .place = {2, 7, {0}}};
    one.answer.ends.source = (uint16_t)(number(4) ? 7 : 8);
    one.answer.ends.cookie[0] = number(2);
    size_t size = 0, most = sizeof one * 4;
    uint8_t *batch = malloc(most);
    for (uint32_t left = number(5); left; left--, size += sizeof one)
        if (size + sizeof one <= most)
            memcpy(batch + size, &one, sizeof one);
    size = size < most ? size : most;
    for (uint32_t left = number(2) ? number(6) : 0; left && size; left--)
        batch[number((uint32_t)size)] = (uint8_t)number(256);
    uint8_t *exact = malloc(size + 1);
    size = number(2) ? size : number((uint32_t)size + 1);
    memcpy(exact, batch, size);
    exact = realloc(exact, size ? size : 1);
    int is_last = 0;
    listeners_in(exact, size, &allowed, 1, &is_last);
    if (number(2) && size >= sizeof one)
        exact[4] = number(2) ? DIAG_OF_ONE : NLMSG_ERROR;
    is_reached(exact, size, &allowed, 1);
    free(exact);
    free(batch);
}

/* Messages of a few kinds, one behind the other, spoilt, and no more of them than `size`. */
static size_t put_messages(uint8_t *bytes, size_t size)
{
    size_t end = 0;
    for (uint32_t left = number(6); left; left--) {
        const uint32_t length = number(4) ? 12 + number(3) : number(3) ? number(300) : number(70000);
        if (end + LENGTH + length > size)
            break;
        bytes[end] = (uint8_t)(length >> 8), bytes[end + 1] = (uint8_t)length;
        memset(bytes + end + LENGTH, (int)number(2), length);
        end += LENGTH + length;
    }
    for (uint32_t left = number(3) ? 0 : number(4); left && end; left--)
        bytes[number((uint32_t)end)] = (uint8_t)number(256);
    return end ? end - (number(4) ? 0 : number((uint32_t)end)) : 0;
}

/* A client that says anything, in pieces: how many replies it got that Python did not give. */
static unsigned long hear_somebody(struct lane *lane, struct name_server *server)
{
    static uint8_t said[1 << 12], reply[2 * MAX_QUESTION], left[LENGTH + MAX_QUESTION];
    int ends[2], found = WAITS;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
        exit(2);
    const size_t size = put_messages(said, sizeof said);
    struct name_client *client = &server->clients[0];
    *client = (struct name_client){.socket = ends[0]};
    server->count = 1, server->asks = 0;
    /* The file is the one that it was, most often. */
    struct stat status = {0};
    stat(HOSTS_FILE, &status);
    server->hosts[0] = (uint64_t)status.st_mtim.tv_sec * 1000000000U + (uint64_t)status.st_mtim.tv_nsec;
    server->hosts[1] = (uint64_t)status.st_size, server->hosts[2] = status.st_ino;
    server->hosts[3] = status.st_dev + !number(8);
    for (size_t at = 0; at < size && server->count;) {
        const size_t piece = number(2) ? size - at : 1 + number((uint32_t)(size - at));
        at += (size_t)write(ends[1], said + at, piece);
        /* In memory of its own, behind which there is nothing. */
        struct name_client *apart = malloc(sizeof *apart);
        *apart = *client;
        found = hear_client(lane, apart);
        *client = *apart;
        free(apart);
        while (is_pythons(server, 0, found)) {
            uint64_t length;
            const uint8_t *question = nono_lane_question(server, &length);
            const size_t more = 2 + number(number(9) ? 60 : sizeof reply - 2);
            if (!question || !number(20)) {
                close(nono_lane_let_go(server, left, &length));
                break;
            }
            nono_lane_know(server, question, length, reply, more);
            nono_lane_reply(server, reply, more);
            if (!server->count || more > MAX_QUESTION)
                break;
            server->asks = 0;
            found = answer_client(lane, client);
        }
    }
    close_clients(server);
    close(ends[1]);
    if (!number(100))
        nono_lane_forget_questions(server);
    return found == WAITS && size > 100;
}

/* What was asked last is answered from now on, or anything is. */
static void answer_something(struct answers *answers)
{
    static struct answer answer;
    answer.access = answers->access, answer.length = answers->length;
    answer.identity = answers->identity;
    answer.error = number(3) ? 1 + (int)number(200) : 0;
    answer.source = number(2) ? -1 : (int)number(6);
    answer.origin_length = number(20) ? number(200) : number(2 * MAX_BECAUSE);
    memcpy(answer.path, answers->path, sizeof answer.path);
    if (!number(8))
        answer.length = number(2 * MAX_ANSWERED), answer.access = number(5);
    if (!number(8))
        answer.identity.length = number(2 * MAX_IDENTITY);
    if (!number(9))
        answer.error = -1;
    nono_lane_answer(answers, &answer);
    if (!number(200))
        nono_lane_forget_answers(answers);
}

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    static uint8_t original[1 << 20];
    int file = open(words[1], O_RDONLY);
    ssize_t read_size = read(file, original, sizeof original);
    if (read_size <= 0)
        return 2;
    close(file);
    const size_t size = 4 * MAX_PATH, whole = (size_t)read_size;
    state = strtoull(words[3], NULL, 10) * 2 + 1;
    char *page = mmap(NULL, size + MAX_PATH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page + size, MAX_PATH, PROT_NONE))
        return 2;
    uint32_t current = 0;
    uint8_t *own = calloc(1, OWN_BYTES);
    struct journal *journal = new_journal();
    struct answers *answers = calloc(1, sizeof *answers);
    static uint32_t is_shared;
    static struct name_server names = {.listener = -1, .port = 9};
    static struct places places = {.pidfd = -1, .diag = -1, .is_shared = &is_shared, .names = &names};
    memset(own, 0xff, OWN_BYTES / 4);
    unsigned long answered = 0, known = 0, heard = 0;
    struct {
        char *path;
        struct notification call;
        uint64_t refused;
    } last = {0};
    struct lane lane = {.listener = -1, .nr_openat = 1, .nr_open = 2, .nr_sendto = 3, .nr_connect = 4};
    int sockets[] = {socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET6, SOCK_STREAM, 0)};
    lane.current = &current;
    lane.kept = lane.descriptors = lane.handle_link = -1;
    for (long round = strtol(words[2], NULL, 10); round > 0; round--) {
        uint64_t table_size = number(8) ? whole : number((uint32_t)whole + 1);
        uint8_t *table = malloc(table_size ? table_size : 1);
        memcpy(table, original, table_size);
        for (uint32_t left = number(3) ? 0 : number(40); left && table_size; left--)
            table[number(number(4) ? (uint32_t)table_size : 200) % table_size] = (uint8_t)number(256);
        lane.table = table, lane.table_size = table_size;
        for (int call = 0; call < 20; call++) {
            /* What was left the last time, or refused by what was told of it. */
            const int is_again = (answers->length || lane.refused != last.refused) && number(8);
            char *path = is_again ? last.path : put_path(page, size);
            size_t length = strnlen(path, (size_t)(page + size - path));
            uint32_t rule, more = number(2) * CREATE;
            known += nono_lane_look_up(table, table_size, path, length, 1 + number(7), more, &rule) != 0;
            uint64_t address = number(30) ? (uintptr_t)path : number(2) ? 0 : ~0ULL - number(5000);
            uint64_t start = number(3) ? (uint64_t)AT_FDCWD : number(2) ? number(8) : ~0ULL;
            write_down(journal, path, length);
            digest_twice(path, length);
            hear_of_listeners();
            lane.places = &places;
            heard += hear_somebody(&lane, &names);
            if (number(2))
                answer_something(answers);
            lane.answers = number(8) ? answers : NULL;
            lane.options = number(256);
            lane.journal = number(is_again ? 2 : 3) ? journal : NULL;
            lane.own = number(3) ? own : NULL;
            lane.call = (struct notification){.id = 1, .tid = (uint32_t)getpid()};
            lane.call.tid = number(40) ? lane.call.tid : number(1 << 30);
            lane.call.number = (int32_t)number(5);
            lane.places = number(8) ? &places : NULL;
            is_shared = number(2);
            uint64_t *a = lane.call.arguments;
            if (is_again)
                lane.call = last.call, lane.options |= PERFORMS | FOLLOWS;
            else if (lane.call.number == 1)
                a[0] = start, a[1] = address, a[2] = any_flags(), a[3] = number(010000);
            else if (lane.call.number == 2)
                a[0] = address, a[1] = any_flags(), a[2] = number(010000);
            else if (lane.call.number == 4)
                connect_somewhere(&lane, page + size, sockets);
            else
                a[4] = address, a[5] = number(3) ? number(200) : ~0ULL;
            last.path = path, last.call = lane.call, last.refused = lane.refused;
            answers->length = 0;
            answered += (unsigned long)nono_lane_serve(&lane);
        }
        free(table);
    }
    lane.places = &places;
    nono_lane_close(&lane);
    close(sockets[0]), close(sockets[1]);
    int is_written = journal->shared.count > 1000 && !journal->shared.error;
    close(journal->shared.records), close(journal->shared.seal);
    nono_journal_free(journal);
    free(own);
    free(answers);
    if (!is_written)
        return 3;
    printf("%lu answered, %lu known, %lu refused, %lu heard, next descriptor %d\n", answered, known,
           (unsigned long)lane.refused, heard, dup(0));
    return 0;
}
