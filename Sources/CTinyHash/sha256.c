#include "tiny_hash.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int th_sha256_available(void) {
    unsigned a, b, c, d;
    const int has_sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
    return has_sha && __get_cpuid(1, &a, &b, &c, &d) && (c >> 9 & 1) && (c >> 19 & 1); /* SSSE3, SSE4.1 */
}

/* The instructions keep the words as ABEF and CDGH, highest first, and compute two rounds each. */
__attribute__((target("sha,ssse3,sse4.1"))) void th_sha256_absorb(uint32_t state[8], const void *data, size_t blocks,
                                                                   const uint32_t constants[64]) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i dcba = _mm_loadu_si128((const __m128i *)state), hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    const __m128i *block = data;
    for (; blocks > 0; blocks--, block += 4) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i words[4]; /* the 16 latest words of the schedule */
        for (int i = 0; i < 4; i++) words[i] = _mm_shuffle_epi8(_mm_loadu_si128(block + i), big_endian);
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) { /* four rounds each */
            if (i >= 4) {
                const __m128i seven = _mm_alignr_epi8(words[(i + 3) % 4], words[(i + 2) % 4], 4);
                const __m128i early = _mm_sha256msg1_epu32(words[i % 4], words[(i + 1) % 4]);
                words[i % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(early, seven), words[(i + 3) % 4]);
            }
            const __m128i sum =
                _mm_add_epi32(words[i % 4], _mm_loadu_si128((const __m128i *)(constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

int th_sha256_available(void) {
#if defined(__APPLE__)
    return 1;
#elif defined(__linux__)
    return (int)(getauxval(AT_HWCAP) >> 6 & 1); /* HWCAP_SHA2 */
#else
    return 0;
#endif
}

__attribute__((target("sha2"))) void th_sha256_absorb(uint32_t state[8], const void *data, size_t blocks,
                                                      const uint32_t constants[64]) {
    uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);
    const uint8_t *block = data;
    for (; blocks > 0; blocks--, block += 64) {
        const uint32x4_t abcd_before = abcd, efgh_before = efgh;
        uint32x4_t words[4]; /* the 16 latest words of the schedule */
        for (int i = 0; i < 4; i++) words[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(block + 16 * i)));
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) { /* four rounds each */
            if (i >= 4)
                words[i % 4] = vsha256su1q_u32(vsha256su0q_u32(words[i % 4], words[(i + 1) % 4]), words[(i + 2) % 4],
                                               words[(i + 3) % 4]);
            const uint32x4_t sum = vaddq_u32(words[i % 4], vld1q_u32(constants + 4 * i)), old = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, old, sum);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(state, abcd);
    vst1q_u32(state + 4, efgh);
}

#else
int th_sha256_available(void) { return 0; }
void th_sha256_absorb(uint32_t state[8], const void *data, size_t blocks, const uint32_t constants[64]) {
    (void)state, (void)data, (void)blocks, (void)constants;
}
#endif
