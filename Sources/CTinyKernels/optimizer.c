/* AdamW: decoupled weight decay, bias-corrected moments (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2). */
#include "common.h"

void tk_adamw(float *w, float *first, float *second, const float *gradient, ptrdiff_t count, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2, float gradient_scale) {
    for (ptrdiff_t i = 0; i < count; i++) {
        float g = gradient[i] * gradient_scale;
        first[i] = beta1 * first[i] + (1 - beta1) * g;
        second[i] = beta2 * second[i] + (1 - beta2) * (g * g);
        float step = first[i] * correction1 / (sqrtf(second[i] * correction2) + epsilon);
        w[i] = w[i] - rate * (step + decay * w[i]);
    }
}

double tk_sum_squares(const float *x, ptrdiff_t count) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += (double)x[i] * x[i];
    return sum;
}
