/* The vector kernels for AVX-512: 32 registers of 16 floats. */
#include "common.h"

#if defined(__x86_64__)
#define TK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define TK_TILE_ROWS 12 /* 12 x 16 sums of two panels are 24 registers */
#define KERNEL_SET tk_avx512_kernels
#include "vector/kernels.h"
#endif
