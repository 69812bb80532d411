/* What the machine can do at most: the yardstick of the benchmarks. */
#include "tile.h"

static TK_TARGET float peak_vector(ptrdiff_t rounds) {
    v8 sums[12];
    for (int i = 0; i < 12; i++) sums[i] = splat8((float)i);
    const v8 a = splat8(0.999f), b = splat8(0.001f);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        TK_UNROLL for (int i = 0; i < 12; i++) sums[i] = fma8(sums[i], a, b);
        TK_UNROLL for (int i = 0; i < 12; i++) sums[i] = fma8(sums[i], a, b);
    }
    v8 total = splat8(0);
    for (int i = 0; i < 12; i++) total = total + sums[i];
    return total[0] + total[7];
}
float tk_peak(ptrdiff_t rounds) { return tk_vectorized() ? peak_vector(rounds) : 0; }

static TK_TARGET float read_vector(const float *x, ptrdiff_t count) {
    const ptrdiff_t part = count / 6;
    v8 sums[6];
    for (int s = 0; s < 6; s++) sums[s] = splat8(0);
    for (ptrdiff_t i = 0; i + 8 <= part; i += 8) {
        TK_UNROLL for (int s = 0; s < 6; s++) sums[s] = sums[s] + load8(x + s * part + i);
    }
    v8 total = sums[0] + sums[1] + sums[2] + sums[3] + sums[4] + sums[5];
    return tree16(total, splat8(0));
}
float tk_read(const float *x, ptrdiff_t count) {
    if (tk_vectorized()) return read_vector(x, count);
    float sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i];
    return sum;
}
