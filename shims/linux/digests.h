/* What the files of an audit are checked by: SHA-256 (FIPS 180-4), CRC-32 (ISO 3309). */

#include "digest_blocks.h"

static void digest_with(digesting *digest_blocks, const uint8_t *bytes, size_t length,
                        uint8_t digest[32])
{
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t end[128] = {0};
    size_t done = length & ~(size_t)63, rest = length - done, last = rest < 56 ? 64 : 128;
    digest_blocks(state, bytes, done / 64);
    memcpy(end, bytes + done, rest);
    end[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        end[last - 1 - (size_t)i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
    digest_blocks(state, end, last / 64);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void digest_of(const uint8_t *bytes, size_t length, uint8_t digest[32])
{
    digest_with(fastest_digest(), bytes, length, digest);
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
