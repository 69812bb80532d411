/* The ends of the language-model head: log-sum-exp over chunks of the vocabulary and its gradient. */
#include "../common.h"

static void chunk_exp(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature) {
    float largest = -INFINITY, lanes[16] = {0};
    int is_number = 1;
    for (ptrdiff_t i = 0; i < count; i++) {
        float x = logits[i] * inverse_temperature;
        largest = x > largest ? x : largest;
        is_number &= x == x;
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        exps[i] = exp1(logits[i] * inverse_temperature - largest);
        lanes[i % 16] += exps[i];
    }
    sums[0] = is_number ? largest : NAN;
    sums[1] = tree16_plain(lanes);
}

static void chunk_gradient(float *logits, ptrdiff_t count, ptrdiff_t target, float factor, float inverse_temperature,
                           float largest, float inverse_sum) {
    const float scale = factor * inverse_temperature;
    for (ptrdiff_t i = 0; i < count; i++)
        logits[i] = -scale * (exp1(logits[i] * inverse_temperature - largest) * inverse_sum);
    if (target >= 0) logits[target] += scale;
}
