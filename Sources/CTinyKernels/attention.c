/* Pages of keys and values, and the scratch memory of the attention kernels. */
#include "common.h"

void tk_page_store(float *page, const float *key, const float *value, ptrdiff_t slot, ptrdiff_t width) {
    float *keys = page + slot / TK_PANEL * width * TK_PANEL + slot % TK_PANEL;
    float *values = page + TK_PAGE * width + slot * TK_PANEL;
    for (ptrdiff_t i = 0; i < width; i++) {
        keys[i * TK_PANEL] = key[i];
        values[i / TK_PANEL * TK_PAGE * TK_PANEL + i % TK_PANEL] = value[i];
    }
}

ptrdiff_t tk_attention_scratch(ptrdiff_t keys, ptrdiff_t width) {
    return TK_MOST_ROWS * (width + TK_KEYS_PADDED(keys) + TK_WIDTH_PADDED(width));
}

ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width) {
    const ptrdiff_t padded = TK_KEYS_PADDED(keys), wide = TK_WIDTH_PADDED(width);
    return TK_PAIR_BLOCK * (2 * width + 2 * wide + 4 * padded) + padded * (width + 3 * wide) + TK_MOST_ROWS * wide;
}
