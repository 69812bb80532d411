/* Attention over pages: specified in ../plain/attention.h. */
#include "tile.h"

/* scores[mr, keys] for mr gathered queries; columns beyond `keys` up to a multiple of 16 hold anything. */
TK_INLINE void tile_scores(float *scores, ptrdiff_t lds, ptrdiff_t mr, const float *queries, const tk_head *head,
                           ptrdiff_t keys) {
    const ptrdiff_t width = head->width, bytes = width * group_bytes(head->format);
    for (ptrdiff_t j = 0; j < keys; j += TK_PANEL) {
        const char *panel = (const char *)head->pages[j / TK_PAGE] + j % TK_PAGE / TK_PANEL * bytes;
        tile_of(head->format)(mr, 1, width, queries, width, panel, 0, scores + j, lds, 0);
    }
}

/* The largest of the first `count` scores. */
TK_INLINE float largest_of(const float *scores, ptrdiff_t count) {
    v16 top = splat16(-INFINITY);
    ptrdiff_t j = 0;
    for (; j + 16 <= count; j += 16) top = max16(top, load16(scores + j));
    float largest = largest16(top, -INFINITY);
    for (; j < count; j++) largest = scores[j] > largest ? scores[j] : largest;
    return largest;
}

/* scores become exp(score - largest), 0 behind the first `count`; returns their sum. `padded`: a multiple of 16. */
TK_INLINE float exp_row(float *scores, ptrdiff_t count, ptrdiff_t padded, float largest) {
    for (ptrdiff_t j = count; j < padded; j++) scores[j] = -INFINITY;
    v16 sum = splat16(0);
    for (ptrdiff_t j = 0; j < padded; j += 16) {
        const v16 exps = exp16(load16(scores + j) - splat16(largest));
        store16(scores + j, exps);
        sum = sum + exps;
    }
    return tree16(sum);
}

/* Copies the vectors of `mr` (row, head) pairs from `pair` on next to each other, times `scale`. */
TK_INLINE void gather_pairs(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, ptrdiff_t pair, ptrdiff_t mr,
                            ptrdiff_t group, ptrdiff_t width, float scale) {
    for (ptrdiff_t i = 0; i < mr; i++) {
        const float *from = x + (pair + i) / group * ldx + (pair + i) % group * width;
        for (ptrdiff_t c = 0; c < width; c++) out[i * ldo + c] = from[c] * scale;
    }
}

static TK_TARGET void attention(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch) {
    const ptrdiff_t start = head->start, rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t bytes = group_bytes(head->format), lds = TK_KEYS_PADDED(start + rows), ldo = TK_WIDTH_PADDED(width);
    float *queries = scratch, *scores = queries + TK_TILE_ROWS * width, *sums = scores + TK_TILE_ROWS * lds;
    ptrdiff_t mr;
    for (ptrdiff_t pair = 0; pair < rows * group; pair += mr) {
        mr = tile_rows(rows * group - pair);
        const ptrdiff_t keys = start + (pair + mr - 1) / group + 1;
        const ptrdiff_t padded = (keys + TK_PANEL - 1) / TK_PANEL * TK_PANEL;
        gather_pairs(queries, width, q.data, q.stride, pair, mr, group, width, head->scale);
        tile_scores(scores, lds, mr, queries, head, keys);
        float inverse[TK_TILE_ROWS];
        for (ptrdiff_t i = 0; i < mr; i++) {
            const ptrdiff_t row = (pair + i) / group, seen = start + row + 1;
            const float largest = largest_of(scores + i * lds, seen);
            inverse[i] = 1 / exp_row(scores + i * lds, seen, padded, largest);
            keep_stats(stats, row, (pair + i) % group, largest, inverse[i]);
        }
        for (ptrdiff_t from = 0; from < keys; from += TK_PAGE) {
            /* Values follow 4 panels of keys. */
            const char *values = (const char *)head->pages[from / TK_PAGE] + TK_PAGE / TK_PANEL * width * bytes;
            for (ptrdiff_t c = 0; c < width; c += TK_PANEL)
                tile_of(head->format)(mr, 1, smaller(TK_PAGE, keys - from), scores + from, lds,
                                      values + c / TK_PANEL * TK_PAGE * bytes, 0, sums + c, ldo, from > 0);
        }
        for (ptrdiff_t i = 0; i < mr; i++) {
            float *to = out.data + (pair + i) / group * out.stride + (pair + i) % group * width;
            for (ptrdiff_t c = 0; c < width; c++) to[c] = sums[i * ldo + c] * inverse[i];
        }
    }
}

