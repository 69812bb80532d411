/* Operations on rows: norms, rotary embedding, gated activation, sums. */
#include "tile.h"

/* ---- RMSNorm ---- */

static TK_TARGET void rmsnorm_vector(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows,
                                     ptrdiff_t columns, float eps) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
        float scale = 1 / sqrtf(sum_of_products(x, x, columns) / (float)columns + eps);
        rstd[r] = scale;
        ptrdiff_t i = 0;
        for (; i + 8 <= columns; i += 8) store8(y + i, load8(x + i) * splat8(scale) * load8(w + i));
        for (; i < columns; i++) y[i] = x[i] * scale * w[i];
    }
}
void tk_rmsnorm_reference(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns,
                          float eps) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
        float scale = 1 / sqrtf(sum_of_products_reference(x, x, columns) / (float)columns + eps);
        rstd[r] = scale;
        for (ptrdiff_t i = 0; i < columns; i++) y[i] = x[i] * scale * w[i];
    }
}
void tk_rmsnorm(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns, float eps) {
    if (tk_vectorized()) rmsnorm_vector(y, rstd, x, w, rows, columns, eps);
    else tk_rmsnorm_reference(y, rstd, x, w, rows, columns, eps);
}

/* With g = dy · w and s = Σ g x:  dx += rstd · g − x · (rstd³ s / columns). */
static TK_TARGET void rmsnorm_backward_vector(float *dx, const float *dy, const float *x, const float *w,
                                              const float *rstd, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        v8 lo = splat8(0), hi = splat8(0);
        ptrdiff_t i = 0;
        for (; i + 16 <= columns; i += 16) {
            lo = fma8(load8(dy + i) * load8(w + i), load8(x + i), lo);
            hi = fma8(load8(dy + i + 8) * load8(w + i + 8), load8(x + i + 8), hi);
        }
        if (i < columns) {
            ptrdiff_t left = columns - i, low = smaller(left, 8);
            lo = fma8(load8_partial(dy + i, low) * load8_partial(w + i, low), load8_partial(x + i, low), lo);
            if (left > 8)
                hi = fma8(load8_partial(dy + i + 8, left - 8) * load8_partial(w + i + 8, left - 8),
                          load8_partial(x + i + 8, left - 8), hi);
        }
        float scale = rstd[r];
        float back = -(scale * scale * scale * tree16(lo, hi) / (float)columns);
        for (i = 0; i + 8 <= columns; i += 8) {
            v8 g = load8(dy + i) * load8(w + i);
            v8 d = fma8(load8(x + i), splat8(back), g * splat8(scale));
            store8(dx + i, load8(dx + i) + d);
        }
        for (; i < columns; i++) {
            float g = dy[i] * w[i];
            dx[i] = dx[i] + fmaf(x[i], back, g * scale);
        }
    }
}
void tk_rmsnorm_backward_reference(float *dx, const float *dy, const float *x, const float *w, const float *rstd,
                                   ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        float sums[16] = {0};
        for (ptrdiff_t i = 0; i < columns; i++) sums[i % 16] = fmaf(dy[i] * w[i], x[i], sums[i % 16]);
        float scale = rstd[r];
        float back = -(scale * scale * scale * tree16_reference(sums) / (float)columns);
        for (ptrdiff_t i = 0; i < columns; i++) {
            float g = dy[i] * w[i];
            dx[i] = dx[i] + fmaf(x[i], back, g * scale);
        }
    }
}
void tk_rmsnorm_backward(float *dx, const float *dy, const float *x, const float *w, const float *rstd, ptrdiff_t rows,
                         ptrdiff_t columns) {
    if (tk_vectorized()) rmsnorm_backward_vector(dx, dy, x, w, rstd, rows, columns);
    else tk_rmsnorm_backward_reference(dx, dy, x, w, rstd, rows, columns);
}

void tk_rmsnorm_weight_backward(float *dw, const float *dy, const float *x, const float *rstd, ptrdiff_t rows,
                                ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns)
        for (ptrdiff_t i = 0; i < columns; i++) dw[i] = dw[i] + dy[i] * (x[i] * rstd[r]);
}

