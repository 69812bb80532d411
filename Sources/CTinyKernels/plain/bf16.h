/* Products of the bfloat16 arithmetic. */
#include "../bf16.h"

static void matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done) {
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        float *out = y.data + i * y.stride;
        if (!add) memset(out, 0, (size_t)w->outputs * sizeof(float));
        for (ptrdiff_t from = 0; from < w->inputs; from += TK_TERMS) {
            float terms[TK_TERMS];
            for (ptrdiff_t j = 0; j < TK_TERMS; j++) terms[j] = widened(x.data[i * x.stride + from + j]);
            for (ptrdiff_t o = 0; o < w->outputs; o++)
                out[o] = add_block(out[o], terms, (const uint16_t *)panel_of(w, o) + from * TK_PANEL, o % TK_PANEL);
        }
    }
    if (done) done->call(done->context, 0, x.rows, 0, w->outputs);
}

static void matmul_bf16_transposed(tk_view dx, tk_bf16_rows dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                   int add) {
    for (ptrdiff_t i = 0; i < dy.rows; i++) {
        float *out = dx.data + i * dx.stride;
        if (!add) memset(out + first, 0, (size_t)count * sizeof(float));
        for (ptrdiff_t from = 0; from < w->outputs; from += TK_TERMS) {
            float terms[TK_TERMS];
            for (ptrdiff_t j = 0; j < TK_TERMS; j++) terms[j] = widened(dy.data[i * dy.stride + from + j]);
            for (ptrdiff_t column = first; column < first + count; column++) {
                uint16_t turned[TK_TERMS * TK_PANEL] = {0}; /* a panel with one output, whose terms are this column */
                for (ptrdiff_t j = 0; j < smaller(TK_TERMS, w->outputs - from); j++)
                    turned[pair_place(0, j)] =
                        ((const uint16_t *)panel_of(w, from + j))[pair_place(from + j, column)];
                out[column] = add_block(out[column], terms, turned, 0);
            }
        }
    }
}
