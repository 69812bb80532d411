/* Vectors of doubles, for the decomposition of weights. */
#include "../common.h"

static void dots(double *sums, const double *vectors, ptrdiff_t ld, ptrdiff_t count, const double *x, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < count; i++) sums[i] = dot_plain(vectors + i * ld, x, 0, length, (double[8]){0});
}

static void subtract(double *x, const double *vectors, ptrdiff_t ld, const double *scales, ptrdiff_t count,
                     ptrdiff_t length) {
    for (ptrdiff_t j = 0; j < length; j++) x[j] = subtracted(x[j], vectors + j, ld, scales, count);
}
