/* The vector kernels for AVX2 with FMA: 16 registers of 8 floats. */
#include "common.h"

#if defined(__x86_64__)
/* Vectors of 16 floats would be passed in another way if AVX-512 were on; here they are passed to inlined functions only. */
#pragma clang diagnostic ignored "-Wpsabi"
#define TK_TARGET __attribute__((target("avx2,fma")))
#define TK_TILE_ROWS 6 /* 6 x 16 sums are 12 registers; with two of weights and one of activations they fill 15 */
#define KERNEL_SET tk_avx2_kernels
#include "vector/kernels.h"
#endif
