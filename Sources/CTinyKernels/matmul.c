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
TK_INLINE void few_rows(const int mr, const int np, const int bf16, float *y, ptrdiff_t ldy, const float *x,
                        ptrdiff_t ldx, const char *panels, ptrdiff_t k, int add) {
    const ptrdiff_t element = bf16 ? 2 : 4;
    for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
        tile_fixed(mr, np, bf16, smaller(TK_BLOCK, k - from), x + from, ldx, panels + from * TK_PANEL * element,
                   k * TK_PANEL, y, ldy, add || from > 0);
    }
}

TK_INLINE void matmul(const int bf16, float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const char *panels,
                      ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int add) {
    const ptrdiff_t panel_bytes = k * TK_PANEL * (bf16 ? 2 : 4), whole = n / TK_PANEL;
    if (k == 0 && !add) {
        for (ptrdiff_t i = 0; i < m; i++) memset(y + i * ldy, 0, (size_t)n * sizeof(float));
    }
    for (ptrdiff_t row = 0; row < m; row += ROW_BLOCK) {
        const ptrdiff_t rows = smaller(ROW_BLOCK, m - row);
        const float *xs = x + row * ldx;
        float *ys = y + row * ldy;
        ptrdiff_t p = 0;
        if (rows == 1) {
            for (; p + 6 <= whole; p += 6)
                few_rows(1, 6, bf16, ys + p * TK_PANEL, ldy, xs, ldx, panels + p * panel_bytes, k, add);
        } else if (rows == 2) {
            for (; p + 3 <= whole; p += 3)
                few_rows(2, 3, bf16, ys + p * TK_PANEL, ldy, xs, ldx, panels + p * panel_bytes, k, add);
        } else if (rows == 3) {
            for (; p + 2 <= whole; p += 2)
                few_rows(3, 2, bf16, ys + p * TK_PANEL, ldy, xs, ldx, panels + p * panel_bytes, k, add);
        }
        for (; p * TK_PANEL < n; p++) {
            const char *panel = panels + p * panel_bytes;
            const ptrdiff_t columns = smaller(TK_PANEL, n - p * TK_PANEL);
            ptrdiff_t mr;
            for (ptrdiff_t i = 0; i < rows; i += mr) {
                mr = tile_rows(rows - i);
                float edge[TK_TILE_ROWS * TK_PANEL];
                float *out = ys + i * ldy + p * TK_PANEL;
                float *target = columns == TK_PANEL ? out : edge;
                const ptrdiff_t ldt = columns == TK_PANEL ? ldy : TK_PANEL;
                if (target == edge && add) {
                    for (ptrdiff_t r = 0; r < mr; r++)
                        memcpy(edge + r * TK_PANEL, out + r * ldy, (size_t)columns * sizeof(float));
                }
                for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
                    tile(mr, bf16, smaller(TK_BLOCK, k - from), xs + i * ldx + from, ldx,
                         panel + from * TK_PANEL * (bf16 ? 2 : 4), target, ldt, add || from > 0);
                }
                if (target == edge) {
                    for (ptrdiff_t r = 0; r < mr; r++)
                        memcpy(out + r * ldy, edge + r * TK_PANEL, (size_t)columns * sizeof(float));
                }
            }
        }
    }
}

static TK_TARGET void matmul_f32_vector(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *panels,
                                        ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int add) {
    matmul(0, y, ldy, x, ldx, (const char *)panels, m, n, k, add);
}
static TK_TARGET void matmul_bf16_vector(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,
                                         const uint16_t *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int add) {
    matmul(1, y, ldy, x, ldx, (const char *)panels, m, n, k, add);
}

static void matmul_reference(int bf16, float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const void *panels,
                             ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int add) {
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t o = 0; o < n; o++) {
            float total = add ? y[i * ldy + o] : 0;
            for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t j = from; j < smaller(from + TK_BLOCK, k); j++)
                    sum = fmaf(x[i * ldx + j], panel_element(panels, bf16, o, j, k), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            y[i * ldy + o] = total;
        }
    }
}

