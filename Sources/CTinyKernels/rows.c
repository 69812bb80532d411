/* Operations on rows that have one version for all processors: they only move memory, or are small. */
#include "common.h"

void tk_rmsnorm_weight_backward(float *dw, const float *dy, const float *x, const float *rstd, ptrdiff_t rows,
                                ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns)
        for (ptrdiff_t i = 0; i < columns; i++) dw[i] = dw[i] + dy[i] * (x[i] * rstd[r]);
}

void tk_rotary(float *x, const float *cosine, const float *sine, ptrdiff_t heads, ptrdiff_t width, int inverse) {
    const ptrdiff_t half = width / 2;
    for (ptrdiff_t h = 0; h < heads; h++, x += width) {
        for (ptrdiff_t i = 0; i < half; i++) {
            float a = x[i], b = x[i + half], s = inverse ? -sine[i] : sine[i];
            x[i] = a * cosine[i] - b * s;
            x[i + half] = b * cosine[i] + a * s;
        }
    }
}

void tk_add(float *y, const float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

void tk_add_bias(float *y, ptrdiff_t ldy, const float *bias, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++) tk_add(y + r * ldy, bias, columns);
}

void tk_sum_rows(float *sum, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++) tk_add(sum, x + r * ldx, columns);
}

void tk_mix(float *s, ptrdiff_t lds, const float *t, ptrdiff_t ldt, const float *r, ptrdiff_t rows, ptrdiff_t rank,
            int transposed) {
    const ptrdiff_t across = transposed ? rank : 1, down = transposed ? 1 : rank;
    for (ptrdiff_t row = 0; row < rows; row++, s += lds, t += ldt) {
        for (ptrdiff_t i = 0; i < rank; i++) {
            float sum = 0;
            for (ptrdiff_t j = 0; j < rank; j++) sum += r[i * down + j * across] * t[j];
            s[i] = sum;
        }
    }
}

void tk_mix_gradient(float *dr, const float *ds, ptrdiff_t ldds, const float *t, ptrdiff_t ldt, ptrdiff_t rows,
                     ptrdiff_t rank) {
    for (ptrdiff_t row = 0; row < rows; row++, ds += ldds, t += ldt)
        for (ptrdiff_t i = 0; i < rank; i++)
            for (ptrdiff_t j = 0; j < rank; j++) dr[i * rank + j] += ds[i] * t[j];
}
