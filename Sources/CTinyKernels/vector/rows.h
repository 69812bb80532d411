/* Operations on rows: specified in ../plain/rows.h. */
#include "vectors.h"

/* `narrowed`, sixteen times. */
TK_INLINE u16x16 narrowed16(v16 x) {
    const u32x16 bits = (u32x16)x, sign = bits >> 16 & 0x8000;
    const i32x16 size = (i32x16)(bits & 0x7FFFFFFF);
    const u32x16 rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    const u32x16 is_nan = (u32x16)(size > 0x7F800000), is_small = (u32x16)(size < 0x00800000);
    const u32x16 halves = (rounded & ~is_nan & ~is_small) | (is_nan & 0x7FC0) | sign;
    return __builtin_convertvector(halves, u16x16);
}

static TK_TARGET void round_rows(uint16_t *out, ptrdiff_t ldo, tk_input x) {
    for (ptrdiff_t r = 0; r < x.rows; r++, out += ldo) {
        const float *row = x.data + r * x.stride;
        ptrdiff_t j = 0;
        for (; j + 16 <= x.columns; j += 16) {
            const u16x16 halves = narrowed16(load16(row + j));
            memcpy(out + j, &halves, sizeof halves);
        }
        for (; j < x.columns; j++) out[j] = narrowed(row[j]);
        for (; j < rounded_up(x.columns, TK_TERMS); j++) out[j] = 0;
    }
}

static TK_TARGET void rmsnorm(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows,
                                     ptrdiff_t columns, float eps) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
        float scale = 1 / sqrtf(sum_of_products(x, x, columns) / (float)columns + eps);
        rstd[r] = scale;
        ptrdiff_t i = 0;
        for (; i + 16 <= columns; i += 16) store16(y + i, load16(x + i) * splat16(scale) * load16(w + i));
        for (; i < columns; i++) y[i] = x[i] * scale * w[i];
    }
}

/* With g = dy · w and s = Σ g x:  dx += rstd · g − x · (rstd³ s / columns). */
static TK_TARGET void rmsnorm_backward(float *dx, const float *dy, const float *x, const float *w,
                                              const float *rstd, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, x += columns, dy += columns, dx += columns) {
        v16 sum = splat16(0);
        ptrdiff_t i = 0;
        for (; i + 16 <= columns; i += 16) sum = fma16(load16(dy + i) * load16(w + i), load16(x + i), sum);
        if (i < columns) {
            const ptrdiff_t left = columns - i;
            sum = fma16(load16_partial(dy + i, left) * load16_partial(w + i, left), load16_partial(x + i, left), sum);
        }
        float scale = rstd[r];
        float back = -(scale * scale * scale * tree16(sum) / (float)columns);
        for (i = 0; i + 16 <= columns; i += 16) {
            v16 g = load16(dy + i) * load16(w + i);
            v16 d = fma16(load16(x + i), splat16(back), g * splat16(scale));
            store16(dx + i, load16(dx + i) + d);
        }
        for (; i < columns; i++) {
            float g = dy[i] * w[i];
            dx[i] = dx[i] + fmaf(x[i], back, g * scale);
        }
    }
}

static TK_TARGET void swiglu(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += columns, gate_up += 2 * columns) {
        const float *gate = gate_up, *up = gate_up + columns;
        ptrdiff_t i = 0;
        for (; i + 16 <= columns; i += 16) {
            v16 g = load16(gate + i);
            v16 sigmoid = splat16(1) / (splat16(1) + exp16(-g));
            store16(y + i, g * sigmoid * load16(up + i));
        }
        for (; i < columns; i++) {
            float sigmoid = 1 / (1 + exp1(-gate[i]));
            y[i] = gate[i] * sigmoid * up[i];
        }
    }
}

