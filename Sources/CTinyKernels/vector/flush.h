/* The processor's mode in which subnormal inputs and results are zero. It is set inside the products of the bfloat16
   arithmetic only, and they call functions that are not inlined between `flush_begin` and `flush_end`. */
#ifndef TK_FLUSH_H
#define TK_FLUSH_H

#include "vectors.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

typedef unsigned flush_mode;
static inline flush_mode flush_begin(void) {
    const flush_mode before = _mm_getcsr();
    _mm_setcsr(0x9FC0); /* flush to zero, denormals are zero, round to nearest, no exception trapped */
    return before;
}
static inline void flush_end(flush_mode before) { _mm_setcsr(before); }

#elif defined(__aarch64__)

typedef struct {
    uint64_t control, status;
} flush_mode;
static inline uint64_t float_status(void) {
    uint64_t status;
    __asm__ volatile("mrs %0, fpsr" : "=r"(status)::"memory");
    return status;
}
static inline void set_float_status(uint64_t status) { __asm__ volatile("msr fpsr, %0" ::"r"(status) : "memory"); }
static inline flush_mode flush_begin(void) {
    flush_mode before = {0, float_status()};
    __asm__ volatile("mrs %0, fpcr" : "=r"(before.control)::"memory");
    __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)1 << 24) : "memory"); /* FZ, round to nearest, nothing trapped */
    return before;
}
static inline void flush_end(flush_mode before) {
    __asm__ volatile("msr fpcr, %0" ::"r"(before.control) : "memory");
    set_float_status(before.status);
}
/* The ordinary mode again, until the next flush_begin. */
static inline void flush_pause(void) { __asm__ volatile("msr fpcr, xzr" ::: "memory"); }
#define TK_UNDERFLOW 8 /* in the status: a result was made zero */
#endif

#endif
