/* Weight panels in registers: a new format adds a case to each function. */
#ifndef TK_VECTOR_PANELS_H
#define TK_VECTOR_PANELS_H

#include "vectors.h"

/* The 16 values of terms j (even) and j + 1 of a panel, or of j alone where that is the last. `format` is a constant. */
TK_INLINE v16 even_group(const char *panel, const tk_format format, ptrdiff_t j) {
    switch (format) {
    case TK_F32: return load16((const float *)panel + j * TK_PANEL);
    case TK_BF16: return (v16)(*(const u32x16_unaligned *)((const uint16_t *)panel + j * TK_PANEL) << 16);
    }
    return splat16(0);
}
TK_INLINE v16 odd_group(const char *panel, const tk_format format, ptrdiff_t j) {
    switch (format) {
    case TK_F32: return load16((const float *)panel + (j + 1) * TK_PANEL);
    case TK_BF16: return (v16)(*(const u32x16_unaligned *)((const uint16_t *)panel + j * TK_PANEL) & 0xFFFF0000u);
    }
    return splat16(0);
}

TK_INLINE void transpose8(u32x8 *r) {
    u32x8 t[8];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        t[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    u32x8 s[8];
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

/* lanes[n][8] = words[8][n] for n in 0 … 15: words of 32 bits, of which only the first `count` rows exist, others zero. */
TK_INLINE void turn_words(uint32_t *lanes, const ptrdiff_t ldl, const uint32_t *words, ptrdiff_t count) {
    typedef uint32_t unaligned __attribute__((vector_size(32), aligned(2)));
    for (int half = 0; half < 16; half += 8) {
        u32x8 r[8];
        for (int j = 0; j < 8; j++) r[j] = j < count ? *(const unaligned *)(words + j * TK_PANEL + half) : (u32x8){0};
        transpose8(r);
        for (int n = 0; n < 8; n++) *(unaligned *)(lanes + (half + n) * ldl) = r[n];
    }
}

/* A bf16 panel's columns `column` … `column + 15`, as rows: pairs[n] holds them in ascending order. */
TK_INLINE void turn_pairs(uint16_t pairs[TK_PANEL][TK_PANEL], const char *panel, ptrdiff_t column) {
    turn_words((uint32_t *)pairs, TK_PANEL / 2, (const uint32_t *)(panel + column * group_bytes(TK_BF16)), TK_PANEL / 2);
}

TK_INLINE u32x16 words16(const uint16_t *halves) {
    u16x16 loaded;
    memcpy(&loaded, halves, sizeof loaded);
    return __builtin_convertvector(loaded, u32x16);
}

/* turned[n - from][16] = w[n, column … column + 15] in fp32 for n in [from, from + count), count a multiple of 16. */
TK_INLINE void turn_panels(const tk_format format, float *turned, const tk_panels *w, ptrdiff_t from, ptrdiff_t count,
                           ptrdiff_t column) {
    const ptrdiff_t columns = smaller(TK_PANEL, w->inputs - column);
    for (ptrdiff_t n = 0; n < count; n += TK_PANEL, turned += TK_PANEL * TK_PANEL) {
        const char *panel = panel_of(w, from + n);
        switch (format) {
        case TK_F32:
            for (int half = 0; half < 16; half += 8)
                turn_words((uint32_t *)turned + half, TK_PANEL, (const uint32_t *)panel + (column + half) * TK_PANEL,
                           columns - half);
            break;
        case TK_BF16: {
            uint16_t pairs[TK_PANEL][TK_PANEL];
            turn_pairs(pairs, panel, column);
            for (int i = 0; i < TK_PANEL; i++) store16(turned + i * TK_PANEL, (v16)(words16(pairs[i]) << 16));
            break;
        }
        }
    }
}

/* Where a tile of one panel is computed: in place at `out`, or in `edge` when some of its columns do not exist. */
TK_INLINE float *tile_begin(float *edge, float *out, ptrdiff_t *stride, ptrdiff_t rows, ptrdiff_t columns) {
    if (columns >= TK_PANEL) return out;
    for (ptrdiff_t r = 0; r < rows; r++) memcpy(edge + r * TK_PANEL, out + r * *stride, (size_t)columns * sizeof(float));
    *stride = TK_PANEL;
    return edge;
}
TK_INLINE void tile_end(const float *edge, float *out, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t columns) {
    if (columns >= TK_PANEL) return;
    for (ptrdiff_t r = 0; r < rows; r++) memcpy(out + r * stride, edge + r * TK_PANEL, (size_t)columns * sizeof(float));
}

#endif
