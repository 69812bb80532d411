/* Products of the bfloat16 arithmetic: see ../bf16.h. */
#include "../bf16.h"
#include "flush.h"
#include "tile.h"

#define BF16_ROWS 48    /* rows that are widened together */
#define BF16_WIDE 13056 /* floats for them, a part of a small second-level cache: few rows are widened over many terms, so that
                           panels are read from end to end, many rows over some */
#define BF16_AHEAD 8192 /* bytes ahead of their use that weights are fetched where they are used once */

/* With 32 registers, both chains of a block run side by side and a panel is read once; with 16, one after the other. */
#define BF16_TILE_ROWS (TK_TILE_ROWS > 6 ? 10 : TK_TILE_ROWS)

/* Part of the panels that are read next: a tile fetches some lines of them with every block of terms, so that memory works
   while products are computed. */
typedef struct {
    const char *data;
    ptrdiff_t lines;
} upcoming;

TK_INLINE void fetch(upcoming *next) {
    for (ptrdiff_t line = 0; line < next->lines; line++) __builtin_prefetch(next->data + 64 * line, 0, 2);
    next->data += 64 * next->lines;
}

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

/* Both chains at once. */
TK_INLINE void both_chains(const int mr, const int np, const float *a, ptrdiff_t lda, const char *b, ptrdiff_t step,
                           v16 *even, v16 *odd) {
    TK_UNROLL for (int i = 0; i < mr * np; i++) even[i] = odd[i] = splat16(0);
    _Pragma("clang loop unroll_count(2)") for (ptrdiff_t j = 0; j < TK_TERMS; j += 2) {
        TK_UNROLL for (int p = 0; p < np; p++) {
            const v16 first = even_group(b + p * step, TK_BF16, j), second = odd_group(b + p * step, TK_BF16, j);
            TK_UNROLL for (int i = 0; i < mr; i++)
                even[i * np + p] = fma16(splat16(a[i * lda + j]), first, even[i * np + p]);
            TK_UNROLL for (int i = 0; i < mr; i++)
                odd[i * np + p] = fma16(splat16(a[i * lda + j + 1]), second, odd[i * np + p]);
        }
    }
}

