/* The definition of the bfloat16 arithmetic, one operation at a time, in the processor's ordinary mode. */
#ifndef TK_BF16_H
#define TK_BF16_H

#include "common.h"

/* A subnormal number counts as zero. */
static inline float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

/* a + b. Both are multiples of 2^-149, so a sum below 2^-126 is exact: it is the same before and after rounding. */
static inline float add_flushed(float a, float b) { return flushed(flushed(a) + flushed(b)); }

/* a · b + c with one rounding, for bf16 numbers a and b. The result is zero when it is below 2^-126 after rounding to 24
   bits without a lowest exponent: when a · b + c is below 2^-126 − 2^-151, halfway between 2^-126 and the number before it.
   Double precision decides that exactly: the product has 16 bits and is exact; and a sum that is not 2^-126 − 2^-151 is at
   least 2^-179 away from it, the distance of two doubles there, because c is a multiple of 2^-149. */
static inline float fma_flushed(float a, float b, float c) {
    a = flushed(a);
    b = flushed(b);
    c = flushed(c);
    const double sum = (double)a * b + c;
    return fabs(sum) < 0x1p-126 - 0x1p-151 ? copysignf(0, (float)sum) : fmaf(a, b, c);
}

/* `total` and one block of terms of a panel's output `lane`. */
static inline float add_block(float total, const float *x, const uint16_t *panel, ptrdiff_t lane) {
    float even = 0, odd = 0;
    for (ptrdiff_t j = 0; j < TK_TERMS; j += 2) {
        even = fma_flushed(x[j], widened(panel[pair_place(lane, j)]), even);
        odd = fma_flushed(x[j + 1], widened(panel[pair_place(lane, j + 1)]), odd);
    }
    return add_flushed(total, add_flushed(even, odd));
}

#endif
