/* What plain C and vector kernels share: one number at a time. */
#ifndef TK_COMMON_H
#define TK_COMMON_H

#include "tiny_kernels.h"
#include <math.h>
#include <string.h>

/* a * b + c must be two roundings unless written as a fused multiply-add. */
#pragma STDC FP_CONTRACT OFF

#define TK_MOST_ROWS 12  /* rows of the largest tile of any instruction set */
#define TK_PAIR_BLOCK 64 /* (row, head) pairs summed into dk and dv at a time: their vectors stay in the first-level cache */

static inline ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static inline ptrdiff_t rounded_up(ptrdiff_t count, ptrdiff_t unit) { return (count + unit - 1) / unit * unit; }

static inline float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
static inline uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
/* The nearest bf16 number, of two the even one; a subnormal number becomes zero, a NaN stays one. */
static inline uint16_t narrowed(float value) {
    const uint32_t bits = bits_of(value), size = bits & 0x7FFFFFFF;
    const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    const uint32_t sign = bits >> 16 & 0x8000;
    return (uint16_t)(size > 0x7F800000 ? sign | 0x7FC0 : size < 0x00800000 ? sign : rounded);
}
static inline float widened(uint16_t half) { return float_of((uint32_t)half << 16); }

/* ---- Panels: the only place that knows how a format stores its weights, beside vector/panels.h ---- */

/* Bytes of 16 values that belong to one term. */
static inline ptrdiff_t group_bytes(tk_format format) { return TK_PANEL * (format == TK_F32 ? 4 : 2); }

static inline ptrdiff_t panel_bytes(tk_format format, ptrdiff_t k) {
    return group_bytes(format) * (format == TK_F32 ? k : rounded_up(k, TK_TERMS));
}

/* The panel that holds output n. */
static inline const char *panel_of(const tk_panels *w, ptrdiff_t n) {
    return (const char *)w->data + n / TK_PANEL * panel_bytes(w->format, w->inputs);
}

/* Where a bf16 panel keeps term j of output n. */
static inline ptrdiff_t pair_place(ptrdiff_t n, ptrdiff_t j) { return j / 2 * 2 * TK_PANEL + n % TK_PANEL * 2 + j % 2; }

/* One element of w[n, k]. */
static inline float panel_element(const tk_panels *w, ptrdiff_t n, ptrdiff_t j) {
    const void *panel = panel_of(w, n);
    switch (w->format) {
    case TK_F32: return ((const float *)panel)[j * TK_PANEL + n % TK_PANEL];
    case TK_BF16: return widened(((const uint16_t *)panel)[pair_place(n, j)]);
    }
    return 0;
}

/* ---- Row reductions ---- */

/* The fixed tree over 16 partial sums. */
static inline float tree16_plain(const float *s) {
    float e[8];
    for (int i = 0; i < 8; i++) e[i] = s[i] + s[i + 8];
    float a = e[0] + e[4], b = e[1] + e[5], c = e[2] + e[6], d = e[3] + e[7];
    return (a + c) + (b + d);
}
static inline float sum_of_products_plain(const float *a, const float *b, ptrdiff_t count) {
    float sums[16] = {0};
    for (ptrdiff_t i = 0; i < count; i++) sums[i % 16] = fmaf(a[i], b[i], sums[i % 16]);
    return tree16_plain(sums);
}

/* ---- Vectors of doubles ---- */

/* The sum of products of the terms from `from`, a multiple of 8, behind the eight partial sums before them. */
static inline double dot_plain(const double *a, const double *b, ptrdiff_t from, ptrdiff_t count, double partial[8]) {
    for (; from + 8 <= count; from += 8)
        for (int lane = 0; lane < 8; lane++) partial[lane] += a[from + lane] * b[from + lane];
    double sum = partial[0], rest = 0;
    for (int lane = 1; lane < 8; lane++) sum += partial[lane];
    for (; from < count; from++) rest += a[from] * b[from];
    return sum + rest;
}
static inline double subtracted(double x, const double *vectors, ptrdiff_t ld, const double *scales, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) x -= scales[i] * vectors[i * ld];
    return x;
}

/* ---- exp ----
   x = n ln 2 + r, |r| ≤ ln 2 / 2; a Taylor polynomial of degree 7 leaves an error below 1e-8 of the result, so rounding
   dominates. 2^n is built from bits. Below LOWEST the result is 0, above HIGHEST it is exp(HIGHEST). */
