/* Products of activation rows with packed weights, and their transpose. */
#include "tile.h"

int tk_vectorized(void) {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 1;
#endif
}

/* Rows kept together while the panels pass by: 64 rows of 896 floats fill a quarter of a 1 MiB second-level cache. */
#define ROW_BLOCK 64
/* The same for the transpose, whose panels must be turned around first: more rows repay that. */
#define TRANSPOSED_ROW_BLOCK 256

/* ---- y = x · wᵀ ---- */

/* 1 to 3 rows are bound by memory: several panels at once are several streams of reads. */
TK_INLINE void few_rows(const int mr, const int np, const tk_format format, float *y, ptrdiff_t ldy, const float *x,
                        ptrdiff_t ldx, const char *panels, ptrdiff_t k, int add) {
    for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
        tile_fixed(mr, np, format, smaller(TK_BLOCK, k - from), x + from, ldx, panels + from * group_bytes(format), k,
                   y, ldy, add || from > 0);
    }
}

/* A tile whose last columns do not exist is computed beside the matrix. */
TK_INLINE void edge_copy(float *to, ptrdiff_t ldto, const float *from, ptrdiff_t ldfrom, ptrdiff_t rows,
                         ptrdiff_t columns) {
    for (ptrdiff_t r = 0; r < rows; r++) memcpy(to + r * ldto, from + r * ldfrom, (size_t)columns * sizeof(float));
}

TK_INLINE void matmul(const tk_format format, tk_view y, tk_input x, const tk_panels *w, int add) {
    const ptrdiff_t n = w->outputs, k = w->inputs, whole = n / TK_PANEL, panel_bytes = k * group_bytes(format);
    const char *panels = w->data;
    for (ptrdiff_t row = 0; row < x.rows; row += ROW_BLOCK) {
        const ptrdiff_t rows = smaller(ROW_BLOCK, x.rows - row);
        const float *xs = x.data + row * x.stride;
        float *ys = y.data + row * y.stride;
        ptrdiff_t p = 0;
        if (rows == 1) {
            for (; p + 6 <= whole; p += 6)
                few_rows(1, 6, format, ys + p * TK_PANEL, y.stride, xs, x.stride, panels + p * panel_bytes, k, add);
        } else if (rows == 2) {
            for (; p + 3 <= whole; p += 3)
                few_rows(2, 3, format, ys + p * TK_PANEL, y.stride, xs, x.stride, panels + p * panel_bytes, k, add);
        } else if (rows == 3) {
            for (; p + 2 <= whole; p += 2)
                few_rows(3, 2, format, ys + p * TK_PANEL, y.stride, xs, x.stride, panels + p * panel_bytes, k, add);
        }
        for (; p * TK_PANEL < n; p++) {
            const char *panel = panels + p * panel_bytes;
            const ptrdiff_t columns = smaller(TK_PANEL, n - p * TK_PANEL);
            ptrdiff_t mr;
            for (ptrdiff_t i = 0; i < rows; i += mr) {
                mr = tile_rows(rows - i);
                float edge[TK_TILE_ROWS * TK_PANEL];
                float *out = ys + i * y.stride + p * TK_PANEL;
                float *target = columns == TK_PANEL ? out : edge;
                const ptrdiff_t ldt = columns == TK_PANEL ? y.stride : TK_PANEL;
                if (target == edge && add) edge_copy(edge, TK_PANEL, out, y.stride, mr, columns);
                for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
                    tile(mr, format, smaller(TK_BLOCK, k - from), xs + i * x.stride + from, x.stride,
                         panel + from * group_bytes(format), target, ldt, add || from > 0);
                }
                if (target == edge) edge_copy(out, y.stride, edge, TK_PANEL, mr, columns);
            }
        }
    }
}

static TK_TARGET void matmul_vector(tk_view y, tk_input x, const tk_panels *w, int add) {
    switch (w->format) {
    case TK_F32: matmul(TK_F32, y, x, w, add); break;
    case TK_BF16: matmul(TK_BF16, y, x, w, add); break;
    }
}

/* One element of w[n, k]. */
static inline float panel_element(const tk_panels *w, ptrdiff_t n, ptrdiff_t j) {
    const char *panel = (const char *)w->data + n / TK_PANEL * w->inputs * group_bytes(w->format);
    return group_element(panel + j * group_bytes(w->format), w->format, n % TK_PANEL);
}

void tk_matmul_reference(tk_view y, tk_input x, const tk_panels *w, int add) {
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        for (ptrdiff_t o = 0; o < w->outputs; o++) {
            float *out = y.data + i * y.stride + o, total = add ? *out : 0;
            for (ptrdiff_t from = 0; from < w->inputs; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t j = from; j < smaller(from + TK_BLOCK, w->inputs); j++)
                    sum = fmaf(x.data[i * x.stride + j], panel_element(w, o, j), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            *out = total;
        }
    }
}

void tk_matmul(tk_view y, tk_input x, const tk_panels *w, int add) {
    if (tk_vectorized() && w->inputs > 0) matmul_vector(y, x, w, add);
    else tk_matmul_reference(y, x, w, add);
}

