/* Pages of keys and values, and the scratch memory of the attention kernels. */
#include "common.h"

ptrdiff_t tk_page_bytes(tk_format format, ptrdiff_t width) {
    return TK_PAGE * (width + TK_WIDTH_PADDED(width)) * (format == TK_F32 ? 4 : 2);
}

static void store(void *page, tk_format format, ptrdiff_t place, float value) {
    if (format == TK_F32) ((float *)page)[place] = value;
    else ((uint16_t *)page)[place] = narrowed(value);
}

void tk_page_store(void *page, tk_format format, const float *key, const float *value, ptrdiff_t slot, ptrdiff_t width) {
    for (ptrdiff_t i = 0; i < width; i++) {
        store(page, format, key_place(format, slot, i, width), key[i]);
        store(page, format, value_place(format, slot, i, width), value[i]);
    }
}

ptrdiff_t tk_attention_scratch(ptrdiff_t keys, ptrdiff_t width) {
    return TK_MOST_ROWS * (width + TK_KEYS_PADDED(keys) + TK_WIDTH_PADDED(width));
}

ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width) {
    const ptrdiff_t padded = TK_KEYS_PADDED(keys), wide = TK_WIDTH_PADDED(width);
    return TK_PAIR_BLOCK * (2 * width + 2 * wide + 4 * padded) + padded * (width + 3 * wide) + TK_MOST_ROWS * wide;
}