void tk_matmul_f32(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *panels, ptrdiff_t m,
                   ptrdiff_t n, ptrdiff_t k, int add) {
    if (tk_vectorized() && k > 0) matmul_f32_vector(y, ldy, x, ldx, panels, m, n, k, add);
    else matmul_reference(0, y, ldy, x, ldx, panels, m, n, k, add);
}
void tk_matmul_bf16(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const uint16_t *panels, ptrdiff_t m,
                    ptrdiff_t n, ptrdiff_t k, int add) {
    if (tk_vectorized() && k > 0) matmul_bf16_vector(y, ldy, x, ldx, panels, m, n, k, add);
    else matmul_reference(1, y, ldy, x, ldx, panels, m, n, k, add);
}
void tk_matmul_f32_reference(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const float *panels, ptrdiff_t m,
                             ptrdiff_t n, ptrdiff_t k, int add) {
    matmul_reference(0, y, ldy, x, ldx, panels, m, n, k, add);
}
void tk_matmul_bf16_reference(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, const uint16_t *panels,
                              ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, int add) {
    matmul_reference(1, y, ldy, x, ldx, panels, m, n, k, add);
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
TK_INLINE void turn_panels(const int bf16, float *turned, const char *panels, ptrdiff_t from, ptrdiff_t count,
                           ptrdiff_t k, ptrdiff_t column) {
    const ptrdiff_t element = bf16 ? 2 : 4, columns = smaller(TK_PANEL, k - column);
    for (ptrdiff_t n = 0; n < count; n += TK_PANEL) {
        const char *panel = panels + ((from + n) / TK_PANEL * k + column) * TK_PANEL * element;
        for (int half = 0; half < 2; half++) {
            v8 lo[8], hi[8];
            for (int j = 0; j < 8; j++) {
                if (half * 8 + j < columns) panel_load(panel, bf16, half * 8 + j, &lo[j], &hi[j]);
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

TK_INLINE void matmul_transposed(const int bf16, float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy,
                                 const char *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t first,
                                 ptrdiff_t count, int add) {
    float turned[TK_BLOCK * TK_PANEL];
    for (ptrdiff_t row = 0; row < m; row += TRANSPOSED_ROW_BLOCK) {
        const ptrdiff_t rows = smaller(TRANSPOSED_ROW_BLOCK, m - row);
        for (ptrdiff_t column = first; column < first + count; column += TK_PANEL) {
            const ptrdiff_t columns = smaller(TK_PANEL, first + count - column);
            for (ptrdiff_t from = 0; from < n; from += TK_BLOCK) {
                const ptrdiff_t terms = smaller(TK_BLOCK, n - from);
                turn_panels(bf16, turned, panels, from, (terms + TK_PANEL - 1) / TK_PANEL * TK_PANEL, k, column);
                ptrdiff_t mr;
                for (ptrdiff_t i = 0; i < rows; i += mr) {
                    mr = tile_rows(rows - i);
                    float *out = dx + (row + i) * ldx + column;
                    const float *in = dy + (row + i) * ldy + from;
                    if (columns == TK_PANEL) {
                        tile(mr, 0, terms, in, ldy, turned, out, ldx, add || from > 0);
                    } else {
                        float edge[TK_TILE_ROWS * TK_PANEL];
                        for (ptrdiff_t r = 0; r < mr; r++)
                            memcpy(edge + r * TK_PANEL, out + r * ldx, (size_t)columns * sizeof(float));
                        tile(mr, 0, terms, in, ldy, turned, edge, TK_PANEL, add || from > 0);
                        for (ptrdiff_t r = 0; r < mr; r++)
                            memcpy(out + r * ldx, edge + r * TK_PANEL, (size_t)columns * sizeof(float));
                    }
                }
            }
        }
    }
}

static TK_TARGET void transposed_f32_vector(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy,
                                            const float *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                                            ptrdiff_t first, ptrdiff_t count, int add) {
    matmul_transposed(0, dx, ldx, dy, ldy, (const char *)panels, m, n, k, first, count, add);
}
static TK_TARGET void transposed_bf16_vector(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy,
                                             const uint16_t *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                                             ptrdiff_t first, ptrdiff_t count, int add) {
    matmul_transposed(1, dx, ldx, dy, ldy, (const char *)panels, m, n, k, first, count, add);
}

static void transposed_reference(int bf16, float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy,
                                 const void *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t first,
                                 ptrdiff_t count, int add) {
    for (ptrdiff_t i = 0; i < m; i++) {
        for (ptrdiff_t j = first; j < first + count; j++) {
            float total = add ? dx[i * ldx + j] : 0;
            for (ptrdiff_t from = 0; from < n; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t o = from; o < smaller(from + TK_BLOCK, n); o++)
                    sum = fmaf(dy[i * ldy + o], panel_element(panels, bf16, o, j, k), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            dx[i * ldx + j] = total;
        }
    }
}

void tk_matmul_transposed_f32(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy, const float *panels,
                              ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t first, ptrdiff_t count, int add) {
    if (tk_vectorized() && n > 0) transposed_f32_vector(dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
    else transposed_reference(0, dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
}
void tk_matmul_transposed_bf16(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy, const uint16_t *panels,
                               ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t first, ptrdiff_t count, int add) {
    if (tk_vectorized() && n > 0) transposed_bf16_vector(dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
    else transposed_reference(1, dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
}
void tk_matmul_transposed_f32_reference(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy, const float *panels,
                                        ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t first, ptrdiff_t count,
                                        int add) {
    transposed_reference(0, dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
}
void tk_matmul_transposed_bf16_reference(float *dx, ptrdiff_t ldx, const float *dy, ptrdiff_t ldy,
                                         const uint16_t *panels, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k,
                                         ptrdiff_t first, ptrdiff_t count, int add) {
    transposed_reference(1, dx, ldx, dy, ldy, panels, m, n, k, first, count, add);
}
