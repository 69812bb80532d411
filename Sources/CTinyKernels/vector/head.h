/* The ends of the language-model head: specified in ../plain/head.h. */
#include "vectors.h"

static TK_TARGET void chunk_exp(float *exps, float *sums, const float *logits, ptrdiff_t count,
                                float inverse_temperature) {
    const v16 factor = splat16(inverse_temperature);
    v16 top = splat16(-INFINITY);
    i32x16 strange = {0};
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const v16 x = load16(logits + i) * factor;
        top = max16(top, x);
        strange |= x != x;
    }
    float largest = largest16(top, -INFINITY);
    int is_number = !__builtin_reduce_or(strange);
    for (; i < count; i++) {
        float x = logits[i] * inverse_temperature;
        largest = x > largest ? x : largest;
        is_number &= x == x;
    }
    const v16 least = splat16(largest);
    v16 sum = splat16(0);
    for (i = 0; i + 16 <= count; i += 16) {
        const v16 e = exp16(load16(logits + i) * factor - least);
        store16(exps + i, e);
        sum = sum + e;
    }
    float tail[16] = {0};
    for (ptrdiff_t j = 0; i + j < count; j++) exps[i + j] = tail[j] = exp1(logits[i + j] * inverse_temperature - largest);
    sums[0] = is_number ? largest : NAN;
    sums[1] = tree16(sum + load16(tail));
}

static TK_TARGET void chunk_gradient(float *logits, ptrdiff_t count, ptrdiff_t target, float factor,
                                     float inverse_temperature, float largest, float inverse_sum) {
    const float scale = factor * inverse_temperature;
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        v16 probability = exp16(load16(logits + i) * splat16(inverse_temperature) - splat16(largest));
        store16(logits + i, splat16(-scale) * (probability * splat16(inverse_sum)));
    }
    for (; i < count; i++) logits[i] = -scale * (exp1(logits[i] * inverse_temperature - largest) * inverse_sum);
    if (target >= 0) logits[target] += scale;
}
