/* What the machine can do at most: the yardstick of the benchmarks. */
#include "../common.h"

static float peak(ptrdiff_t rounds) {
    float sum = 0;
    for (ptrdiff_t i = 0; i < rounds * TK_PEAK_FLOP / 2; i++) sum = fmaf(sum, 0.999f, 0.001f);
    return sum;
}

static float read_memory(const float *x, ptrdiff_t count) {
    float sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i];
    return sum;
}
