/* Opens that were decided on in Python, and are decided on again: what the table does not answer.
 *
 * Python tells, of one path and one access, which error refuses it, or that it is allowed though no
 * rule speaks of it since the object is the sandbox's own: *performed on our copy*; or which file of
 * ours the program is given instead, to read: performed, too. What is told
 * holds for this very path, for an object that is known for its own by its identity and for no
 * other, and until policy or floor change. How often each refusal was given is counted here, for
 * Python to add to its own.
 *
 * Sources: name_to_handle_at(2).
 */
#define ANSWERS 64 /* 45 kB in all: it is there for each sandbox that is used much */
#define MAX_ANSWERED 256 /* of a path; a longer one is always left */
#define MAX_BECAUSE 256
#define MAX_IDENTITY 160
#define MAX_HANDLE 128

/* An object as file_identity.py tells it; nothing where its file system has no handles. */
struct identity {
    uint32_t length;
    uint8_t bytes[MAX_IDENTITY];
};

struct answer {
    uint32_t access, length;
    int32_t error;  /* of a refusal; 0: the object with this identity is opened */
    int32_t source; /* a descriptor of ours, of what is opened instead; or -1 */
    uint32_t origin_length;
    uint64_t count; /* how often it was given */
    struct identity identity;
    uint8_t origin[MAX_BECAUSE];
    char path[MAX_ANSWERED];
};

struct answers {
    uint32_t access, length;  /* of the last call, which was left and may be told of; or 0 */
    struct identity identity; /* of its object, which may be the sandbox's own */
    char path[MAX_ANSWERED];
    struct answer known[ANSWERS];
};

static void identify(int handle, const struct stat *status, struct identity *identity)
{
    struct {
        struct file_handle head;
        uint8_t bytes[MAX_HANDLE];
    } found = {.head.handle_bytes = MAX_HANDLE};
    const uint64_t numbers[2] = {status->st_dev, status->st_ino};
    int mount;
    identity->length = 0;
    if (name_to_handle_at(handle, "", &found.head, &mount, AT_EMPTY_PATH) ||
        found.head.handle_bytes > MAX_HANDLE)
        return;
    const int32_t kind = found.head.handle_type;
    memcpy(identity->bytes, numbers, sizeof numbers);
    memcpy(identity->bytes + sizeof numbers, &kind, sizeof kind);
    memcpy(identity->bytes + sizeof numbers + sizeof kind, found.head.f_handle,
           found.head.handle_bytes);
    identity->length = (uint32_t)(sizeof numbers + sizeof kind) + found.head.handle_bytes;
}

/* Where the answer to an access to a path is, or would be. */
static struct answer *place_for(struct answers *answers, const char *path, size_t length,
                                uint32_t access)
{
    uint32_t mixed = 2166136261U ^ access; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        mixed = (mixed ^ (uint8_t)path[i]) * 16777619U;
    return &answers->known[(mixed ^ mixed >> 16) % ANSWERS];
}

static int is_about(const struct answer *answer, const char *path, size_t length, uint32_t access)
{
    return answer->length == length && answer->access == access &&
           !memcmp(answer->path, path, length);
}

static int refuse(struct lane *lane, struct answer *answer, struct decision *decision)
{
    if (lane->listener >= 0 && ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    decision->kind = REFUSED;
    decision->error = (uint32_t)answer->error;
    if (!is_noted(lane, decision) || !respond(lane, 0, -answer->error, 0))
        return 0;
    __atomic_store_n(&answer->count, answer->count + 1, __ATOMIC_RELAXED);
    lane->refused++;
    return 1;
}

/* As `_open_injected` in opens.py. */
static int open_source(struct lane *lane, const struct open *wanted, int source)
{
    if (access_of(wanted->flags) != READ || ioctl(lane->listener, ID_VALID, &lane->call.id))
        return 0;
    const int fd = open_number(lane, source, O_RDONLY);
    return fd >= 0 && hand_over(lane, wanted->flags, fd);
}

/* What is known of an open that the table does not answer; 0 leaves it. */
static int serve_known(struct lane *lane, const struct open *wanted, int handle,
                       const struct stat *status, struct decision *decision)
{
    struct answers *answers = lane->answers;
    struct identity identity = {0};
    const size_t length = decision->length;
    if (!answers || length > MAX_ANSWERED)
        return 0;
    const int is_own = may_be_own(lane, status);
    if (is_own)
        identify(handle, status, &identity);
    if (is_own && !identity.length)
        return 0;
    struct answer *answer = place_for(answers, decision->path, length, decision->access);
    if (!is_about(answer, decision->path, length, decision->access) ||
        answer->identity.length != identity.length ||
        memcmp(answer->identity.bytes, identity.bytes, identity.length)) {
        memcpy(answers->path, decision->path, length);
        answers->identity = identity;
        answers->length = (uint32_t)length;
        answers->access = decision->access;
        return 0;
    }
    decision->origin = answer->origin;
    decision->origin_length = answer->origin_length;
    if (answer->error)
        return refuse(lane, answer, decision);
    if (answer->source >= 0)
        return open_source(lane, wanted, answer->source);
    decision->is_own = is_own;
    return is_own && perform(lane, wanted, handle, decision);
}

/* For Python: the number of the place of this answer from now on, whose count goes on from what it
 * is; -1 where it cannot be told of. */
EXPORTED int nono_lane_answer(struct answers *answers, const struct answer *answer)
{
    if (!answer->length || answer->length > MAX_ANSWERED || !answer->access || answer->error < 0 ||
        answer->origin_length > MAX_BECAUSE || answer->identity.length > MAX_IDENTITY)
        return -1;
    struct answer *place = place_for(answers, answer->path, answer->length, answer->access);
    const uint64_t count = place->count;
    *place = *answer;
    place->count = count;
    return (int)(place - answers->known);
}

EXPORTED void nono_lane_forget_answers(struct answers *answers)
{
    for (int i = 0; i < ANSWERS; i++)
        answers->known[i].length = 0;
    answers->length = 0;
}
