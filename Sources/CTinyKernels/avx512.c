/* The vector kernels for AVX-512: 32 registers of 16 floats. With AMX all but the products are the same. */
#include "common.h"

#if defined(__x86_64__)
#define TK_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define TK_TILE_ROWS 12 /* 12 x 16 sums of two panels are 24 registers */
#define KERNEL_SET tk_avx512_kernels
#include "vector/kernels.h"

#undef KERNEL_SET
#define KERNEL_SET tk_amx_kernels
#undef BF16_PRODUCTS
#define BF16_PRODUCTS                                                                                                   \
    .matmul_bf16 = tk_amx_matmul_bf16, .matmul_bf16_transposed = tk_amx_matmul_bf16_transposed,                         \
    .peak_bf16 = tk_amx_peak_bf16
#include "kernel_set.h"
#endif
