/* Writes decisions of the lane down as the audit in Python would, into the same files.
 *
 * One chain is written from two sides, so what tells its end is shared, under a lock that each side
 * holds while it writes a record: broker/audit/chain.py says what a record and the seal are,
 * broker/audit/records.py what is in them, broker/audit/pace.py what is counted instead. Whatever
 * is not as usual (a caller that is not known, a file that is full, an error) is left to Python,
 * with nothing written.
 *
 * Sources: the msgpack specification, FIPS 180-4 (SHA-256), ISO 3309 (CRC-32).
 */
#include <pthread.h>
#include <stdlib.h>

#define KINDS 4
#define KNOWN 64
#define MAX_KNOWN 1024
#define MAX_ORIGIN 1024
#define SLOTS 4096 /* a power of two, more than are ever written in a second */
#define MAX_RECORD (2 * MAX_PATH + MAX_KNOWN + MAX_ORIGIN + 512)

struct seen {
    uint64_t high, low;
};

/* What both sides read and write. */
struct shared {
    int32_t records, seal; /* files; -1 where nothing is written any more */
    uint64_t count, size, last, limit;
    uint8_t digest[32];
    uint64_t bound;
    uint32_t all[8], fresh[8]; /* by eighths of the bound, in a second */
    uint64_t second;
    uint32_t written, pending; /* pending: something was counted and not taken */
    uint64_t summed[KINDS];
    int32_t error;
    uint32_t missed; /* the last thread that was not known */
};

struct known {
    uint32_t tid, length;
    uint8_t bytes[MAX_KNOWN];
};

struct journal {
    struct shared shared;
    pthread_mutex_t mutex;
    uint32_t used;
    struct seen seen[SLOTS];
    struct known known[KNOWN];
};

/* A decision on an open of what is there, on a file that is made, or on a connect. */
struct decision {
    uint32_t tid, kind, access, error;
    int is_native, is_own;
    const char *path;
    size_t length;
    const uint8_t *origin; /* as msgpack; NULL for none */
    size_t origin_length;
    const uint8_t *request; /* the same, of a connect, whose address is in `path` */
    size_t request_length;
};

enum { OPENED, CREATED, CONNECTED, REFUSED }; /* the kinds; the last one is an open */

/* ---- SHA-256 ---- */

static uint32_t turned(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        h += (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) +               \
             constants[i] + words[i];                                                              \
        d += h;                                                                                    \
        h += (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));       \
    } while (0)

static void digest_block(uint32_t state[8], const uint8_t *block)
{
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    };
    uint32_t words[64], s[8];
    for (int i = 0; i < 16; i++)
        words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = words[i - 15], b = words[i - 2];
        words[i] = words[i - 16] + words[i - 7] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) +
                   (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i += 8) { /* in eight rounds each word is in its place again */
        ROUND(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], i);
        ROUND(s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], i + 1);
        ROUND(s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5], i + 2);
        ROUND(s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4], i + 3);
        ROUND(s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3], i + 4);
        ROUND(s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2], i + 5);
        ROUND(s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1], i + 6);
        ROUND(s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0], i + 7);
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

