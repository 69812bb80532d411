/* Weight panels and transposes: data moves, nothing is computed. */
#include "common.h"

ptrdiff_t tk_panel_bytes(tk_format format, ptrdiff_t inputs) { return panel_bytes(format, inputs); }

/* `row` is one output's weights, or NULL for zeros. */
static inline void pack_row(char *panel, const tk_format format, ptrdiff_t lane, const char *row, ptrdiff_t k) {
    switch (format) {
    case TK_F32:
        for (ptrdiff_t j = 0; j < k; j++) ((float *)panel)[j * TK_PANEL + lane] = row ? ((const float *)row)[j] : 0;
        break;
    case TK_BF16:
        for (ptrdiff_t j = 0; j < rounded_up(k, TK_TERMS); j++)
            ((uint16_t *)panel)[pair_place(lane, j)] = row && j < k ? ((const uint16_t *)row)[j] : 0;
        break;
    }
}

void tk_pack(void *panels, tk_format format, const void *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k) {
    const ptrdiff_t row_bytes = ldw * (format == TK_F32 ? 4 : 2);
    for (ptrdiff_t first = 0; first < n; first += TK_PANEL) {
        char *panel = (char *)panels + first / TK_PANEL * panel_bytes(format, k);
        for (ptrdiff_t lane = 0; lane < TK_PANEL; lane++)
            pack_row(panel, format, lane, first + lane < n ? (const char *)w + (first + lane) * row_bytes : NULL, k);
    }
}

void tk_unpack_row(float *out, const tk_panels *w, ptrdiff_t row) {
    for (ptrdiff_t j = 0; j < w->inputs; j++) out[j] = panel_element(w, row, j);
}

void tk_transpose(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns) {
    const ptrdiff_t block = 16; /* a block of reads and its block of writes stay in the first-level cache together */
    for (ptrdiff_t r = 0; r < rows; r += block)
        for (ptrdiff_t c = 0; c < columns; c += block)
            for (ptrdiff_t j = c; j < smaller(c + block, columns); j++)
                for (ptrdiff_t i = r; i < smaller(r + block, rows); i++) out[j * ldo + i] = x[i * ldx + j];
}

void tk_pack_columns(float *panels, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t first = 0; first < columns; first += TK_PANEL) {
        const ptrdiff_t count = smaller(TK_PANEL, columns - first);
        float *panel = panels + first * rows;
        for (ptrdiff_t r = 0; r < rows; r++) {
            memcpy(panel + r * TK_PANEL, x + r * ldx + first, (size_t)count * sizeof(float));
            if (count < TK_PANEL) memset(panel + r * TK_PANEL + count, 0, (size_t)(TK_PANEL - count) * sizeof(float));
        }
    }
}
