/* How each weight format stores the 16 values of one group: the only file that a new format touches. */
#ifndef TK_FORMATS_H
#define TK_FORMATS_H

#include "vectors.h"

static inline ptrdiff_t group_bytes(tk_format format) {
    switch (format) {
    case TK_F32: return TK_PANEL * 4;
    case TK_BF16: return TK_PANEL * 2;
    }
    return 0;
}

/* Where value `lane` of a bf16 group stands: pairs (i, i + 8). */
static inline ptrdiff_t bf16_place(ptrdiff_t lane) { return lane % 8 * 2 + lane / 8; }

static inline float widened(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The 16 values of a group, in two registers. `format` is a constant at every call. */
TK_INLINE void group_load(const void *group, const tk_format format, v8 *lo, v8 *hi) {
    switch (format) {
    case TK_F32:
        *lo = load8(group);
        *hi = load8((const float *)group + 8);
        break;
    case TK_BF16: {
        u8 pairs = *(const u8_unaligned *)group;
        *lo = (v8)(pairs << 16);
        *hi = (v8)(pairs & 0xFFFF0000u);
        break;
    }
    }
}

/* One value of a group: the specification of group_load. */
static inline float group_element(const void *group, tk_format format, ptrdiff_t lane) {
    switch (format) {
    case TK_F32: return ((const float *)group)[lane];
    case TK_BF16: return widened(((const uint16_t *)group)[bf16_place(lane)]);
    }
    return 0;
}

/* Sets one value of a group to element `j` of a stored row. */
static inline void group_store(void *group, tk_format format, ptrdiff_t lane, const void *row, ptrdiff_t j) {
    switch (format) {
    case TK_F32: ((float *)group)[lane] = row ? ((const float *)row)[j] : 0; break;
    case TK_BF16: ((uint16_t *)group)[bf16_place(lane)] = row ? ((const uint16_t *)row)[j] : 0; break;
    }
}

static inline ptrdiff_t element_bytes(tk_format format) { return group_bytes(format) / TK_PANEL; }

#endif
