/* What the machine can do at most: the yardstick of the benchmarks. */
#include "vectors.h"

#define PEAK_SUMS (TK_TILE_ROWS) /* of 16 floats: enough that each addition need not wait for the one before */

static TK_TARGET float peak(ptrdiff_t rounds) {
    v16 sums[PEAK_SUMS];
    for (int i = 0; i < PEAK_SUMS; i++) sums[i] = splat16((float)i);
    const v16 a = splat16(0.999f), b = splat16(0.001f);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        TK_UNROLL for (int repeat = 0; repeat < TK_PEAK_FLOP / 32 / PEAK_SUMS; repeat++) {
            TK_UNROLL for (int i = 0; i < PEAK_SUMS; i++) sums[i] = fma16(sums[i], a, b);
        }
    }
    v16 total = splat16(0);
    for (int i = 0; i < PEAK_SUMS; i++) total = total + sums[i];
    return total[0] + total[15];
}

static TK_TARGET float read_memory(const float *x, ptrdiff_t count) {
    const ptrdiff_t part = count / 6;
    v16 sums[6];
    for (int s = 0; s < 6; s++) sums[s] = splat16(0);
    for (ptrdiff_t i = 0; i + 16 <= part; i += 16) {
        TK_UNROLL for (int s = 0; s < 6; s++) sums[s] = sums[s] + load16(x + s * part + i);
    }
    return tree16(sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5]);
}
