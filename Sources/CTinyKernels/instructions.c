/* The one place that knows what a processor can run. */
#include "common.h"
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
extern long syscall(long number, ...);

/* Whether this process may use AMX's bf16 tiles. The permission is for all its threads. */
static int has_amx(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return 0; /* AMX-BF16, AMX-TILE */
    const long request = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return syscall(SYS_arch_prctl, request, tile_data) == 0;
}
#elif defined(__x86_64__)
static int has_amx(void) { return 0; }
#endif

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
    case TK_AMX: return tk_kernels_of(TK_AVX512) && has_amx() ? &tk_amx_kernels : NULL;
#elif defined(__aarch64__)
    case TK_NEON: return &tk_neon_kernels;
#endif
    default: return NULL;
    }
}
