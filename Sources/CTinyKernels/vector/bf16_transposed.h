/* dx = dy · w of the bfloat16 arithmetic, by the file's own matmul_bf16: some columns of w are turned around into panels whose
   terms are w's outputs, in the same layout. */
#include "panels.h"

#define TURNED_PANELS 16  /* columns of 16 that are turned together: dy is read and widened once for them */
#define TURNED_TERMS 256  /* with as many outputs they fill a part of a small second-level cache */

/* turned[n/2][16][2] = w[from …, column … column + 15] for `count` outputs, zeros behind the last up to whole blocks. */
TK_INLINE void turn_bf16(uint16_t *turned, const tk_panels *w, ptrdiff_t from, ptrdiff_t count, ptrdiff_t column) {
    for (ptrdiff_t n = 0; n < rounded_up(count, TK_TERMS); n += TK_PANEL, turned += TK_PANEL * TK_PANEL) {
        if (n >= count) {
            memset(turned, 0, TK_PANEL * TK_PANEL * sizeof(uint16_t));
            continue;
        }
        uint16_t rows[TK_PANEL][TK_PANEL];
        turn_pairs(rows, panel_of(w, from + n), column);
        for (int i = 0; i < TK_PANEL; i += 2)
            *(u32x16_unaligned *)(turned + i * TK_PANEL) = words16(rows[i]) | words16(rows[i + 1]) << 16;
    }
}

static TK_TARGET void matmul_bf16_transposed(tk_view dx, tk_bf16_rows dy, const tk_panels *w, ptrdiff_t first,
                                             ptrdiff_t count, int add) {
    if (w->outputs == 0) {
        tk_plain_kernels.matmul_bf16_transposed(dx, dy, w, first, count, add);
        return;
    }
    uint16_t turned[TURNED_PANELS * TURNED_TERMS * TK_PANEL];
    for (ptrdiff_t column = first; column < first + count; column += TURNED_PANELS * TK_PANEL) {
        const ptrdiff_t columns = smaller(TURNED_PANELS * TK_PANEL, first + count - column);
        for (ptrdiff_t from = 0; from < w->outputs; from += TURNED_TERMS) {
            const ptrdiff_t terms = smaller(TURNED_TERMS, w->outputs - from);
            for (ptrdiff_t c = 0; c < columns; c += TK_PANEL)
                turn_bf16(turned + c * rounded_up(terms, TK_TERMS), w, from, terms, column + c);
            const tk_panels panels = {turned, TK_BF16, columns, terms};
            matmul_bf16((tk_view){dx.data + column, dy.rows, columns, dx.stride},
                        (tk_bf16_rows){dy.data + from, dy.rows, terms, dy.stride}, &panels, add || from > 0, NULL);
        }
    }
}
