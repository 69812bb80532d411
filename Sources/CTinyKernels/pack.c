/* Weight panels and transposes: data moves, nothing is computed. */
#include "tile.h"

void tk_pack_f32(float *panels, const float *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k) {
    for (ptrdiff_t first = 0; first < n; first += TK_PANEL) {
        float *panel = panels + first * k;
        for (ptrdiff_t i = 0; i < TK_PANEL; i++) {
            const float *row = w + (first + i) * ldw;
            for (ptrdiff_t j = 0; j < k; j++) panel[j * TK_PANEL + i] = first + i < n ? row[j] : 0;
        }
    }
}

void tk_pack_bf16(uint16_t *panels, const uint16_t *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k) {
    for (ptrdiff_t first = 0; first < n; first += TK_PANEL) {
        uint16_t *panel = panels + first * k;
        for (ptrdiff_t i = 0; i < TK_PANEL; i++) {
            const uint16_t *row = w + (first + i) * ldw;
            const ptrdiff_t place = i % 8 * 2 + i / 8;
            for (ptrdiff_t j = 0; j < k; j++) panel[j * TK_PANEL + place] = first + i < n ? row[j] : 0;
        }
    }
}

void tk_unpack_row_f32(float *out, const float *panels, ptrdiff_t row, ptrdiff_t k) {
    for (ptrdiff_t j = 0; j < k; j++) out[j] = panel_element(panels, 0, row, j, k);
}

void tk_unpack_row_bf16(float *out, const uint16_t *panels, ptrdiff_t row, ptrdiff_t k) {
    for (ptrdiff_t j = 0; j < k; j++) out[j] = panel_element(panels, 1, row, j, k);
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