#define TK_EXP_LOWEST -87.3f
#define TK_EXP_HIGHEST 88.0f
#define TK_LOG2E 1.44269504088896341f
#define TK_LN2_HIGH 0.693145751953125f        /* 15 significant bits: n times it is exact */
#define TK_LN2_LOW 1.42860682030941723e-06f
#define TK_ROUND 12582912.0f                  /* 1.5 · 2^23: adding and subtracting it rounds to an integer */

static inline float exp1(float x) {
    float clamped = x > TK_EXP_LOWEST ? x : TK_EXP_LOWEST;
    clamped = clamped < TK_EXP_HIGHEST ? clamped : TK_EXP_HIGHEST;
    float n = fmaf(clamped, TK_LOG2E, TK_ROUND) - TK_ROUND;
    float r = fmaf(n, -TK_LN2_HIGH, clamped);
    r = fmaf(n, -TK_LN2_LOW, r);
    float p = 1.0f / 5040;
    p = fmaf(p, r, 1.0f / 720);
    p = fmaf(p, r, 1.0f / 120);
    p = fmaf(p, r, 1.0f / 24);
    p = fmaf(p, r, 1.0f / 6);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    float scale = float_of((uint32_t)((int32_t)n + 127) << 23);
    return x >= TK_EXP_LOWEST ? p * scale : 0;
}

/* ---- Attention: pages ---- */

/* Which number of a panel is term j of output n. */
static inline ptrdiff_t panel_place(tk_format format, ptrdiff_t n, ptrdiff_t j) {
    return format == TK_F32 ? j * TK_PANEL + n % TK_PANEL : pair_place(n, j);
}
/* Which number of a page is dimension i of the key and of the value in a slot. */
static inline ptrdiff_t key_place(tk_format format, ptrdiff_t slot, ptrdiff_t i, ptrdiff_t width) {
    return slot / TK_PANEL * width * TK_PANEL + panel_place(format, slot, i);
}
static inline ptrdiff_t value_place(tk_format format, ptrdiff_t slot, ptrdiff_t i, ptrdiff_t width) {
    return TK_PAGE * width + i / TK_PANEL * TK_PAGE * TK_PANEL + panel_place(format, i, slot);
}
static inline float page_element(const tk_head *head, ptrdiff_t position, ptrdiff_t place) {
    const void *page = head->pages[position / TK_PAGE];
    return head->format == TK_F32 ? ((const float *)page)[place] : widened(((const uint16_t *)page)[place]);
}
static inline float key_element(const tk_head *head, ptrdiff_t j, ptrdiff_t i) {
    return page_element(head, j, key_place(head->format, j % TK_PAGE, i, head->width));
}
static inline float value_element(const tk_head *head, ptrdiff_t j, ptrdiff_t i) {
    return page_element(head, j, value_place(head->format, j % TK_PAGE, i, head->width));
}

/* Copies the gradient of all keys or values, [start + rows, ld], to those of the earlier positions and of the rows. */
static inline void split_gradient(tk_view earlier, tk_view own, const float *all, ptrdiff_t ld, const tk_head *head,
                                  ptrdiff_t rows) {
    const size_t bytes = (size_t)head->width * sizeof(float);
    for (ptrdiff_t j = 0; j < head->start; j++) memcpy(earlier.data + j * earlier.stride, all + j * ld, bytes);
    for (ptrdiff_t j = 0; j < rows; j++) memcpy(own.data + j * own.stride, all + (head->start + j) * ld, bytes);
}

static inline void keep_stats(tk_view stats, ptrdiff_t row, ptrdiff_t head, float largest, float inverse) {
    if (!stats.data) return;
    stats.data[row * stats.stride + 2 * head] = largest;
    stats.data[row * stats.stride + 2 * head + 1] = inverse;
}

/* Tells `done` of the panels from `*handed` to `end` of some rows, unless there are too few to be worth a call and more follow. */
static inline void hand_out(const tk_done *done, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t *handed, ptrdiff_t end,
                            ptrdiff_t n) {
    const ptrdiff_t least = 8 * TK_PANEL, column = *handed * TK_PANEL, columns = smaller(end * TK_PANEL, n) - column;
    if (columns < least && column + columns < n) return;
    *handed = end;
    done->call(done->context, row, rows, column, columns);
}

/* ---- Kernel sets ---- */
extern const tk_kernels tk_plain_kernels, tk_avx2_kernels, tk_avx512_kernels, tk_amx_kernels, tk_neon_kernels;
void tk_amx_matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done);
void tk_amx_matmul_bf16_transposed(tk_view dx, tk_bf16_rows dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                   int add);
float tk_amx_peak_bf16(ptrdiff_t rounds);

#endif
