/* Feeds looks.c with what was asked of it, tampered with, in a block of exactly its size.
 *
 *     looks_fuzz ASKED ROUNDS SEED
 *
 * To be compiled with sanitizers. Says how many were looked at, how many were refused, and the
 * lowest descriptor that is free at the end.
 */
#include "../../../../shims/linux/looks.c"

static uint64_t state;

static uint32_t number(uint32_t below)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static uint8_t *copy(const uint8_t *bytes, size_t size)
{
    uint8_t *made = malloc(size ? size : 1);
    if (!made)
        abort();
    memcpy(made, bytes, size);
    return made;
}

int main(int count, char **words)
{
    static uint8_t whole[1 << 20];
    if (count != 4)
        return 2;
    FILE *file = fopen(words[1], "rb");
    size_t size = file ? fread(whole, 1, sizeof whole, file) : 0;
    if (!size || fclose(file))
        return 2;
    state = strtoull(words[3], NULL, 10) * 0x9e3779b97f4a7c15ULL + 1;
    unsigned looked = 0, refused = 0;
    for (long left = atol(words[2]); left; left--) {
        size_t length = number(3) ? size : number((uint32_t)size + 1);
        uint8_t *asked = copy(whole, length), digest[32];
        for (uint32_t changes = length ? number(4) : 0; changes; changes--)
            asked[number((uint32_t)length)] = number(2) ? (uint8_t)number(256) : (uint8_t)number(3);
        if (nono_looks(asked, length, digest))
            refused++;
        else
            looked++;
        free(asked);
    }
    int descriptor = dup(0);
    printf("%u looked, %u refused, descriptor %d\n", looked, refused, descriptor);
    return 0;
}
