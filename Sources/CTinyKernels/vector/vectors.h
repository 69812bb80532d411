/* Sixteen floats at a time, written with the compiler's vector types and compiled once for each instruction set: two
   registers of AVX2, one of AVX-512, four of NEON. A fused multiply-add is one rounding everywhere, so all of them give the
   reference's bits. The file that includes this one defines
     TK_TARGET      the instruction set
     TK_TILE_ROWS   rows of a tile of 16 columns whose sums fit in registers */
#ifndef TK_VECTORS_H
#define TK_VECTORS_H

#include "../common.h"

#define TK_INLINE static inline __attribute__((always_inline)) TK_TARGET
#define TK_UNROLL _Pragma("clang loop unroll(full)")

typedef float v16 __attribute__((vector_size(64)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v8_unaligned __attribute__((vector_size(32), aligned(4)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));
typedef float v16_unaligned __attribute__((vector_size(64), aligned(4)));
typedef uint32_t u32x16_unaligned __attribute__((vector_size(64), aligned(2)));

TK_INLINE v16 load16(const float *p) { return *(const v16_unaligned *)p; }
TK_INLINE void store16(float *p, v16 v) { *(v16_unaligned *)p = v; }
TK_INLINE v16 splat16(float x) { return (v16){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }
TK_INLINE v16 fma16(v16 a, v16 b, v16 c) { return __builtin_elementwise_fma(a, b, c); }
TK_INLINE v16 max16(v16 a, v16 b) { return __builtin_elementwise_max(a, b); }
TK_INLINE v16 min16(v16 a, v16 b) { return __builtin_elementwise_min(a, b); }

/* `count` floats, zeros behind them. */
TK_INLINE v16 load16_partial(const float *p, ptrdiff_t count) {
    float lanes[16] = {0};
    memcpy(lanes, p, (size_t)count * sizeof(float));
    return load16(lanes);
}
TK_INLINE void store16_partial(float *p, v16 v, ptrdiff_t count) {
    float lanes[16];
    store16(lanes, v);
    memcpy(p, lanes, (size_t)count * sizeof(float));
}

/* The fixed tree over 16 partial sums. */
TK_INLINE float tree16(v16 s) {
    float a = (s[0] + s[8]) + (s[4] + s[12]), b = (s[1] + s[9]) + (s[5] + s[13]);
    float c = (s[2] + s[10]) + (s[6] + s[14]), d = (s[3] + s[11]) + (s[7] + s[15]);
    return (a + c) + (b + d);
}

/* Σ a b as a row reduction. */
TK_INLINE float sum_of_products(const float *a, const float *b, ptrdiff_t count) {
    v16 sum = splat16(0);
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) sum = fma16(load16(a + i), load16(b + i), sum);
    if (i < count) sum = fma16(load16_partial(a + i, count - i), load16_partial(b + i, count - i), sum);
    return tree16(sum);
}

/* The largest of 16, or `largest`. */
TK_INLINE float largest16(v16 top, float largest) {
    for (int i = 0; i < 16; i++) largest = top[i] > largest ? top[i] : largest;
    return largest;
}

/* exp1, sixteen times. */
TK_INLINE v16 exp16(v16 x) {
    v16 clamped = min16(max16(x, splat16(TK_EXP_LOWEST)), splat16(TK_EXP_HIGHEST));
    v16 n = fma16(clamped, splat16(TK_LOG2E), splat16(TK_ROUND)) - splat16(TK_ROUND);
    v16 r = fma16(n, splat16(-TK_LN2_HIGH), clamped);
    r = fma16(n, splat16(-TK_LN2_LOW), r);
    v16 p = splat16(1.0f / 5040);
    p = fma16(p, r, splat16(1.0f / 720));
    p = fma16(p, r, splat16(1.0f / 120));
    p = fma16(p, r, splat16(1.0f / 24));
    p = fma16(p, r, splat16(1.0f / 6));
    p = fma16(p, r, splat16(0.5f));
    p = fma16(p, r, splat16(1.0f));
    p = fma16(p, r, splat16(1.0f));
    i32x16 scale = (__builtin_convertvector(n, i32x16) + 127) << 23;
    i32x16 visible = x >= splat16(TK_EXP_LOWEST);
    return (v16)((i32x16)(p * (v16)scale) & visible);
}

#endif
