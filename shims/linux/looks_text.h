/* Bytes that grow up to a bound. What does not fit, or finds no memory, is lost, and that is kept:
 * nobody goes by the rest.
 */
#define MAX_TEXT ((size_t)1 << 25)

struct text {
    uint8_t *bytes;
    size_t length, room;
    int is_lost;
};

static void *grown(struct text *text, size_t more)
{
    if (text->is_lost || more > MAX_TEXT || text->length + more > MAX_TEXT) {
        text->is_lost = 1;
        return NULL;
    }
    if (!text->bytes || text->length + more > text->room) {
        size_t room = 2 * (text->length + more) + 4096;
        void *moved = realloc(text->bytes, room);
        if (!moved) {
            text->is_lost = 1;
            return NULL;
        }
        text->bytes = moved;
        text->room = room;
    }
    void *added = text->bytes + text->length;
    text->length += more;
    return added;
}

static void add(struct text *text, const void *bytes, size_t length)
{
    void *added = grown(text, length);
    if (added && length)
        memcpy(added, bytes, length);
}

static void add_words(struct text *text, const char *words)
{
    add(text, words, strlen(words));
}

static void add_number(struct text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    add(text, digits + at, sizeof digits - at);
}

static void add_signed(struct text *text, int64_t number)
{
    if (number < 0)
        add(text, "-", 1);
    add_number(text, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

static void add_hexadecimal(struct text *text, const uint8_t *bytes, size_t length)
{
    for (; length; length--, bytes++) {
        add(text, &"0123456789abcdef"[*bytes >> 4], 1);
        add(text, &"0123456789abcdef"[*bytes & 15], 1);
    }
}
