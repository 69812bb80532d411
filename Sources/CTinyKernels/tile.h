/* The one inner loop of the engine: c[mr,16] (=|+=) a[mr,k] · b[k,16], a chain of k fused multiply-adds per element. */
#ifndef TK_TILE_H
#define TK_TILE_H

#include "formats.h"

#define TK_TILE_ROWS 6 /* 6 x 16 outputs are 12 accumulators; with two of b and one of a they fill 15 of 16 registers */

/* mr rows times np panels that lie `stride` groups apart; mr, np and format are constants at every call. */
TK_INLINE void tile_fixed(const int mr, const int np, const tk_format format, ptrdiff_t k, const float *a, ptrdiff_t lda,
                          const void *b, ptrdiff_t stride, float *c, ptrdiff_t ldc, int add) {
    v8 lo[TK_TILE_ROWS], hi[TK_TILE_ROWS];
    TK_UNROLL for (int i = 0; i < mr * np; i++) lo[i] = hi[i] = splat8(0);
    const char *bytes = b;
    const ptrdiff_t size = group_bytes(format), step = stride * size;
    for (ptrdiff_t j = 0; j < k; j++) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            v8 b0, b1;
            group_load(bytes + p * step + j * size, format, &b0, &b1);
            TK_UNROLL for (int i = 0; i < mr; i++) {
                v8 x = splat8(a[i * lda + j]);
                lo[i * np + p] = fma8(x, b0, lo[i * np + p]);
                hi[i * np + p] = fma8(x, b1, hi[i * np + p]);
            }
        }
    }
    TK_UNROLL for (int i = 0; i < mr; i++) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            float *out = c + i * ldc + p * TK_PANEL;
            store8(out, add ? load8(out) + lo[i * np + p] : lo[i * np + p]);
            store8(out + 8, add ? load8(out + 8) + hi[i * np + p] : hi[i * np + p]);
        }
    }
}

/* Any 1 … 6 rows, one panel. */
TK_INLINE void tile(ptrdiff_t mr, const tk_format format, ptrdiff_t k, const float *a, ptrdiff_t lda, const void *b, float *c,
                    ptrdiff_t ldc, int add) {
    switch (mr) {
    case 1: tile_fixed(1, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    case 2: tile_fixed(2, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    case 3: tile_fixed(3, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    case 4: tile_fixed(4, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    case 5: tile_fixed(5, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    default: tile_fixed(6, 1, format, k, a, lda, b, 0, c, ldc, add); break;
    }
}

/* Rows of the next tile when `left` remain: tiles are balanced, so that 8 rows are 4 + 4 and not 6 + 2. */
static inline ptrdiff_t tile_rows(ptrdiff_t left) {
    ptrdiff_t tiles = (left + TK_TILE_ROWS - 1) / TK_TILE_ROWS;
    return (left + tiles - 1) / tiles;
}

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

#endif
