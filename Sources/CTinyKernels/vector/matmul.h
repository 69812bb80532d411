/* Products of activation rows with packed weights, and their transpose: specified in ../plain/matmul.h. */
#include "tile.h"

/* Rows kept together while the panels pass by: 64 rows of 896 floats fill a quarter of a 1 MiB second-level cache. */
#define ROW_BLOCK 64
/* The same for the transpose, whose panels must be turned around first: more rows repay that. */
#define TRANSPOSED_ROW_BLOCK 256

static TK_TARGET void matmul(tk_view y, tk_input x, const tk_panels *w, int add, const tk_done *done) {
    const ptrdiff_t n = w->outputs, k = w->inputs, step = panel_bytes(w->format, k), size = group_bytes(w->format);
    if (k == 0) {
        tk_plain_kernels.matmul(y, x, w, add, done);
        return;
    }
    tile_kernel *const tile = tile_of(w->format);
    for (ptrdiff_t row = 0; row < x.rows; row += ROW_BLOCK) {
        const ptrdiff_t rows = smaller(ROW_BLOCK, x.rows - row), tiles = (rows + TK_TILE_ROWS - 1) / TK_TILE_ROWS;
        const ptrdiff_t most = panels_at_once(tile_rows(rows)), pass = tiles == 1 ? most : PASS_PANELS;
        const reading_order order = {(n + TK_PANEL - 1) / TK_PANEL, k, pass, TK_BLOCK, tiles == 1 ? most : GROUP_PANELS};
        ptrdiff_t handed = 0;
        for (ptrdiff_t first = 0; first < order.panels; first += pass) {
            const ptrdiff_t end = smaller(order.panels, first + pass);
            for (ptrdiff_t from = 0; from < k; from += TK_BLOCK) {
                const ptrdiff_t some = smaller(TK_BLOCK, k - from);
                for (ptrdiff_t group = first; group < end; group += order.group) {
                    const ptrdiff_t last = smaller(group + order.group, end);
                    ptrdiff_t mr, np;
                    for (ptrdiff_t i = row; i < row + rows; i += mr) {
                        mr = tile_rows(row + rows - i);
                        for (ptrdiff_t p = group; p < last; p += np) {
                            np = (p + most) * TK_PANEL <= n && p + most <= last ? most : 1;
                            const ptrdiff_t columns = smaller(np * TK_PANEL, n - p * TK_PANEL);
                            const char *next = tiles > 1 ? counterpart(&order, w, first, from, group, p) : NULL;
                            const ptrdiff_t slice = some * size / tiles, begin = (i - row) / mr * slice;
                            for (ptrdiff_t o = begin; next && o < begin + slice; o += 64)
                                __builtin_prefetch(next + o, 0, 2);
                            float edge[TK_TILE_ROWS * TK_PANEL], *out = y.data + i * y.stride + p * TK_PANEL;
                            ptrdiff_t stride = y.stride;
                            float *target = tile_begin(edge, out, &stride, mr, columns);
                            const float *rows_of_x = x.data + i * x.stride + from;
                            const char *panel = (const char *)w->data + p * step + from * size;
                            if (w->format == TK_F32 && columns <= TK_PANEL / 2)
                                half_tile(mr, some, rows_of_x, x.stride, (const float *)panel, target, stride, add || from > 0);
                            else
                                tile(mr, np, some, rows_of_x, x.stride, panel, step, target, stride, add || from > 0);
                            tile_end(edge, out, y.stride, mr, columns);
                        }
                    }
                }
            }
            if (done) hand_out(done, row, rows, &handed, end, n);
        }
    }
}

static TK_TARGET void matmul_transposed(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                        int add) {
    float turned[TK_BLOCK * TK_PANEL];
    const ptrdiff_t n = w->outputs;
    if (n == 0) {
        tk_plain_kernels.matmul_transposed(dx, dy, w, first, count, add);
        return;
    }
    for (ptrdiff_t row = 0; row < dy.rows; row += TRANSPOSED_ROW_BLOCK) {
        const ptrdiff_t end = smaller(row + TRANSPOSED_ROW_BLOCK, dy.rows);
        for (ptrdiff_t column = first; column < first + count; column += TK_PANEL) {
            const ptrdiff_t columns = smaller(TK_PANEL, first + count - column);
            for (ptrdiff_t from = 0; from < n; from += TK_BLOCK) {
                const ptrdiff_t terms = smaller(TK_BLOCK, n - from);
                turn_panels(w->format, turned, w, from, rounded_up(terms, TK_PANEL), column);
                ptrdiff_t mr;
                for (ptrdiff_t i = row; i < end; i += mr) {
                    mr = tile_rows(end - i);
                    float edge[TK_TILE_ROWS * TK_PANEL], *out = dx.data + i * dx.stride + column;
                    ptrdiff_t stride = dx.stride;
                    float *target = tile_begin(edge, out, &stride, mr, columns);
                    tile(mr, terms, dy.data + i * dy.stride + from, dy.stride, turned, target, stride, add || from > 0);
                    tile_end(edge, out, dx.stride, mr, columns);
                }
            }
        }
    }
}