static void digest_of(const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t end[128] = {0};
    size_t done = length & ~(size_t)63, rest = length - done, last = rest < 56 ? 64 : 128;
    for (size_t at = 0; at < done; at += 64)
        digest_block(state, bytes + at);
    memcpy(end, bytes + done, rest);
    end[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        end[last - 1 - (size_t)i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    for (size_t at = 0; at < last; at += 64)
        digest_block(state, end + at);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- records ---- */

struct text {
    size_t length;
    uint8_t bytes[MAX_RECORD];
};

static void put(struct text *text, const void *bytes, size_t length)
{
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

static void put_number(struct text *text, uint64_t number, int size)
{
    while (size--)
        text->bytes[text->length++] = (uint8_t)(number >> 8 * size);
}

static void put_byte(struct text *text, unsigned byte)
{
    text->bytes[text->length++] = (uint8_t)byte;
}

/* In the shortest form, as all numbers and lengths of msgpack's. */
static void put_uint(struct text *text, uint64_t number)
{
    if (number < 128)
        return put_byte(text, (unsigned)number);
    int power = number < 1U << 8 ? 0 : number < 1U << 16 ? 1 : number < 1ULL << 32 ? 2 : 3;
    put_byte(text, 0xccU + (unsigned)power);
    put_number(text, number, 1 << power);
}

static void put_string(struct text *text, const char *string, size_t length)
{
    if (length < 32)
        put_byte(text, 0xa0U | (unsigned)length);
    else if (length < 256)
        put_number(text, 0xd900U | length, 2);
    else
        put_number(text, 0xda0000U | length, 3);
    put(text, string, length);
}

static void put_bytes(struct text *text, const uint8_t *bytes, size_t length)
{
    if (length < 256)
        put_number(text, 0xc400U | length, 2);
    else
        put_number(text, 0xc50000U | length, 3);
    put(text, bytes, length);
}

#define NIL 0xc0U
#define NO 0xc2U
#define YES 0xc3U
#define LIST 0x90U
#define WORD(text, word) put_string(text, word, sizeof word - 1)

static void put_body(struct text *text, const struct shared *shared, const struct known *process,
                     const struct decision *decision, uint64_t time)
{
    put_byte(text, LIST | 4);
    put_bytes(text, shared->digest, sizeof shared->digest);
    put_uint(text, shared->count);
    put_byte(text, NO);
    put_byte(text, LIST | 11);
    WORD(text, "decision");
    put_uint(text, time);
    put(text, process->bytes, process->length);
    if (decision->kind == CONNECTED) {
        put(text, decision->request, decision->request_length);
    } else if (decision->kind == OPENED || decision->kind == REFUSED) {
        put_byte(text, LIST | 4);
        WORD(text, "Open");
        put_string(text, decision->path, decision->length);
        put_uint(text, decision->access);
        put_byte(text, decision->is_own ? YES : NO);
    } else {
        put_byte(text, LIST | 6);
        WORD(text, "PathChange");
        WORD(text, "create");
        put_string(text, decision->path, decision->length);
        put_byte(text, NO);
        put_byte(text, NIL);
        put_byte(text, YES);
    }
    if (decision->kind == REFUSED)
        WORD(text, "deny");
    else
        WORD(text, "allow");
    put_uint(text, decision->kind == REFUSED ? decision->error : 0);
    if (decision->origin)
        put(text, decision->origin, decision->origin_length);
    else
        put_byte(text, NIL);
    put_byte(text, NIL);
    put_byte(text, decision->is_native ? YES : NO);
}

static uint32_t check_of(const uint8_t *bytes, size_t length)
{
    static const uint32_t by_half[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t check = ~0U;
    while (length--) {
        check ^= *bytes++;
        check = check >> 4 ^ by_half[check & 15];
        check = check >> 4 ^ by_half[check & 15];
    }
    return ~check;
}

static int write_seal(const struct shared *shared)
{
    struct text text;
    text.length = 0;
    put_number(&text, shared->count, 8);
    put_number(&text, shared->size, 8);
    put_number(&text, shared->last, 8);
    put(&text, shared->digest, sizeof shared->digest);
    put_byte(&text, 0);
    put_number(&text, check_of(text.bytes, text.length), 4);
    return pwrite(shared->seal, text.bytes, text.length, 0) == (ssize_t)text.length;
}

/* Append a record and renew the seal. After an error Python has to put the files in order. */
static int append(struct shared *shared, const struct text *body)
{
    struct text record;
    struct shared after = *shared;
    record.length = 0;
    digest_of(body->bytes, body->length, after.digest);
    put_byte(&record, LIST | 2);
    put_bytes(&record, body->bytes, body->length);
    put_bytes(&record, after.digest, sizeof after.digest);
    after.count++;
    after.last = after.size;
    after.size += record.length;
    ssize_t written = write(shared->records, record.bytes, record.length);
    if (written != (ssize_t)record.length || !write_seal(&after)) {
        shared->error = written < 0 || written == (ssize_t)record.length ? errno : ENOSPC;
        return 0;
    }
    *shared = after;
    return 1;
}

/* ---- what is written, and what is counted ---- */

static struct seen key_of(const char *kind, size_t kind_length, const char *about, size_t length)
{
    uint8_t text[MAX_PATH + 64], digest[32];
    struct seen key;
    kind_length = kind_length < 63 ? kind_length : 63;
    length = length < MAX_PATH ? length : MAX_PATH;
    memcpy(text, kind, kind_length);
    text[kind_length] = 0;
    memcpy(text + kind_length + 1, about, length);
    digest_of(text, kind_length + 1 + length, digest);
    memcpy(&key, digest, sizeof key);
    key.low |= 1; /* 0 is a free slot's */
    return key;
}

/* Where a key is, or would be: less than half of the slots are ever used. */
static struct seen *slot_of(struct journal *journal, const struct seen *key)
{
    size_t slot = key->high % SLOTS;
    while (journal->seen[slot].low &&
           (journal->seen[slot].low != key->low || journal->seen[slot].high != key->high))
        slot = (slot + 1) % SLOTS;
    return &journal->seen[slot];
}

static void see(struct journal *journal, const struct seen *key)
{
    struct seen *slot = slot_of(journal, key);
    if (!slot->low && journal->used < SLOTS / 2) {
        *slot = *key;
        journal->used++;
    }
}

/* As Pace.admits in pace.py: whether to write it and not only count it. */
static int admits(struct journal *journal, uint64_t time, const struct seen *key)
{
    struct shared *shared = &journal->shared;
    const uint64_t second = time / 1000000000U;
    if (second != shared->second) {
        shared->second = second;
        shared->written = 0;
        if (journal->used)
            memset(journal->seen, 0, sizeof journal->seen);
        journal->used = 0;
    }
    uint64_t eighths = shared->bound ? shared->size * 8 / shared->bound : 7;
    eighths = eighths < 7 ? eighths : 7;
    if (shared->written >= shared->all[eighths] &&
        (shared->written >= shared->fresh[eighths] || slot_of(journal, key)->low))
        return 0;
    shared->written++;
    see(journal, key);
    return 1;
}

static const char *const kinds[KINDS] = {"allow Open", "allow PathChange create", "allow Connect",
                                         "deny Open"};

/* Whether a decision can be written down now; what is missing is Python's to bring. */
static int has_room(struct journal *journal, const struct decision *decision, uint64_t time)
{
    struct shared *shared = &journal->shared;
    if (journal->known[decision->tid % KNOWN].tid != decision->tid)
        return shared->missed = decision->tid, 0;
    if (shared->records < 0 || shared->error)
        return 0;
    if (shared->size + MAX_RECORD > shared->limit)
        return 0;
    if (decision->length >= MAX_PATH || decision->origin_length > MAX_ORIGIN ||
        decision->request_length > MAX_PATH)
        return 0;
    /* What was counted before is written first, and that is for Python. */
    return !shared->pending || time / 1000000000U == shared->second;
}

static int note_now(struct journal *journal, const struct decision *decision, uint64_t time)
{
    struct shared *shared = &journal->shared;
    const struct known *process = &journal->known[decision->tid % KNOWN];
    if (!has_room(journal, decision, time))
        return 0;
    const char *kind = kinds[decision->kind];
    const struct seen key = key_of(kind, strlen(kind), decision->path, decision->length);
    if (!admits(journal, time, &key)) {
        shared->summed[decision->kind]++;
        shared->pending = 1;
        return 1;
    }
    struct text body;
    body.length = 0;
    put_body(&body, shared, process, decision, time);
    return append(shared, &body);
}

static uint64_t time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* Write a decision down, or count it. 0 leaves the call to Python. */
static int note(struct journal *journal, const struct decision *decision)
{
    pthread_mutex_lock(&journal->mutex);
    int done = note_now(journal, decision, time_now());
    pthread_mutex_unlock(&journal->mutex);
    return done;
}

/* Whether `note` would do it, for what is written down only once it has been done. */
static int may_note(struct journal *journal, const struct decision *decision)
{
    pthread_mutex_lock(&journal->mutex);
    int may = has_room(journal, decision, time_now());
    pthread_mutex_unlock(&journal->mutex);
    return may;
}

/* ---- for Python: what follows is called with the lock held, but for the first two ---- */

EXPORTED struct journal *nono_journal_new(void)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal) {
        journal->shared.records = journal->shared.seal = -1;
        pthread_mutex_init(&journal->mutex, NULL);
    }
    return journal;
}

EXPORTED void nono_journal_free(struct journal *journal)
{
    pthread_mutex_destroy(&journal->mutex);
    free(journal);
}

EXPORTED void nono_journal_lock(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
}

EXPORTED void nono_journal_unlock(struct journal *journal)
{
    pthread_mutex_unlock(&journal->mutex);
}

EXPORTED int nono_journal_admits(struct journal *journal, uint64_t time, const char *kind,
                                 uint64_t kind_length, const char *about, uint64_t length)
{
    const struct seen key = key_of(kind, kind_length, about, length);
    return admits(journal, time, &key);
}

/* What was written about in this second before there was a journal. */
EXPORTED void nono_journal_see(struct journal *journal, const char *kind, uint64_t kind_length,
                               const char *about, uint64_t length)
{
    const struct seen key = key_of(kind, kind_length, about, length);
    see(journal, &key);
}

/* The caller with this thread id is the process that these bytes of msgpack's tell of. */
EXPORTED void nono_journal_know(struct journal *journal, uint32_t tid, const uint8_t *bytes,
                                uint64_t length)
{
    struct known *known = &journal->known[tid % KNOWN];
    if (length > MAX_KNOWN)
        return;
    known->tid = tid;
    known->length = (uint32_t)length;
    memcpy(known->bytes, bytes, length);
}

EXPORTED void nono_journal_forget(struct journal *journal)
{
    for (int i = 0; i < KNOWN; i++)
        journal->known[i].tid = 0;
}

/* For tests: note a decision at a time. */
EXPORTED int nono_journal_note(struct journal *journal, const struct decision *decision,
                               uint64_t time)
{
    return note_now(journal, decision, time);
}
