/* Writes decisions of the lane down as the audit in Python would, into the same files.
 *
 * One chain is written from two sides, so what tells its end is shared, under a lock that each side
 * holds while it writes a record: broker/audit/chain.py says what a record and the seal are,
 * broker/audit/records.py what is in them, broker/audit/pace.py what is counted instead. Whatever
 * is not as usual (a caller that is not known, a file that is full, an error) is left to Python,
 * with nothing written.
 */
#include <pthread.h>
#include <stdlib.h>

#include "digests.h"
#include "journal_record.h"

#define KNOWN 64
#define SLOTS 4096 /* a power of two, more than are ever written in a second */

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

struct journal {
    struct shared shared;
    pthread_mutex_t mutex;
    uint32_t used;
    struct seen seen[SLOTS];
    struct known known[KNOWN];
};

/* ---- the chain ---- */

/* 0 or an errno. */
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
    ssize_t written = pwrite(shared->seal, text.bytes, text.length, 0);
    if (written == (ssize_t)text.length)
        return 0;
    return written < 0 ? errno : ENOSPC;
}

/* 0 or an errno. A short write does not say what stood in the way; the one of the rest does. */
static int write_record(const struct shared *shared, const struct text *record)
{
    for (size_t done = 0; done < record->length;) {
        ssize_t written = write(shared->records, record->bytes + done, record->length - done);
        if (written <= 0)
            return written < 0 ? errno : ENOSPC;
        done += (size_t)written;
    }
    return 0;
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
    shared->error = write_record(shared, &record);
    if (!shared->error)
        shared->error = write_seal(&after);
    if (shared->error)
        return 0;
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
    put_body(&body, shared->digest, shared->count, process, decision, time);
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