/* ---- dx = dy · w ---- */

TK_INLINE void transpose8(v8 *r) {
    v8 t[8];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    v8 s[8];
    for (int h = 0; h < 2; h++) {
        s[4 * h] = __builtin_shufflevector(t[4 * h], t[4 * h + 2], 0, 1, 8, 9, 4, 5, 12, 13);
        s[4 * h + 1] = __builtin_shufflevector(t[4 * h + 1], t[4 * h + 3], 0, 1, 8, 9, 4, 5, 12, 13);
        s[4 * h + 2] = __builtin_shufflevector(t[4 * h], t[4 * h + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        s[4 * h + 3] = __builtin_shufflevector(t[4 * h + 1], t[4 * h + 3], 2, 3, 10, 11, 6, 7, 14, 15);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = __builtin_shufflevector(s[i], s[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        r[i + 4] = __builtin_shufflevector(s[i], s[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
}

/* turned[n - from][16] = w[n, column … column + 15] for n in [from, from + count), count a multiple of 16. */
TK_INLINE void turn_panels(const tk_format format, float *turned, const tk_panels *w, ptrdiff_t from, ptrdiff_t count,
                           ptrdiff_t column) {
    const ptrdiff_t size = group_bytes(format), columns = smaller(TK_PANEL, w->inputs - column);
    for (ptrdiff_t n = 0; n < count; n += TK_PANEL) {
        const char *panel = (const char *)w->data + ((from + n) / TK_PANEL * w->inputs + column) * size;
        for (int half = 0; half < 2; half++) {
            v8 lo[8], hi[8];
            for (int j = 0; j < 8; j++) {
                if (half * 8 + j < columns) group_load(panel + (half * 8 + j) * size, format, &lo[j], &hi[j]);
                else lo[j] = hi[j] = splat8(0);
            }
            transpose8(lo);
            transpose8(hi);
            for (int i = 0; i < 8; i++) {
                store8(turned + (n + i) * TK_PANEL + half * 8, lo[i]);
                store8(turned + (n + i + 8) * TK_PANEL + half * 8, hi[i]);
            }
        }
    }
}

TK_INLINE void matmul_transposed(const tk_format format, tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first,
                                 ptrdiff_t count, int add) {
    float turned[TK_BLOCK * TK_PANEL];
    const ptrdiff_t n = w->outputs;
    for (ptrdiff_t row = 0; row < dy.rows; row += TRANSPOSED_ROW_BLOCK) {
        const ptrdiff_t rows = smaller(TRANSPOSED_ROW_BLOCK, dy.rows - row);
        for (ptrdiff_t column = first; column < first + count; column += TK_PANEL) {
            const ptrdiff_t columns = smaller(TK_PANEL, first + count - column);
            for (ptrdiff_t from = 0; from < n; from += TK_BLOCK) {
                const ptrdiff_t terms = smaller(TK_BLOCK, n - from);
                turn_panels(format, turned, w, from, (terms + TK_PANEL - 1) / TK_PANEL * TK_PANEL, column);
                ptrdiff_t mr;
                for (ptrdiff_t i = 0; i < rows; i += mr) {
                    mr = tile_rows(rows - i);
                    float *out = dx.data + (row + i) * dx.stride + column;
                    const float *in = dy.data + (row + i) * dy.stride + from;
                    if (columns == TK_PANEL) {
                        tile(mr, TK_F32, terms, in, dy.stride, turned, out, dx.stride, add || from > 0);
                    } else {
                        float edge[TK_TILE_ROWS * TK_PANEL];
                        edge_copy(edge, TK_PANEL, out, dx.stride, mr, columns);
                        tile(mr, TK_F32, terms, in, dy.stride, turned, edge, TK_PANEL, add || from > 0);
                        edge_copy(out, dx.stride, edge, TK_PANEL, mr, columns);
                    }
                }
            }
        }
    }
}

static TK_TARGET void transposed_vector(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                        int add) {
    switch (w->format) {
    case TK_F32: matmul_transposed(TK_F32, dx, dy, w, first, count, add); break;
    case TK_BF16: matmul_transposed(TK_BF16, dx, dy, w, first, count, add); break;
    }
}

void tk_matmul_transposed_reference(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                    int add) {
    for (ptrdiff_t i = 0; i < dy.rows; i++) {
        for (ptrdiff_t j = first; j < first + count; j++) {
            float *out = dx.data + i * dx.stride + j, total = add ? *out : 0;
            for (ptrdiff_t from = 0; from < w->outputs; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t o = from; o < smaller(from + TK_BLOCK, w->outputs); o++)
                    sum = fmaf(dy.data[i * dy.stride + o], panel_element(w, o, j), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            *out = total;
        }
    }
}

void tk_matmul_transposed(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count, int add) {
    if (tk_vectorized() && w->outputs > 0) transposed_vector(dx, dy, w, first, count, add);
    else tk_matmul_transposed_reference(dx, dy, w, first, count, add);
}
