/* Products of the bfloat16 arithmetic: see ../bf16.h. */
#include "../bf16.h"
#include "flush.h"
#include "tile.h"

#define BF16_ROWS 48    /* rows that are widened together: four tiles of AVX-512, eight of AVX2 */
#define BF16_WIDE 13056 /* floats for them, half of a small second-level cache: few rows are widened over many terms, so that
                           panels are read from end to end, many rows over some */
#define BF16_PANELS 32  /* panels of a pass over those terms: their sums stay in the second-level cache as well */

/* One chain of each element over the even or odd terms of a block. */
TK_INLINE void chains(const int mr, const int np, const int odd, const float *a, ptrdiff_t lda, const char *b,
                      ptrdiff_t step, v16 *sums) {
    TK_UNROLL for (int i = 0; i < mr * np; i++) sums[i] = splat16(0);
    _Pragma("clang loop unroll_count(2)") for (ptrdiff_t j = 0; j < TK_TERMS; j += 2) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            const v16 group = odd ? odd_group(b + p * step, TK_BF16, j) : even_group(b + p * step, TK_BF16, j);
            TK_UNROLL for (int i = 0; i < mr; i++)
                sums[i * np + p] = fma16(splat16(a[i * lda + j + odd]), group, sums[i * np + p]);
        }
    }
}

TK_INLINE void bf16_tile_fixed(const int mr, const int np, ptrdiff_t k, const float *a, ptrdiff_t lda, const char *b,
                               ptrdiff_t step, float *c, ptrdiff_t ldc, int add) {
    for (ptrdiff_t from = 0; from < k; from += TK_TERMS, a += TK_TERMS, b += TK_TERMS * group_bytes(TK_BF16)) {
        v16 even[TK_SUMS], odd[TK_SUMS];
        chains(mr, np, 0, a, lda, b, step, even);
        __asm__ volatile("" ::: "memory"); /* merged into one loop, the two would need twice the registers */
        chains(mr, np, 1, a, lda, b, step, odd);
        TK_UNROLL for (int i = 0; i < mr; i++) {
            TK_UNROLL for (int p = 0; p < np; p++) {
                float *out = c + i * ldc + p * TK_PANEL;
                const v16 total = add || from > 0 ? load16(out) : splat16(0);
                store16(out, total + (even[i * np + p] + odd[i * np + p]));
            }
        }
    }
}

#define TILE(rows, panels)                                                                                              \
    case rows:                                                                                                          \
        if (np == 1) bf16_tile_fixed(rows, 1, k, a, lda, b, 0, c, ldc, add);                                           \
        else bf16_tile_fixed(rows, panels, k, a, lda, b, step, c, ldc, add);                                           \
        break;
static TK_TARGET __attribute__((noinline)) void bf16_tile_flushing(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k,
                                                                   const float *a, ptrdiff_t lda, const char *b,
                                                                   ptrdiff_t step, float *c, ptrdiff_t ldc, int add) {
    switch (mr) { TILES }
}
#undef TILE

#if defined(__aarch64__)
/* ARM judges before rounding whether a result is too small. Where it made a result zero, which ordinary numbers never meet,
   the tile is computed again as defined. */
static void bf16_tile(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a, ptrdiff_t lda, const char *b,
                      ptrdiff_t step, float *c, ptrdiff_t ldc, int add) {
    const ptrdiff_t columns = np * TK_PANEL;
    float before[TK_SUMS * TK_PANEL];
    for (ptrdiff_t i = 0; i < mr; i++) memcpy(before + i * columns, c + i * ldc, (size_t)columns * sizeof(float));
    set_float_status(0);
    bf16_tile_flushing(mr, np, k, a, lda, b, step, c, ldc, add);
    if (!(float_status() & TK_UNDERFLOW)) return;
    flush_pause();
    for (ptrdiff_t i = 0; i < mr; i++)
        for (ptrdiff_t column = 0; column < columns; column++) {
            float total = add ? before[i * columns + column] : 0;
            for (ptrdiff_t from = 0; from < k; from += TK_TERMS)
                total = add_block(total, a + i * lda + from,
                                  (const uint16_t *)(b + column / TK_PANEL * step) + from * TK_PANEL, column % TK_PANEL);
            c[i * ldc + column] = total;
        }
    flush_begin();
}
#else
#define bf16_tile bf16_tile_flushing
#endif

static TK_TARGET void matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add) {
    const ptrdiff_t n = w->outputs, k = w->inputs, step = panel_bytes(TK_BF16, k);
    if (k == 0) {
        tk_plain_kernels.matmul_bf16(y, x, w, add);
        return;
    }
    float wide[BF16_WIDE];
    const flush_mode mode = flush_begin();
    for (ptrdiff_t row = 0; row < x.rows; row += BF16_ROWS) {
        const ptrdiff_t rows = smaller(BF16_ROWS, x.rows - row), most = panels_at_once(tile_rows(rows));
        const ptrdiff_t lda = smaller(BF16_WIDE / rows, rounded_up(k, TK_TERMS) + 16); /* no power of two */
        const ptrdiff_t terms = (lda - 16) / TK_TERMS * TK_TERMS;
        for (ptrdiff_t first = 0; first * TK_PANEL < n; first += BF16_PANELS / most * most) {
            const ptrdiff_t end = smaller(n, (first + BF16_PANELS / most * most) * TK_PANEL);
            for (ptrdiff_t from = 0; from < k; from += terms) {
                const ptrdiff_t some = rounded_up(smaller(terms, k - from), TK_TERMS);
                for (ptrdiff_t i = 0; i < rows; i++) {
                    const uint16_t *halves = x.data + (row + i) * x.stride + from;
                    for (ptrdiff_t j = 0; j < some; j += TK_PANEL)
                        store16(wide + i * lda + j, (v16)(words16(halves + j) << 16));
                }
                ptrdiff_t np;
                for (ptrdiff_t p = first; p * TK_PANEL < end; p += np) {
                    np = (p + most) * TK_PANEL <= end ? most : 1;
                    const char *panel = (const char *)w->data + p * step + from * group_bytes(TK_BF16);
                    const ptrdiff_t columns = smaller(np * TK_PANEL, end - p * TK_PANEL);
                    ptrdiff_t mr;
                    for (ptrdiff_t i = 0; i < rows; i += mr) {
                        mr = tile_rows(rows - i);
                        float edge[TK_TILE_ROWS * TK_PANEL], *out = y.data + (row + i) * y.stride + p * TK_PANEL;
                        ptrdiff_t ldy = y.stride;
                        float *target = tile_begin(edge, out, &ldy, mr, columns);
                        bf16_tile(mr, np, some, wide + i * lda, lda, panel, step, target, ldy, add || from > 0);
                        tile_end(edge, out, y.stride, mr, columns);
                    }
                }
            }
        }
    }
    flush_end(mode);
}

#include "bf16_transposed.h"
