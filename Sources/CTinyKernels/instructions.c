/* The one place that knows what a processor can run. */
#include "common.h"

const tk_kernels *tk_kernels_of(tk_instructions set) {
    switch (set) {
    case TK_PLAIN: return &tk_plain_kernels;
#if defined(__x86_64__)
    case TK_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &tk_avx2_kernels : NULL;
    case TK_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                       tk_kernels_of(TK_AVX2)
                   ? &tk_avx512_kernels
                   : NULL;
#elif defined(__aarch64__)
    case TK_NEON: return &tk_neon_kernels;
#endif
    default: return NULL;
    }
}
