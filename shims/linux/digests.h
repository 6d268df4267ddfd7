/* What the files of an audit are checked by: SHA-256 (FIPS 180-4), CRC-32 (ISO 3309). */

#include "digest_blocks.h"

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