static TK_TARGET void attention_backward(const tk_attention_gradient *gradient, tk_input dout,
                                         const tk_attended *forward, const tk_head *head, float *scratch) {
    const tk_input q = forward->q, out = forward->out, stats = forward->stats;
    const tk_view dq = gradient->q;
    const ptrdiff_t start = head->start, rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t ld = TK_KEYS_PADDED(start + rows), wide = TK_WIDTH_PADDED(width), pairs = rows * group;
    float *queries = scratch;                              /* [64, width], scaled */
    float *douts = queries + TK_PAIR_BLOCK * width;        /* [64, width] */
    float *query_panels = douts + TK_PAIR_BLOCK * width;   /* the same two as panels of 16 dimensions */
    float *dout_panels = query_panels + TK_PAIR_BLOCK * wide;
    float *p = dout_panels + TK_PAIR_BLOCK * wide;         /* [64, ld] */
    float *ds = p + TK_PAIR_BLOCK * ld;
    float *p_turned = ds + TK_PAIR_BLOCK * ld;             /* [ld, 64] */
    float *ds_turned = p_turned + TK_PAIR_BLOCK * ld;
    float *value_panels = ds_turned + TK_PAIR_BLOCK * ld;  /* values as panels [width][16 positions] */
    float *key_panels = value_panels + ld * width;         /* keys as panels [ld positions][16 dimensions] */
    float *dkeys = key_panels + ld * wide;                 /* [ld, wide] */
    float *dvalues = dkeys + ld * wide;
    float *dquery = dvalues + ld * wide;                   /* [TK_TILE_ROWS, wide] */

    for (ptrdiff_t j = 0; j < ld; j++) {
        for (ptrdiff_t i = 0; i < wide; i++)
            key_panels[(i / TK_PANEL * ld + j) * TK_PANEL + i % TK_PANEL] =
                j < start + rows && i < width ? key_element(head, j, i) : 0;
        for (ptrdiff_t i = 0; i < width; i++)
            value_panels[(j / TK_PANEL * width + i) * TK_PANEL + j % TK_PANEL] =
                j < start + rows ? value_element(head, j, i) : 0;
    }
    memset(dkeys, 0, (size_t)(2 * ld * wide) * sizeof(float));

    for (ptrdiff_t block = 0; block < pairs; block += TK_PAIR_BLOCK) {
        const ptrdiff_t count = smaller(TK_PAIR_BLOCK, pairs - block);
        const ptrdiff_t keys = start + (block + count - 1) / group + 1;
        const ptrdiff_t padded = (keys + TK_PANEL - 1) / TK_PANEL * TK_PANEL;
        gather_pairs(queries, width, q.data, q.stride, block, count, group, width, head->scale);
        gather_pairs(douts, width, dout.data, dout.stride, block, count, group, width, 1);
        tk_pack_columns(query_panels, queries, width, count, width);
        tk_pack_columns(dout_panels, douts, width, count, width);

        ptrdiff_t mr;
        for (ptrdiff_t pair = 0; pair < count; pair += mr) {
            mr = tile_rows(count - pair);
            tile_scores(p + pair * ld, ld, mr, queries + pair * width, head, keys);
            for (ptrdiff_t j = 0; j < keys; j += TK_PANEL)
                tile(mr, width, douts + pair * width, width, value_panels + j * width, ds + pair * ld + j, ld, 0);
            for (ptrdiff_t i = pair; i < pair + mr; i++) {
                const ptrdiff_t row = (block + i) / group, own = (block + i) % group;
                const float *kept = stats.data + row * stats.stride + 2 * own;
                const float largest = kept[0], inverse = kept[1];
                const float *o = out.data + row * out.stride + own * width;
                const v16 mean = splat16(sum_of_products(douts + i * width, o, width));
                float *pi = p + i * ld, *di = ds + i * ld;
                exp_row(pi, start + row + 1, padded, largest);
                for (ptrdiff_t j = 0; j < padded; j += 16) {
                    v16 probability = load16(pi + j) * splat16(inverse);
                    store16(pi + j, probability);
                    store16(di + j, probability * (load16(di + j) - mean));
                }
            }
            for (ptrdiff_t from = 0; from < keys; from += TK_PAGE)
                for (ptrdiff_t c = 0; c < wide; c += TK_PANEL)
                    tile(mr, smaller(TK_PAGE, keys - from), ds + pair * ld + from, ld,
                         key_panels + c * ld + from * TK_PANEL, dquery + c, wide, from > 0);
            for (ptrdiff_t i = 0; i < mr; i++) {
                float *to = dq.data + (block + pair + i) / group * dq.stride + (block + pair + i) % group * width;
                for (ptrdiff_t c = 0; c < width; c++) to[c] = dquery[i * wide + c] * head->scale;
            }
        }

        tk_transpose(p_turned, TK_PAIR_BLOCK, p, ld, count, keys);
        tk_transpose(ds_turned, TK_PAIR_BLOCK, ds, ld, count, keys);
        for (ptrdiff_t j = 0; j < keys; j += mr) {
            mr = tile_rows(keys - j);
            for (ptrdiff_t c = 0; c < wide; c += TK_PANEL) {
                tile(mr, count, p_turned + j * TK_PAIR_BLOCK, TK_PAIR_BLOCK, dout_panels + c * count,
                     dvalues + j * wide + c, wide, 1);
                tile(mr, count, ds_turned + j * TK_PAIR_BLOCK, TK_PAIR_BLOCK, query_panels + c * count,
                     dkeys + j * wide + c, wide, 1);
            }
        }
    }
    split_gradient(gradient->earlier_key, gradient->key, dkeys, wide, head, rows);
    split_gradient(gradient->earlier_value, gradient->value, dvalues, wide, head, rows);
}
