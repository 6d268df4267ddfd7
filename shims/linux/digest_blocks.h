/* SHA-256 (FIPS 180-4) block by block: by the processor's own instructions where it has them, which
 * take a fifth of the time, and otherwise in plain C.
 *
 * Source: the SHA extensions in Intel's Software Developer's Manual, volume 2.
 */
static const uint32_t digest_constants[64] = {
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

static uint32_t turned(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        h += (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) +               \
             digest_constants[i] + words[i];                                                       \
        d += h;                                                                                    \
        h += (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));       \
    } while (0)

static void digest_block(uint32_t state[8], const uint8_t *block)
{
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

static void digest_in_c(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    for (; count; count--, blocks += 64)
        digest_block(state, blocks);
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static int has_instructions(void)
{
    const unsigned ssse3_and_sse41 = 1U << 9 | 1U << 19, sha = 1U << 29;
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & ssse3_and_sse41) == ssse3_and_sse41 &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & sha;
}

/* The instructions have the state's words in another order, and four rounds' words in one register. */
__attribute__((target("sha,sse4.1"))) static void
digest_by_instructions(uint32_t state[8], const uint8_t *blocks, size_t count)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i first = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i second = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(first, second, 8), cdgh = _mm_blend_epi16(second, first, 0xf0);
    for (; count; count--, blocks += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i words[4];
        for (int i = 0; i < 4; i++)
            words[i] = _mm_shuffle_epi8(
                _mm_loadu_si128((const __m128i *)(blocks + 16 * i)), big_endian);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            __m128i *word = &words[i & 3];
            const __m128i last = words[(i + 3) & 3];
            const __m128i *four = (const __m128i *)(digest_constants + 4 * i);
            __m128i sum = _mm_add_epi32(*word, _mm_loadu_si128(four));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            if (i >= 12)
                continue;
            sum = _mm_add_epi32(_mm_sha256msg1_epu32(*word, words[(i + 1) & 3]),
                                _mm_alignr_epi8(last, words[(i + 2) & 3], 4));
            *word = _mm_sha256msg2_epu32(sum, last);
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    first = _mm_shuffle_epi32(abef, 0x1b);
    second = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(first, second, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(second, first, 8));
}
#else
#define digest_by_instructions digest_in_c

static int has_instructions(void)
{
    return 0;
}
#endif

typedef void digesting(uint32_t state[8], const uint8_t *blocks, size_t count);

/* Asked of the processor once: under a hypervisor that may take longer than a digest. */
static digesting *fastest_digest(void)
{
    static digesting *found;
    digesting *known = __atomic_load_n(&found, __ATOMIC_RELAXED);
    if (!known) {
        known = has_instructions() ? digest_by_instructions : digest_in_c;
        __atomic_store_n(&found, known, __ATOMIC_RELAXED);
    }
    return known;
}

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
