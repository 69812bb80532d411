/* Eight floats at a time, written with the compiler's vector types: AVX2 with FMA on x86-64 (chosen at run time), NEON
   on arm64 (always there). A fused multiply-add is one rounding everywhere, so all of them give the reference's bits. */
#ifndef TK_VECTORS_H
#define TK_VECTORS_H

#include "tiny_kernels.h"
#include <math.h>
#include <string.h>

/* a * b + c must be two roundings unless written as a fused multiply-add. */
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#define TK_TARGET __attribute__((target("avx2,fma")))
#else
#define TK_TARGET
#endif
#define TK_INLINE static inline __attribute__((always_inline)) TK_TARGET
#define TK_UNROLL _Pragma("clang loop unroll(full)")

typedef float v8 __attribute__((vector_size(32)));
typedef uint32_t u8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef float v8_unaligned __attribute__((vector_size(32), aligned(4)));
typedef uint32_t u8_unaligned __attribute__((vector_size(32), aligned(2)));

TK_INLINE v8 load8(const float *p) { return *(const v8_unaligned *)p; }
TK_INLINE void store8(float *p, v8 v) { *(v8_unaligned *)p = v; }
TK_INLINE v8 splat8(float x) { return (v8){x, x, x, x, x, x, x, x}; }
TK_INLINE v8 fma8(v8 a, v8 b, v8 c) { return __builtin_elementwise_fma(a, b, c); }
TK_INLINE v8 max8(v8 a, v8 b) { return __builtin_elementwise_max(a, b); }
TK_INLINE v8 min8(v8 a, v8 b) { return __builtin_elementwise_min(a, b); }

/* The widest row that fits a partial vector: `count` floats, zeros behind them. */
TK_INLINE v8 load8_partial(const float *p, ptrdiff_t count) {
    float lanes[8] = {0};
    memcpy(lanes, p, (size_t)count * sizeof(float));
    return load8(lanes);
}
TK_INLINE void store8_partial(float *p, v8 v, ptrdiff_t count) {
    float lanes[8];
    store8(lanes, v);
    memcpy(p, lanes, (size_t)count * sizeof(float));
}

/* The fixed tree over 16 partial sums, lo = 0 … 7 and hi = 8 … 15. */
TK_INLINE float tree16(v8 lo, v8 hi) {
    v8 s = lo + hi;
    float a = s[0] + s[4], b = s[1] + s[5], c = s[2] + s[6], d = s[3] + s[7];
    return (a + c) + (b + d);
}
static inline float tree16_reference(const float *s) {
    float e[8];
    for (int i = 0; i < 8; i++) e[i] = s[i] + s[i + 8];
    float a = e[0] + e[4], b = e[1] + e[5], c = e[2] + e[6], d = e[3] + e[7];
    return (a + c) + (b + d);
}

/* Σ a b as a row reduction. */
TK_INLINE float sum_of_products(const float *a, const float *b, ptrdiff_t count) {
    v8 lo = splat8(0), hi = splat8(0);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        lo = fma8(load8(a + i), load8(b + i), lo);
        hi = fma8(load8(a + i + 8), load8(b + i + 8), hi);
    }
    if (i < count) {
        ptrdiff_t left = count - i, low = left < 8 ? left : 8;
        lo = fma8(load8_partial(a + i, low), load8_partial(b + i, low), lo);
        if (left > 8) hi = fma8(load8_partial(a + i + 8, left - 8), load8_partial(b + i + 8, left - 8), hi);
    }
    return tree16(lo, hi);
}
static inline float sum_of_products_reference(const float *a, const float *b, ptrdiff_t count) {
    float sums[16] = {0};
    for (ptrdiff_t i = 0; i < count; i++) sums[i % 16] = fmaf(a[i], b[i], sums[i % 16]);
    return tree16_reference(sums);
}

/* exp: x = n ln 2 + r, |r| ≤ ln 2 / 2; a Taylor polynomial of degree 7 leaves an error below 1e-8 of the result,
   so rounding dominates. 2^n is built from bits. Below LOWEST the result is 0, above HIGHEST it is exp(HIGHEST). */
#define TK_EXP_LOWEST -87.3f
#define TK_EXP_HIGHEST 88.0f
#define TK_LOG2E 1.44269504088896341f
#define TK_LN2_HIGH 0.693145751953125f        /* 15 significant bits: n times it is exact */
#define TK_LN2_LOW 1.42860682030941723e-06f
#define TK_ROUND 12582912.0f                  /* 1.5 · 2^23: adding and subtracting it rounds to an integer */

TK_INLINE v8 exp8(v8 x) {
    v8 clamped = min8(max8(x, splat8(TK_EXP_LOWEST)), splat8(TK_EXP_HIGHEST));
    v8 n = fma8(clamped, splat8(TK_LOG2E), splat8(TK_ROUND)) - splat8(TK_ROUND);
    v8 r = fma8(n, splat8(-TK_LN2_HIGH), clamped);
    r = fma8(n, splat8(-TK_LN2_LOW), r);
    v8 p = splat8(1.0f / 5040);
    p = fma8(p, r, splat8(1.0f / 720));
    p = fma8(p, r, splat8(1.0f / 120));
    p = fma8(p, r, splat8(1.0f / 24));
    p = fma8(p, r, splat8(1.0f / 6));
    p = fma8(p, r, splat8(0.5f));
    p = fma8(p, r, splat8(1.0f));
    p = fma8(p, r, splat8(1.0f));
    i8 scale = (__builtin_convertvector(n, i8) + 127) << 23;
    i8 visible = x >= splat8(TK_EXP_LOWEST);
    return (v8)((i8)(p * (v8)scale) & visible);
}
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
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return x >= TK_EXP_LOWEST ? p * scale : 0;
}

#endif
