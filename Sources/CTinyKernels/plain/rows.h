/* Operations on rows: rounding, norms, gated activation, sums, exp. */
#include "../common.h"

static void round_rows(uint16_t *out, ptrdiff_t ldo, tk_input x) {
    for (ptrdiff_t r = 0; r < x.rows; r++, out += ldo) {
        const float *row = x.data + r * x.stride;
        for (ptrdiff_t j = 0; j < x.columns; j++) out[j] = narrowed(row[j]);
        for (ptrdiff_t j = x.columns; j < rounded_up(x.columns, TK_TERMS); j++) out[j] = 0;
    }
}

static void rmsnorm(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns, float eps) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
        float scale = 1 / sqrtf(sum_of_products_plain(x, x, columns) / (float)columns + eps);
        rstd[r] = scale;
        for (ptrdiff_t i = 0; i < columns; i++) y[i] = x[i] * scale * w[i];
    }
}

static void rmsnorm_backward(float *dx, const float *dy, const float *x, const float *w, const float *rstd, ptrdiff_t
                             rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        float sums[16] = {0};
        for (ptrdiff_t i = 0; i < columns; i++) sums[i % 16] = fmaf(dy[i] * w[i], x[i], sums[i % 16]);
        float scale = rstd[r];
        float back = -(scale * scale * scale * tree16_plain(sums) / (float)columns);
        for (ptrdiff_t i = 0; i < columns; i++) {
            float g = dy[i] * w[i];
            dx[i] = dx[i] + fmaf(x[i], back, g * scale);
        }
    }
}

static void swiglu(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += columns, gate_up += 2 * columns) {
        for (ptrdiff_t i = 0; i < columns; i++) {
            float sigmoid = 1 / (1 + exp1(-gate_up[i]));
            y[i] = gate_up[i] * sigmoid * gate_up[columns + i];
        }
    }
}

static void swiglu_backward(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, dy += columns, gate_up += 2 * columns, d_gate_up += 2 * columns) {
        for (ptrdiff_t i = 0; i < columns; i++) {
            float g = gate_up[i], u = gate_up[columns + i], d = dy[i];
            float s = 1 / (1 + exp1(-g)), gs = g * s;
            d_gate_up[i] = d * u * fmaf(gs, 1 - s, s);
            d_gate_up[columns + i] = d * gs;
        }
    }
}

static void expand(float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt, ptrdiff_t ldb,
                   ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t rank) {
    for (ptrdiff_t r = 0; r < rows; r++, y += ldy, s += lds)
        for (ptrdiff_t i = 0; i < columns; i++)
            for (ptrdiff_t j = 0; j < rank; j++) y[i] = fmaf(s[j], bt[j * ldb + i], y[i]);
}

static void outer(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx, ptrdiff_t rows,
                  ptrdiff_t height, ptrdiff_t columns) {
    for (ptrdiff_t i = 0; i < height; i++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            float sum = 0;
            for (ptrdiff_t row = 0; row < rows; row++) sum = fmaf(s[row * lds + i], x[row * ldx + c], sum);
            g[i * ldg + c] += sum;
        }
}

static void exponential(float *y, const float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = exp1(x[i]);
}
