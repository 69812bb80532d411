/* The vector kernels for NEON, which every 64-bit ARM has: 32 registers of 4 floats. */
#include "common.h"

#if defined(__aarch64__)
#define TK_TARGET
#define TK_TILE_ROWS 6 /* 6 x 16 sums are 24 registers */
#define KERNEL_SET tk_neon_kernels
#include "vector/kernels.h"
#endif