TK_INLINE void bf16_tile_fixed(const int mr, const int np, ptrdiff_t k, const float *a, ptrdiff_t lda, const char *b,
                               ptrdiff_t step, float *c, ptrdiff_t ldc, int add, upcoming next) {
    for (ptrdiff_t from = 0; from < k; from += TK_TERMS, a += TK_TERMS, b += TK_TERMS * group_bytes(TK_BF16)) {
        v16 even[TK_SUMS], odd[TK_SUMS];
        fetch(&next);
        if (TK_TILE_ROWS > 6 && mr * np <= BF16_TILE_ROWS) {
            both_chains(mr, np, a, lda, b, step, even, odd);
        } else {
            chains(mr, np, 0, a, lda, b, step, even);
            __asm__ volatile("" ::: "memory"); /* merged into one loop, the two would need twice the registers */
            chains(mr, np, 1, a, lda, b, step, odd);
        }
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
        if (np == 1) bf16_tile_fixed(rows, 1, k, a, lda, b, 0, c, ldc, add, next);                                     \
        else bf16_tile_fixed(rows, panels, k, a, lda, b, step, c, ldc, add, next);                                     \
        break;
static TK_TARGET __attribute__((noinline)) void bf16_tile_flushing(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k,
                                                                   const float *a, ptrdiff_t lda, const char *b,
                                                                   ptrdiff_t step, float *c, ptrdiff_t ldc, int add,
                                                                   upcoming next) {
    switch (mr) { TILES }
}
#undef TILE

#if defined(__aarch64__)
/* ARM judges before rounding whether a result is too small. Where it made a result zero, which ordinary numbers never meet,
   the tile is computed again as defined. */
static void bf16_tile(ptrdiff_t mr, ptrdiff_t np, ptrdiff_t k, const float *a, ptrdiff_t lda, const char *b,
                      ptrdiff_t step, float *c, ptrdiff_t ldc, int add, upcoming next) {
    const ptrdiff_t columns = np * TK_PANEL;
    float before[TK_SUMS * TK_PANEL];
    for (ptrdiff_t i = 0; i < mr; i++) memcpy(before + i * columns, c + i * ldc, (size_t)columns * sizeof(float));
    set_float_status(0);
    bf16_tile_flushing(mr, np, k, a, lda, b, step, c, ldc, add, next);
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

/* Rows of the next tile when `left` remain, balanced. */
static inline ptrdiff_t bf16_tile_rows(ptrdiff_t left) {
    const ptrdiff_t tiles = (left + BF16_TILE_ROWS - 1) / BF16_TILE_ROWS;
    return (left + tiles - 1) / tiles;
}

/* wide[rows][lda] = x in fp32, terms from … from + some - 1. */
TK_INLINE void widen(float *wide, ptrdiff_t lda, tk_bf16_rows x, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t from,
                     ptrdiff_t some) {
    for (ptrdiff_t i = 0; i < rows; i++) {
        const uint16_t *halves = x.data + (row + i) * x.stride + from;
        for (ptrdiff_t j = 0; j < some; j += TK_PANEL) store16(wide + i * lda + j, (v16)(words16(halves + j) << 16));
    }
}

/* Few rows are one tile for each panel, and as fast as memory: several panels are several streams from it. */
static inline ptrdiff_t bf16_panels_at_once(ptrdiff_t rows) { return rows <= 3 ? 6 / rows : 1; }

static TK_TARGET void matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done) {
    const ptrdiff_t n = w->outputs, k = w->inputs, step = panel_bytes(TK_BF16, k);
    if (k == 0) {
        tk_plain_kernels.matmul_bf16(y, x, w, add, done);
        return;
    }
    float wide[BF16_WIDE];
    const flush_mode mode = flush_begin();
    for (ptrdiff_t row = 0; row < x.rows; row += BF16_ROWS) {
        const ptrdiff_t rows = smaller(BF16_ROWS, x.rows - row), tiles = (rows + BF16_TILE_ROWS - 1) / BF16_TILE_ROWS;
        const ptrdiff_t room = (BF16_WIDE / rows - 16) / TK_TERMS * TK_TERMS, pieces = (k + room - 1) / room;
        const ptrdiff_t most = bf16_panels_at_once(rows), pass = PASS_PANELS / most * most;
        const reading_order order = {(n + TK_PANEL - 1) / TK_PANEL, k, pass,
                                     rounded_up((k + pieces - 1) / pieces, TK_TERMS), tiles == 1 ? pass : GROUP_PANELS};
        const ptrdiff_t lda = order.piece + 16; /* no power of two */
        const ptrdiff_t lines = TK_TERMS * group_bytes(TK_BF16) / 64 / tiles;
        ptrdiff_t handed = 0;
        for (ptrdiff_t first = 0; first < order.panels; first += pass) {
            const ptrdiff_t end = smaller(order.panels, first + pass);
            for (ptrdiff_t from = 0; from < k; from += order.piece) {
                const ptrdiff_t some = rounded_up(smaller(order.piece, k - from), TK_TERMS);
                widen(wide, lda, x, row, rows, from, some);
                for (ptrdiff_t group = first; group < end; group += order.group) {
                    const ptrdiff_t last = smaller(group + order.group, end);
                    ptrdiff_t mr, np;
                    for (ptrdiff_t i = 0; i < rows; i += mr) {
                        mr = bf16_tile_rows(rows - i);
                        for (ptrdiff_t p = group; p < last; p += np) {
                            np = (p + most) * TK_PANEL <= n && p + most <= last ? most : 1;
                            const ptrdiff_t columns = smaller(np * TK_PANEL, n - p * TK_PANEL);
                            const char *panel = (const char *)w->data + p * step + from * group_bytes(TK_BF16);
                            upcoming next = {panel + BF16_AHEAD, most == 1 ? lines : 0};
                            if (tiles > 1) {
                                next.data = counterpart(&order, w, first, from, group, p);
                                if (!next.data) next.lines = 0;
                                else next.data += i / mr * lines * 64 * (some / TK_TERMS);
                                /* Nothing has fetched the first group. */
                                if (row + first + from + group + i == 0) next = (upcoming){panel + BF16_AHEAD, lines * tiles};
                            }
                            float edge[TK_TILE_ROWS * TK_PANEL], *out = y.data + (row + i) * y.stride + p * TK_PANEL;
                            ptrdiff_t ldy = y.stride;
                            float *target = tile_begin(edge, out, &ldy, mr, columns);
                            bf16_tile(mr, np, some, wide + i * lda, lda, panel, step, target, ldy, add || from > 0, next);
                            tile_end(edge, out, y.stride, mr, columns);
                        }
                    }
                }
            }
            if (done) {
                flush_end(mode);
                hand_out(done, row, rows, &handed, end, n);
                flush_begin();
            }
        }
    }
    flush_end(mode);
}

#include "bf16_transposed.h"
