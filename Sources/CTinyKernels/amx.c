/* Products of the bfloat16 arithmetic on the tiles of AMX, whose own order of summation is the definition's. Processors with
   AMX have AVX-512 too, which does the rest. */
#include "common.h"

#if defined(__x86_64__)
#define TK_TARGET __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define TK_TILE_ROWS 12
#include "vector/panels.h"
#include <immintrin.h>

#define TILE 16 /* rows of a tile; a row holds 16 sums, or 32 terms */

/* Tiles 0 … 3 hold the sums of two tiles of rows times two panels, 4 and 5 the rows' terms, 6 and 7 the panels'. */
static TK_TARGET void configure(ptrdiff_t upper, ptrdiff_t lower) {
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {.palette = 1};
    const ptrdiff_t rows[8] = {upper, upper, lower, lower, upper, lower, TILE, TILE};
    for (int i = 0; i < 8; i++) {
        tiles.rows[i] = (uint8_t)rows[i];
        tiles.bytes[i] = rows[i] ? 64 : 0;
    }
    _tile_loadconfig(&tiles);
}

/* Up to two tiles of rows times one or two panels; what does not exist is known at every call. */
TK_INLINE void product(const int two_rows, const int two_panels, tk_view y, tk_bf16_rows x, const uint16_t *panel,
                       ptrdiff_t step, int add) {
    const ptrdiff_t ldy = y.stride * (ptrdiff_t)sizeof(float), ldx = x.stride * (ptrdiff_t)sizeof(uint16_t);
    float *lower = y.data + TILE * y.stride;
    _tile_zero(0);
    if (two_panels) _tile_zero(1);
    if (two_rows) _tile_zero(2);
    if (two_rows && two_panels) _tile_zero(3);
    if (add) {
        _tile_loadd(0, y.data, ldy);
        if (two_panels) _tile_loadd(1, y.data + TK_PANEL, ldy);
        if (two_rows) _tile_loadd(2, lower, ldy);
        if (two_rows && two_panels) _tile_loadd(3, lower + TK_PANEL, ldy);
    }
    for (ptrdiff_t j = 0; j < x.columns; j += TK_TERMS) {
        _tile_loadd(4, x.data + j, ldx);
        _tile_loadd(6, panel + j * TK_PANEL, 64);
        _tile_dpbf16ps(0, 4, 6);
        if (two_rows) {
            _tile_loadd(5, x.data + TILE * x.stride + j, ldx);
            _tile_dpbf16ps(2, 5, 6);
        }
        if (two_panels) {
            _tile_loadd(7, panel + step + j * TK_PANEL, 64);
            _tile_dpbf16ps(1, 4, 7);
        }
        if (two_rows && two_panels) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, y.data, ldy);
    if (two_panels) _tile_stored(1, y.data + TK_PANEL, ldy);
    if (two_rows) _tile_stored(2, lower, ldy);
    if (two_rows && two_panels) _tile_stored(3, lower + TK_PANEL, ldy);
}

static TK_TARGET void matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done) {
    const ptrdiff_t n = w->outputs, k = w->inputs, step = panel_bytes(TK_BF16, k) / (ptrdiff_t)sizeof(uint16_t);
    if (k == 0 || x.rows == 0) {
        tk_plain_kernels.matmul_bf16(y, x, w, add, done);
        return;
    }
    ptrdiff_t configured = 0, handed = 0, np;
    for (ptrdiff_t p = 0; p * TK_PANEL < n; p += np) {
        np = (p + 2) * TK_PANEL <= n ? 2 : 1;
        const uint16_t *panel = (const uint16_t *)w->data + p * step;
        const ptrdiff_t columns = smaller(np * TK_PANEL, n - p * TK_PANEL);
        for (ptrdiff_t i = 0; i < x.rows; i += 2 * TILE) {
            const ptrdiff_t rows = smaller(2 * TILE, x.rows - i), upper = smaller(TILE, rows);
            if (rows != configured) configure(upper, rows - upper);
            configured = rows;
            const tk_bf16_rows some = {x.data + i * x.stride, rows, k, x.stride};
            tk_view out = {y.data + i * y.stride + p * TK_PANEL, rows, columns, y.stride};
            float edge[2 * TILE * TK_PANEL];
            float *place = out.data;
            out.data = tile_begin(edge, place, &out.stride, rows, columns);
            if (rows > TILE && np == 2) product(1, 1, out, some, panel, step, add);
            else if (rows > TILE) product(1, 0, out, some, panel, step, add);
            else if (np == 2) product(0, 1, out, some, panel, step, add);
            else product(0, 0, out, some, panel, step, add);
            tile_end(edge, place, y.stride, rows, columns);
        }
        if (done) hand_out(done, 0, x.rows, &handed, p + np, n);
    }
    _tile_release();
}

static TK_TARGET float peak_bf16(ptrdiff_t rounds) {
    const uint16_t zeros[TILE * TK_TERMS] = {0};
    float sums[TILE * TILE];
    configure(TILE, TILE);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, zeros, 64);
    _tile_loadd(5, zeros, 64);
    _tile_loadd(6, zeros, 64);
    _tile_loadd(7, zeros, 64);
    for (ptrdiff_t round = 0; round < rounds * TK_PEAK_FLOP / (4 * 2 * TILE * TILE * TK_TERMS); round++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, 64);
    _tile_release();
    return sums[0];
}

#include "vector/bf16_transposed.h"

float tk_amx_peak_bf16(ptrdiff_t rounds) { return peak_bf16(rounds); }
void tk_amx_matmul_bf16(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done) {
    matmul_bf16(y, x, w, add, done);
}
void tk_amx_matmul_bf16_transposed(tk_view dx, tk_bf16_rows dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                   int add) {
    matmul_bf16_transposed(dx, dy, w, first, count, add);
}
#endif
