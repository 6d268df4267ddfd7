/* A decision of the lane as a record of the audit: broker/audit/records.py says what is in one.
 *
 * Source: the msgpack specification.
 */
#define KINDS 4
#define MAX_KNOWN 1024
#define MAX_ORIGIN 1024
#define MAX_RECORD (2 * MAX_PATH + MAX_KNOWN + MAX_ORIGIN + 512)

struct known {
    uint32_t tid, length;
    uint8_t bytes[MAX_KNOWN];
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

/* What the digest of a record covers: the digest before it and its number come first. */
static void put_body(struct text *text, const uint8_t before[32], uint64_t number,
                     const struct known *process, const struct decision *decision, uint64_t time)
{
    put_byte(text, LIST | 4);
    put_bytes(text, before, 32);
    put_uint(text, number);
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
