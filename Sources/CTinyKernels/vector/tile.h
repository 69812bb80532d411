/* The one inner loop of products: c[mr,16] (=|+=) a[mr,k] · b[k,16], a chain of k fused multiply-adds per element. */
#ifndef TK_TILE_H
#define TK_TILE_H

#include "panels.h"

#define TK_SUMS (TK_TILE_ROWS > 6 ? 16 : 6) /* of 16 floats: what registers hold beside the operands */

/* mr rows times np panels that lie `step` bytes apart; mr, np and format are constants at every call. */
TK_INLINE void tile_fixed(const int mr, const int np, const tk_format format, ptrdiff_t k, const float *a, ptrdiff_t lda,
                          const char *b, ptrdiff_t step, float *c, ptrdiff_t ldc, int add) {
    v16 sums[TK_SUMS];
    TK_UNROLL for (int i = 0; i < mr * np; i++) sums[i] = splat16(0);
    ptrdiff_t j = 0;
    for (; j + 2 <= k; j += 2) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            const v16 group = even_group(b + p * step, format, j);
            TK_UNROLL for (int i = 0; i < mr; i++)
                sums[i * np + p] = fma16(splat16(a[i * lda + j]), group, sums[i * np + p]);
        }
        TK_UNROLL for (int p = 0; p < np; p++) {
            const v16 group = odd_group(b + p * step, format, j);
            TK_UNROLL for (int i = 0; i < mr; i++)
                sums[i * np + p] = fma16(splat16(a[i * lda + j + 1]), group, sums[i * np + p]);
        }
    }
    if (j < k) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            const v16 group = even_group(b + p * step, format, j);
            TK_UNROLL for (int i = 0; i < mr; i++)
                sums[i * np + p] = fma16(splat16(a[i * lda + j]), group, sums[i * np + p]);
        }
    }
    TK_UNROLL for (int i = 0; i < mr; i++) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            float *out = c + i * ldc + p * TK_PANEL;
            store16(out, add ? load16(out) + sums[i * np + p] : sums[i * np + p]);
        }
    }
}

/* Panels that `rows` rows are multiplied by at once. Few rows are bound by memory: several panels are several streams. */
static inline ptrdiff_t panels_at_once(ptrdiff_t rows) {
    return rows <= 3 ? 6 / rows : rows <= TK_SUMS / 2 ? 2 : 1;
}

/* The heights of tiles, each with panels_at_once of it: a file defines TILE and switches over them. */
#if TK_TILE_ROWS > 6
#define TILES                                                                                                           \
    TILE(1, 6) TILE(2, 3) TILE(3, 2) TILE(4, 2) TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2) TILE(9, 1) TILE(10, 1)        \
    TILE(11, 1) TILE(12, 1)
#else
#define TILES TILE(1, 6) TILE(2, 3) TILE(3, 2) TILE(4, 1) TILE(5, 1) TILE(6, 1)
#endif

/* 1 … TK_TILE_ROWS rows; one panel, or panels_at_once(mr). */
#define TILE(rows, panels)                                                                                              \
    case rows:                                                                                                          \
        if (np == 1) tile_fixed(rows, 1, format, k, a, lda, b, 0, c, ldc, add);                                        \
        else tile_fixed(rows, panels, format, k, a, lda, b, step, c, ldc, add);                                        \
        break;
TK_INLINE void tile_switch(const tk_format format, ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a, ptrdiff_t lda,
                           const char *b, ptrdiff_t step, float *c, ptrdiff_t ldc, int add) {
    switch (mr) { TILES }
}
#undef TILE

typedef void tile_kernel(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a, ptrdiff_t lda, const char *b,
                         ptrdiff_t step, float *c, ptrdiff_t ldc, int add);
