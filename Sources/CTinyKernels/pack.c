/* Weight panels and transposes: data moves, nothing is computed. */
#include "tile.h"

ptrdiff_t tk_group_bytes(tk_format format) { return group_bytes(format); }

static inline void pack(char *panels, const tk_format format, const char *w, ptrdiff_t ldw, ptrdiff_t n,
                        ptrdiff_t k) {
    const ptrdiff_t size = group_bytes(format), row_bytes = ldw * element_bytes(format);
    for (ptrdiff_t first = 0; first < n; first += TK_PANEL) {
        char *panel = panels + first / TK_PANEL * k * size;
        for (ptrdiff_t lane = 0; lane < TK_PANEL; lane++) {
            const char *row = first + lane < n ? w + (first + lane) * row_bytes : NULL;
            for (ptrdiff_t j = 0; j < k; j++) group_store(panel + j * size, format, lane, row, j);
        }
    }
}

void tk_pack(void *panels, tk_format format, const void *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k) {
    switch (format) {
    case TK_F32: pack(panels, TK_F32, w, ldw, n, k); break;
    case TK_BF16: pack(panels, TK_BF16, w, ldw, n, k); break;
    }
}

void tk_unpack_row(float *out, const tk_panels *w, ptrdiff_t row) {
    const ptrdiff_t size = group_bytes(w->format);
    const char *panel = (const char *)w->data + row / TK_PANEL * w->inputs * size;
    for (ptrdiff_t j = 0; j < w->inputs; j++) out[j] = group_element(panel + j * size, w->format, row % TK_PANEL);
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
