/* Products of activation rows with packed weights: y = x · wᵀ, and dx = dy · w from the same panels. */
#include "../common.h"

static void matmul(tk_view y, tk_input x, const tk_panels *w, int add, const tk_done *done) {
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        for (ptrdiff_t o = 0; o < w->outputs; o++) {
            float *out = y.data + i * y.stride + o, total = add ? *out : 0;
            for (ptrdiff_t from = 0; from < w->inputs; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t j = from; j < smaller(from + TK_BLOCK, w->inputs); j++)
                    sum = fmaf(x.data[i * x.stride + j], panel_element(w, o, j), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            *out = total;
        }
    }
    if (done) done->call(done->context, 0, x.rows, 0, w->outputs);
}

static void matmul_transposed(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count, int add) {
    for (ptrdiff_t i = 0; i < dy.rows; i++) {
        for (ptrdiff_t j = first; j < first + count; j++) {
            float *out = dx.data + i * dx.stride + j, total = add ? *out : 0;
            for (ptrdiff_t from = 0; from < w->outputs; from += TK_BLOCK) {
                float sum = 0;
                for (ptrdiff_t o = from; o < smaller(from + TK_BLOCK, w->outputs); o++)
                    sum = fmaf(dy.data[i * dy.stride + o], panel_element(w, o, j), sum);
                total = add || from > 0 ? total + sum : sum;
            }
            *out = total;
        }
    }
}
