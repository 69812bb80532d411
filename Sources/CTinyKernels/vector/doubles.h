/* Vectors of doubles, eight at a time, for the decomposition of weights. */
#include "vectors.h"

typedef double d8 __attribute__((vector_size(64)));
typedef double d8_unaligned __attribute__((vector_size(64), aligned(8)));

TK_INLINE d8 load8(const double *p) { return *(const d8_unaligned *)p; }
TK_INLINE d8 splat8(double x) { return (d8){x, x, x, x, x, x, x, x}; }

/* Some vectors' products with x at once: one sum alone waits for each of its additions. */
TK_INLINE void dots_of(const int some, double *sums, const double *vectors, ptrdiff_t ld, const double *x,
                       ptrdiff_t length) {
    d8 partial[4];
    TK_UNROLL for (int i = 0; i < some; i++) partial[i] = splat8(0);
    ptrdiff_t j = 0;
    for (; j + 8 <= length; j += 8) {
        const d8 all = load8(x + j);
        TK_UNROLL for (int i = 0; i < some; i++) partial[i] = partial[i] + load8(vectors + i * ld + j) * all;
    }
    for (int i = 0; i < some; i++) {
        double lanes[8];
        memcpy(lanes, &partial[i], sizeof lanes);
        sums[i] = dot_plain(vectors + i * ld, x, j, length, lanes);
    }
}

static TK_TARGET void dots(double *sums, const double *vectors, ptrdiff_t ld, ptrdiff_t count, const double *x,
                           ptrdiff_t length) {
    ptrdiff_t i = 0;
    for (; i + 4 <= count; i += 4) dots_of(4, sums + i, vectors + i * ld, ld, x, length);
    for (; i < count; i++) dots_of(1, sums + i, vectors + i * ld, ld, x, length);
}

static TK_TARGET void subtract(double *x, const double *vectors, ptrdiff_t ld, const double *scales, ptrdiff_t count,
                               ptrdiff_t length) {
    ptrdiff_t j = 0;
    for (; j + 32 <= length; j += 32) {
        d8 rest[4];
        TK_UNROLL for (int part = 0; part < 4; part++) rest[part] = load8(x + j + 8 * part);
        for (ptrdiff_t i = 0; i < count; i++) {
            const double *vector = vectors + i * ld + j;
            TK_UNROLL for (int part = 0; part < 4; part++)
                rest[part] = rest[part] - splat8(scales[i]) * load8(vector + 8 * part);
        }
        TK_UNROLL for (int part = 0; part < 4; part++) *(d8_unaligned *)(x + j + 8 * part) = rest[part];
    }
    for (; j < length; j++) x[j] = subtracted(x[j], vectors + j, ld, scales, count);
}
