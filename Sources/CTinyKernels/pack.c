/* Weight panels and transposes: data moves, nothing is computed. */
#include "common.h"

ptrdiff_t tk_panel_bytes(tk_format format, ptrdiff_t inputs) { return panel_bytes(format, inputs); }

typedef uint32_t words4 __attribute__((vector_size(16)));

static inline words4 load_words(const char *from) {
    words4 words;
    memcpy(&words, from, sizeof words);
    return words;
}

/* panel[count][16] = rows[16][count] words of 32 bits: floats, or pairs of bf16 numbers. A panel is a transposed matrix. */
static void turn_rows(uint32_t *panel, const char *const *rows, ptrdiff_t count) {
    ptrdiff_t j = 0;
    for (; j + 4 <= count; j += 4) {
        for (ptrdiff_t lane = 0; lane < TK_PANEL; lane += 4) {
            const words4 a = load_words(rows[lane] + 4 * j), b = load_words(rows[lane + 1] + 4 * j);
            const words4 c = load_words(rows[lane + 2] + 4 * j), d = load_words(rows[lane + 3] + 4 * j);
            const words4 ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
            const words4 ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            uint32_t *out = panel + j * TK_PANEL + lane;
            const words4 turned[4] = {
                __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5), __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7)};
            for (int i = 0; i < 4; i++) memcpy(out + i * TK_PANEL, &turned[i], sizeof turned[i]);
        }
    }
    for (; j < count; j++)
        for (ptrdiff_t lane = 0; lane < TK_PANEL; lane++) memcpy(panel + j * TK_PANEL + lane, rows[lane] + 4 * j, 4);
}

void tk_pack_panel(void *panel, tk_format format, const void *const *rows, ptrdiff_t count, ptrdiff_t k) {
    const char *all[TK_PANEL];
    for (ptrdiff_t lane = 0; lane < TK_PANEL; lane++) all[lane] = rows[lane < count ? lane : 0]; /* cleared below */
    const ptrdiff_t words = format == TK_F32 ? k : k / 2, whole = format == TK_F32 ? k : rounded_up(k, TK_TERMS) / 2;
    uint32_t *out = panel;
    turn_rows(out, all, words);
    memset(out + words * TK_PANEL, 0, (size_t)((whole - words) * TK_PANEL) * sizeof *out);
    if (format == TK_BF16 && k % 2 == 1)
        for (ptrdiff_t lane = 0; lane < count; lane++)
            memcpy((uint16_t *)panel + pair_place(lane, k - 1), all[lane] + 2 * (k - 1), sizeof(uint16_t));
    for (ptrdiff_t j = 0; j < words && count < TK_PANEL; j++)
        memset(out + j * TK_PANEL + count, 0, (size_t)(TK_PANEL - count) * sizeof *out);
}

void tk_pack(void *panels, tk_format format, const void *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k) {
    const ptrdiff_t row_bytes = ldw * (format == TK_F32 ? 4 : 2);
    for (ptrdiff_t first = 0; first < n; first += TK_PANEL) {
        const void *rows[TK_PANEL];
        const ptrdiff_t count = smaller(TK_PANEL, n - first);
        for (ptrdiff_t lane = 0; lane < count; lane++) rows[lane] = (const char *)w + (first + lane) * row_bytes;
        tk_pack_panel((char *)panels + first / TK_PANEL * panel_bytes(format, k), format, rows, count, k);
    }
}

/* out[16][columns] = block[columns][16] of floats, rows of both 16 floats apart; zeros behind `columns`. */
static inline void turn_floats(float *out, const float *block, ptrdiff_t rows, ptrdiff_t columns) {
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < TK_PANEL; j++) out[i * TK_PANEL + j] = j < columns ? block[j * TK_PANEL + i] : 0;
}

/* The same for bf16: eight rows of eight 64-bit words, each a 2 x 2 block of w, are transposed, and each block in itself. */
static inline void turn_blocks(uint64_t *restrict out, const uint64_t *restrict block) {
    for (ptrdiff_t i = 0; i < TK_PANEL / 2; i++) {
        for (ptrdiff_t j = 0; j < TK_PANEL / 2; j++) {
            const uint64_t word = block[j * TK_PANEL / 2 + i], corners = word & 0xFFFF00000000FFFF;
            out[i * TK_PANEL / 2 + j] = corners | (word >> 16 & 0xFFFF0000) | (word & 0xFFFF0000) << 16;
        }
    }
}

void tk_pack_transposed(void *panels, const tk_panels *w) {
    const ptrdiff_t n = w->outputs, k = w->inputs, size = group_bytes(w->format), step = panel_bytes(w->format, n);
    for (ptrdiff_t term = 0; term < rounded_up(n, TK_PANEL); term += TK_PANEL) {
        for (ptrdiff_t column = 0; column < k; column += TK_PANEL) {
            const char *block = panel_of(w, term) + column * size;
            char *out = (char *)panels + column / TK_PANEL * step + term * size;
            if (w->format == TK_F32)
                turn_floats((float *)out, (const float *)block, smaller(TK_PANEL, n - term), k - column);
            else
                turn_blocks((uint64_t *)out, (const uint64_t *)block);
        }
    }
    const ptrdiff_t used = rounded_up(n, TK_PANEL) * size;
    for (ptrdiff_t panel = 0; panel * TK_PANEL < k && used < step; panel++)
        memset((char *)panels + panel * step + used, 0, (size_t)(step - used));
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