/* ---- Rotary embedding ---- */

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

/* ---- SwiGLU ---- */

static TK_TARGET void swiglu_vector(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += columns, gate_up += 2 * columns) {
        const float *gate = gate_up, *up = gate_up + columns;
        ptrdiff_t i = 0;
        for (; i + 8 <= columns; i += 8) {
            v8 g = load8(gate + i);
            v8 sigmoid = splat8(1) / (splat8(1) + exp8(-g));
            store8(y + i, g * sigmoid * load8(up + i));
        }
        for (; i < columns; i++) {
            float sigmoid = 1 / (1 + exp1(-gate[i]));
            y[i] = gate[i] * sigmoid * up[i];
        }
    }
}
void tk_swiglu_reference(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += columns, gate_up += 2 * columns) {
        for (ptrdiff_t i = 0; i < columns; i++) {
            float sigmoid = 1 / (1 + exp1(-gate_up[i]));
            y[i] = gate_up[i] * sigmoid * gate_up[columns + i];
        }
    }
}
void tk_swiglu(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    if (tk_vectorized()) swiglu_vector(y, gate_up, rows, columns);
    else tk_swiglu_reference(y, gate_up, rows, columns);
}

/* With s = sigmoid(g):  dg = dy · u · (s + g s (1 − s)),  du = dy · g s. */
static TK_TARGET void swiglu_backward_vector(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows,
                                             ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, dy += columns, gate_up += 2 * columns, d_gate_up += 2 * columns) {
        ptrdiff_t i = 0;
        for (; i + 8 <= columns; i += 8) {
            v8 g = load8(gate_up + i), u = load8(gate_up + columns + i), d = load8(dy + i);
            v8 s = splat8(1) / (splat8(1) + exp8(-g));
            v8 gs = g * s;
            store8(d_gate_up + i, d * u * fma8(gs, splat8(1) - s, s));
            store8(d_gate_up + columns + i, d * gs);
        }
        for (; i < columns; i++) {
            float g = gate_up[i], u = gate_up[columns + i], d = dy[i];
            float s = 1 / (1 + exp1(-g)), gs = g * s;
            d_gate_up[i] = d * u * fmaf(gs, 1 - s, s);
            d_gate_up[columns + i] = d * gs;
        }
    }
}
void tk_swiglu_backward_reference(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows,
                                  ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, dy += columns, gate_up += 2 * columns, d_gate_up += 2 * columns) {
        for (ptrdiff_t i = 0; i < columns; i++) {
            float g = gate_up[i], u = gate_up[columns + i], d = dy[i];
            float s = 1 / (1 + exp1(-g)), gs = g * s;
            d_gate_up[i] = d * u * fmaf(gs, 1 - s, s);
            d_gate_up[columns + i] = d * gs;
        }
    }
}
void tk_swiglu_backward(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    if (tk_vectorized()) swiglu_backward_vector(d_gate_up, dy, gate_up, rows, columns);
    else tk_swiglu_backward_reference(d_gate_up, dy, gate_up, rows, columns);
}

/* ---- Sums ---- */

void tk_add(float *y, const float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}
void tk_add_bias(float *y, ptrdiff_t ldy, const float *bias, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++) tk_add(y + r * ldy, bias, columns);
}
void tk_sum_rows(float *sum, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++) tk_add(sum, x + r * ldx, columns);
}

