/* The ends of the language-model head: log-sum-exp over chunks of the vocabulary and its gradient. */
#include "tile.h"

static TK_TARGET void chunk_exp_vector(float *exps, float *sums, const float *logits, ptrdiff_t count,
                                       float inverse_temperature) {
    const v8 factor = splat8(inverse_temperature);
    v8 top = splat8(-INFINITY);
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) top = max8(top, load8(logits + i) * factor);
    float largest = -INFINITY;
    for (int j = 0; j < 8; j++) largest = top[j] > largest ? top[j] : largest;
    for (; i < count; i++) {
        float x = logits[i] * inverse_temperature;
        largest = x > largest ? x : largest;
    }
    const v8 least = splat8(largest);
    v8 lo = splat8(0), hi = splat8(0);
    for (i = 0; i + 16 <= count; i += 16) {
        v8 a = exp8(load8(logits + i) * factor - least), b = exp8(load8(logits + i + 8) * factor - least);
        store8(exps + i, a);
        store8(exps + i + 8, b);
        lo = lo + a;
        hi = hi + b;
    }
    float tail[16] = {0};
    for (ptrdiff_t j = 0; i + j < count; j++) exps[i + j] = tail[j] = exp1(logits[i + j] * inverse_temperature - largest);
    sums[0] = largest;
    sums[1] = tree16(lo + load8(tail), hi + load8(tail + 8));
}
void tk_chunk_exp_reference(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature) {
    float largest = -INFINITY, lanes[16] = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        float x = logits[i] * inverse_temperature;
        largest = x > largest ? x : largest;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        exps[i] = exp1(logits[i] * inverse_temperature - largest);
        lanes[i % 16] += exps[i];
    }
    sums[0] = largest;
    sums[1] = tree16_reference(lanes);
}
void tk_chunk_exp(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature) {
    if (tk_vectorized()) chunk_exp_vector(exps, sums, logits, count, inverse_temperature);
    else tk_chunk_exp_reference(exps, sums, logits, count, inverse_temperature);
}

static TK_TARGET void chunk_gradient_vector(float *logits, ptrdiff_t count, float scale, float inverse_temperature,
                                            float largest, float inverse_sum) {
    const v8 factor = splat8(inverse_temperature), least = splat8(largest);
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) {
        v8 probability = exp8(load8(logits + i) * factor - least) * splat8(inverse_sum);
        store8(logits + i, splat8(-scale) * probability);
    }
    for (; i < count; i++) logits[i] = -scale * (exp1(logits[i] * inverse_temperature - largest) * inverse_sum);
}
static void chunk_gradient_plain(float *logits, ptrdiff_t count, float scale, float inverse_temperature, float largest,
                                 float inverse_sum) {
    for (ptrdiff_t i = 0; i < count; i++)
        logits[i] = -scale * (exp1(logits[i] * inverse_temperature - largest) * inverse_sum);
}
void tk_chunk_gradient(float *logits, ptrdiff_t count, ptrdiff_t target, float factor, float inverse_temperature,
                       float largest, float inverse_sum) {
    const float scale = factor * inverse_temperature;
    if (tk_vectorized()) chunk_gradient_vector(logits, count, scale, inverse_temperature, largest, inverse_sum);
    else chunk_gradient_plain(logits, count, scale, inverse_temperature, largest, inverse_sum);
    if (target >= 0) logits[target] += scale;
}
void tk_chunk_gradient_reference(float *logits, ptrdiff_t count, ptrdiff_t target, float factor,
                                 float inverse_temperature, float largest, float inverse_sum) {
    const float scale = factor * inverse_temperature;
    chunk_gradient_plain(logits, count, scale, inverse_temperature, largest, inverse_sum);
    if (target >= 0) logits[target] += scale;
}