static TK_TARGET __attribute__((noinline)) void tile_f32(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a,
                                                         ptrdiff_t lda, const char *b, ptrdiff_t step, float *c,
                                                         ptrdiff_t ldc, int add) {
    tile_switch(TK_F32, mr, np, k, a, lda, b, step, c, ldc, add);
}
static TK_TARGET __attribute__((noinline)) void tile_bf16(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a,
                                                          ptrdiff_t lda, const char *b, ptrdiff_t step, float *c,
                                                          ptrdiff_t ldc, int add) {
    tile_switch(TK_BF16, mr, np, k, a, lda, b, step, c, ldc, add);
}
static inline tile_kernel *tile_of(tk_format format) { return format == TK_F32 ? tile_f32 : tile_bf16; }

/* One panel of fp32. */
TK_INLINE void tile(ptrdiff_t mr, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, float *c, ptrdiff_t ldc,
                    int add) {
    tile_f32(mr, 1, k, a, lda, (const char *)b, 0, c, ldc, add);
}

/* The same for the left half of a panel of fp32, where the other half is beyond the last column: factors of adapters. */
TK_INLINE void half_tile_fixed(const int mr, ptrdiff_t k, const float *a, ptrdiff_t lda, const float *b, float *c,
                               ptrdiff_t ldc, int add) {
    v8 sums[TK_TILE_ROWS];
    TK_UNROLL for (int i = 0; i < mr; i++) sums[i] = (v8){0};
    for (ptrdiff_t j = 0; j < k; j++) {
        __builtin_prefetch(b + (j + 128) * TK_PANEL); /* the processor itself stops at the end of each page */
        const v8 group = *(const v8_unaligned *)(b + j * TK_PANEL);
        TK_UNROLL for (int i = 0; i < mr; i++) {
            const float x = a[i * lda + j];
            sums[i] = __builtin_elementwise_fma((v8){x, x, x, x, x, x, x, x}, group, sums[i]);
        }
    }
    TK_UNROLL for (int i = 0; i < mr; i++) {
        v8_unaligned *out = (v8_unaligned *)(c + i * ldc);
        *out = add ? *out + sums[i] : sums[i];
    }
}

#define TILE(rows, panels)                                                                                              \
    case rows: half_tile_fixed(rows, k, a, lda, b, c, ldc, add); break;
static TK_TARGET __attribute__((noinline)) void half_tile(ptrdiff_t mr, ptrdiff_t k, const float *a, ptrdiff_t lda,
                                                          const float *b, float *c, ptrdiff_t ldc, int add) {
    switch (mr) { TILES }
}
#undef TILE

/* Rows of the next tile when `left` remain: tiles are balanced, so that 8 rows are 4 + 4 and not 6 + 2. */
static inline ptrdiff_t tile_rows(ptrdiff_t left) {
    ptrdiff_t tiles = (left + TK_TILE_ROWS - 1) / TK_TILE_ROWS;
    return (left + tiles - 1) / tiles;
}

/* ---- The order in which a product reads its weights: passes of some panels; in a pass pieces of their terms; in a piece
   groups of panels, which stay in the second-level cache while tile after tile of rows goes over them. */
#define PASS_PANELS TK_PASS_PANELS /* their sums stay in the second-level cache */
#define GROUP_PANELS 8

typedef struct {
    ptrdiff_t panels, terms;     /* of the matrix */
    ptrdiff_t pass, piece, group; /* panels, terms, panels */
} reading_order;

/* Where panel `p` of the group that begins with `group` has its counterpart in the group that is read next: in the same
   piece, the next piece, or the next pass. `first` is the pass. Past the last panel there is none. */
TK_INLINE const char *counterpart(const reading_order *order, const tk_panels *w, ptrdiff_t first, ptrdiff_t from,
                                  ptrdiff_t group, ptrdiff_t p) {
    const ptrdiff_t end = smaller(order->panels, first + order->pass), last = group + order->group;
    ptrdiff_t next = last, its_from = from;
    if (last >= end) {
        const int is_last_piece = from + order->piece >= order->terms;
        next = is_last_piece ? end : first;
        its_from = is_last_piece ? 0 : from + order->piece;
    }
    next += p - group;
    return next < order->panels
               ? (const char *)w->data + next * panel_bytes(w->format, w->inputs) + its_from * group_bytes(w->format)
               : NULL;
}

#endif