static TK_TARGET void expand_vector(float *y, const float *s, const float *bt, ptrdiff_t columns, ptrdiff_t rank) {
    ptrdiff_t i = 0;
    for (; i + 8 <= columns; i += 8) {
        v8 sum = load8(y + i);
        for (ptrdiff_t j = 0; j < rank; j++) sum = fma8(splat8(s[j]), load8(bt + j * columns + i), sum);
        store8(y + i, sum);
    }
    for (; i < columns; i++)
        for (ptrdiff_t j = 0; j < rank; j++) y[i] = fmaf(s[j], bt[j * columns + i], y[i]);
}
static void expand_reference(float *y, const float *s, const float *bt, ptrdiff_t columns, ptrdiff_t rank) {
    for (ptrdiff_t i = 0; i < columns; i++)
        for (ptrdiff_t j = 0; j < rank; j++) y[i] = fmaf(s[j], bt[j * columns + i], y[i]);
}
void tk_expand(float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt, ptrdiff_t rows,
               ptrdiff_t columns, ptrdiff_t rank) {
    const int vector = tk_vectorized();
    for (ptrdiff_t r = 0; r < rows; r++) {
        if (vector) expand_vector(y + r * ldy, s + r * lds, bt, columns, rank);
        else expand_reference(y + r * ldy, s + r * lds, bt, columns, rank);
    }
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

/* Four rows of g by sixteen columns at a time, in registers while the rows of s and x pass by. */
TK_INLINE void outer_tile(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx,
                          ptrdiff_t rows, ptrdiff_t height, ptrdiff_t width) {
    v8 lo[4], hi[4];
    for (int i = 0; i < 4; i++) lo[i] = hi[i] = splat8(0);
    for (ptrdiff_t row = 0; row < rows; row++, s += lds, x += ldx) {
        const v8 left = width >= 8 ? load8(x) : load8_partial(x, width);
        const v8 right = width >= 16 ? load8(x + 8) : width > 8 ? load8_partial(x + 8, width - 8) : splat8(0);
        TK_UNROLL for (int i = 0; i < 4; i++) {
            const v8 factor = splat8(i < height ? s[i] : 0);
            lo[i] = fma8(factor, left, lo[i]);
            hi[i] = fma8(factor, right, hi[i]);
        }
    }
    for (ptrdiff_t i = 0; i < height; i++, g += ldg) {
        float sums[16];
        store8(sums, lo[i]);
        store8(sums + 8, hi[i]);
        for (ptrdiff_t c = 0; c < width; c++) g[c] += sums[c];
    }
}
static TK_TARGET void outer_vector(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x,
                                   ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t height, ptrdiff_t columns) {
    for (ptrdiff_t c = 0; c < columns; c += 16) {
        const ptrdiff_t width = smaller(columns - c, 16);
        for (ptrdiff_t i = 0; i < height; i += 4) {
            float *target = g + i * ldg + c;
            const ptrdiff_t left = smaller(height - i, 4);
            if (left == 4 && width == 16) outer_tile(target, ldg, s + i, lds, x + c, ldx, rows, 4, 16);
            else if (left == 1 && width == 16) outer_tile(target, ldg, s + i, lds, x + c, ldx, rows, 1, 16);
            else outer_tile(target, ldg, s + i, lds, x + c, ldx, rows, left, width);
        }
    }
}
void tk_outer_reference(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx,
                        ptrdiff_t rows, ptrdiff_t height, ptrdiff_t columns) {
    for (ptrdiff_t i = 0; i < height; i++)
        for (ptrdiff_t c = 0; c < columns; c++) {
            float sum = 0;
            for (ptrdiff_t row = 0; row < rows; row++) sum = fmaf(s[row * lds + i], x[row * ldx + c], sum);
            g[i * ldg + c] += sum;
        }
}
void tk_outer(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx, ptrdiff_t rows,
              ptrdiff_t height, ptrdiff_t columns) {
    if (tk_vectorized()) outer_vector(g, ldg, s, lds, x, ldx, rows, height, columns);
    else tk_outer_reference(g, ldg, s, lds, x, ldx, rows, height, columns);
}

/* ---- exp ---- */

static TK_TARGET void exp_vector(float *y, const float *x, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8) store8(y + i, exp8(load8(x + i)));
    if (i < count) store8_partial(y + i, exp8(load8_partial(x + i, count - i)), count - i);
}
void tk_exp_reference(float *y, const float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = exp1(x[i]);
}
void tk_exp(float *y, const float *x, ptrdiff_t count) {
    if (tk_vectorized()) exp_vector(y, x, count);
    else tk_exp_reference(y, x, count);
}