/* With s = sigmoid(g):  dg = dy · u · (s + g s (1 − s)),  du = dy · g s. */
static TK_TARGET void swiglu_backward(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows,
                                             ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, dy += columns, gate_up += 2 * columns, d_gate_up += 2 * columns) {
        ptrdiff_t i = 0;
        for (; i + 16 <= columns; i += 16) {
            v16 g = load16(gate_up + i), u = load16(gate_up + columns + i), d = load16(dy + i);
            v16 s = splat16(1) / (splat16(1) + exp16(-g));
            v16 gs = g * s;
            store16(d_gate_up + i, d * u * fma16(gs, splat16(1) - s, s));
            store16(d_gate_up + columns + i, d * gs);
        }
        for (; i < columns; i++) {
            float g = gate_up[i], u = gate_up[columns + i], d = dy[i];
            float s = 1 / (1 + exp1(-g)), gs = g * s;
            d_gate_up[i] = d * u * fmaf(gs, 1 - s, s);
            d_gate_up[columns + i] = d * gs;
        }
    }
}

/* `rank` numbers of a row stay in registers; while the first row is computed, the factor's next columns are fetched, which the
   next block of the product will want. */
TK_INLINE void expand_fixed(const int rank, float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt,
                            ptrdiff_t ldb, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += ldy, s += lds) {
        v16 factors[8];
        TK_UNROLL for (int j = 0; j < rank; j++) factors[j] = splat16(s[j]);
        ptrdiff_t i = 0;
        _Pragma("clang loop unroll_count(4)") for (; i + 16 <= columns; i += 16) {
            v16 sum = load16(y + i);
            if (r == 0) TK_UNROLL for (int j = 0; j < rank; j++) __builtin_prefetch(bt + j * ldb + columns + i);
            TK_UNROLL for (int j = 0; j < rank; j++) sum = fma16(factors[j], load16(bt + j * ldb + i), sum);
            store16(y + i, sum);
        }
        for (; i < columns; i++) TK_UNROLL for (int j = 0; j < rank; j++) y[i] = fmaf(s[j], bt[j * ldb + i], y[i]);
    }
}

static TK_TARGET void expand(float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt, ptrdiff_t ldb,
                             ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t rank) {
    for (; rank >= 8; rank -= 8, s += 8, bt += 8 * ldb) expand_fixed(8, y, ldy, s, lds, bt, ldb, rows, columns);
    if (rank >= 4) {
        expand_fixed(4, y, ldy, s, lds, bt, ldb, rows, columns);
        rank -= 4, s += 4, bt += 4 * ldb;
    }
    switch (rank) {
    case 1: expand_fixed(1, y, ldy, s, lds, bt, ldb, rows, columns); break;
    case 2: expand_fixed(2, y, ldy, s, lds, bt, ldb, rows, columns); break;
    case 3: expand_fixed(3, y, ldy, s, lds, bt, ldb, rows, columns); break;
    }
}

/* Four rows of g by sixteen columns at a time, in registers while the rows of s and x pass by. */
TK_INLINE void outer_tile(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx,
                          ptrdiff_t rows, ptrdiff_t height, ptrdiff_t width) {
    v16 sums[4];
    for (int i = 0; i < 4; i++) sums[i] = splat16(0);
    for (ptrdiff_t row = 0; row < rows; row++, s += lds, x += ldx) {
        const v16 right = width == 16 ? load16(x) : load16_partial(x, width);
        TK_UNROLL for (int i = 0; i < 4; i++) sums[i] = fma16(splat16(i < height ? s[i] : 0), right, sums[i]);
    }
    for (ptrdiff_t i = 0; i < height; i++, g += ldg)
        for (ptrdiff_t c = 0; c < width; c++) g[c] += sums[i][c];
}

static TK_TARGET void outer(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x,
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

static TK_TARGET void exponential(float *y, const float *x, ptrdiff_t count) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) store16(y + i, exp16(load16(x + i)));
    if (i < count) store16_partial(y + i, exp16(load16_partial(x + i, count - i)), count - i);
}
