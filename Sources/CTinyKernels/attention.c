/* Causal attention over pages of keys and values. A query is multiplied by the scale first; scores are chains over the
   width; the softmax subtracts the exact largest score; values are summed page by page and multiplied by 1 / Σ last. */
#include "tile.h"

void tk_page_store(float *page, const float *key, const float *value, ptrdiff_t slot, ptrdiff_t width) {
    float *keys = page + slot / TK_PANEL * width * TK_PANEL + slot % TK_PANEL;
    float *values = page + TK_PAGE * width + slot * TK_PANEL;
    for (ptrdiff_t i = 0; i < width; i++) {
        keys[i * TK_PANEL] = key[i];
        values[i / TK_PANEL * TK_PAGE * TK_PANEL + i % TK_PANEL] = value[i];
    }
}

static inline float key_element(const float *const *pages, ptrdiff_t j, ptrdiff_t i, ptrdiff_t width) {
    ptrdiff_t slot = j % TK_PAGE;
    return pages[j / TK_PAGE][slot / TK_PANEL * width * TK_PANEL + i * TK_PANEL + slot % TK_PANEL];
}
static inline float value_element(const float *const *pages, ptrdiff_t j, ptrdiff_t i, ptrdiff_t width) {
    const float *values = pages[j / TK_PAGE] + TK_PAGE * width;
    return values[(i / TK_PANEL * TK_PAGE + j % TK_PAGE) * TK_PANEL + i % TK_PANEL];
}

ptrdiff_t tk_attention_scratch(ptrdiff_t keys, ptrdiff_t width) {
    return TK_TILE_ROWS * (width + TK_KEYS_PADDED(keys) + TK_WIDTH_PADDED(width));
}

/* ---- Pieces shared by forward and backward ---- */

/* scores[mr, keys] for mr gathered queries; columns beyond `keys` up to a multiple of 16 hold anything. */
TK_INLINE void tile_scores(float *scores, ptrdiff_t lds, ptrdiff_t mr, const float *queries,
                           const float *const *pages, ptrdiff_t keys, ptrdiff_t width) {
    for (ptrdiff_t j = 0; j < keys; j += TK_PANEL) {
        const float *panel = pages[j / TK_PAGE] + j % TK_PAGE / TK_PANEL * width * TK_PANEL;
        tile(mr, TK_F32, width, queries, width, panel, scores + j, lds, 0);
    }
}

/* The largest of the first `count` scores. */
TK_INLINE float largest_of(const float *scores, ptrdiff_t count) {
    v8 top = splat8(-INFINITY);
    ptrdiff_t j = 0;
    for (; j + 8 <= count; j += 8) top = max8(top, load8(scores + j));
    float largest = -INFINITY;
    for (int i = 0; i < 8; i++) largest = top[i] > largest ? top[i] : largest;
    for (; j < count; j++) largest = scores[j] > largest ? scores[j] : largest;
    return largest;
}

/* scores become exp(score - largest), 0 behind the first `count`; returns their sum. `padded`: a multiple of 16. */
TK_INLINE float exp_row(float *scores, ptrdiff_t count, ptrdiff_t padded, float largest) {
    for (ptrdiff_t j = count; j < padded; j++) scores[j] = -INFINITY;
    v8 lo = splat8(0), hi = splat8(0);
    for (ptrdiff_t j = 0; j < padded; j += 16) {
        v8 a = exp8(load8(scores + j) - splat8(largest)), b = exp8(load8(scores + j + 8) - splat8(largest));
        store8(scores + j, a);
        store8(scores + j + 8, b);
        lo = lo + a;
        hi = hi + b;
    }
    return tree16(lo, hi);
}

/* Copies the vectors of `mr` (row, head) pairs from `pair` on next to each other, times `scale`. */
TK_INLINE void gather_pairs(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, ptrdiff_t pair, ptrdiff_t mr,
                            ptrdiff_t group, ptrdiff_t width, float scale) {
    for (ptrdiff_t i = 0; i < mr; i++) {
        const float *from = x + (pair + i) / group * ldx + (pair + i) % group * width;
        for (ptrdiff_t c = 0; c < width; c++) out[i * ldo + c] = from[c] * scale;
    }
}

/* ---- Forward ---- */

static inline void keep_stats(tk_view stats, ptrdiff_t row, ptrdiff_t head, float largest, float inverse) {
    if (!stats.data) return;
    stats.data[row * stats.stride + 2 * head] = largest;
    stats.data[row * stats.stride + 2 * head + 1] = inverse;
}

static TK_TARGET void attention_vector(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch) {
    const float *const *pages = head->pages;
    const ptrdiff_t start = head->start, rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t lds = TK_KEYS_PADDED(start + rows), ldo = TK_WIDTH_PADDED(width);
    float *queries = scratch, *scores = queries + TK_TILE_ROWS * width, *sums = scores + TK_TILE_ROWS * lds;
    ptrdiff_t mr;
    for (ptrdiff_t pair = 0; pair < rows * group; pair += mr) {
        mr = tile_rows(rows * group - pair);
        const ptrdiff_t keys = start + (pair + mr - 1) / group + 1;
        const ptrdiff_t padded = (keys + TK_PANEL - 1) / TK_PANEL * TK_PANEL;
        gather_pairs(queries, width, q.data, q.stride, pair, mr, group, width, head->scale);
        tile_scores(scores, lds, mr, queries, pages, keys, width);
        float inverse[TK_TILE_ROWS];
        for (ptrdiff_t i = 0; i < mr; i++) {
            const ptrdiff_t row = (pair + i) / group, seen = start + row + 1;
            const float largest = largest_of(scores + i * lds, seen);
            inverse[i] = 1 / exp_row(scores + i * lds, seen, padded, largest);
            keep_stats(stats, row, (pair + i) % group, largest, inverse[i]);
        }
        for (ptrdiff_t from = 0; from < keys; from += TK_PAGE) {
            const float *values = pages[from / TK_PAGE] + TK_PAGE * width;
            for (ptrdiff_t c = 0; c < width; c += TK_PANEL)
                tile(mr, TK_F32, smaller(TK_PAGE, keys - from), scores + from, lds, values + c * TK_PAGE, sums + c, ldo,
                     from > 0);
        }
        for (ptrdiff_t i = 0; i < mr; i++) {
            float *to = out.data + (pair + i) / group * out.stride + (pair + i) % group * width;
            for (ptrdiff_t c = 0; c < width; c++) to[c] = sums[i * ldo + c] * inverse[i];
        }
    }
}

/* One (row, head) pair: scaled query, scores, exponentials; returns 1 / Σ. */
static float row_reference(float *query, float *scores, float *largest, const float *q, const float *const *pages,
                           ptrdiff_t seen, ptrdiff_t width, float scale) {
    for (ptrdiff_t i = 0; i < width; i++) query[i] = q[i] * scale;
    *largest = -INFINITY;
    for (ptrdiff_t j = 0; j < seen; j++) {
        float score = 0;
        for (ptrdiff_t i = 0; i < width; i++) score = fmaf(query[i], key_element(pages, j, i, width), score);
        scores[j] = score;
        if (score > *largest) *largest = score;
    }
    float sums[16] = {0};
    for (ptrdiff_t j = 0; j < seen; j++) {
        scores[j] = exp1(scores[j] - *largest);
        sums[j % 16] += scores[j];
    }
    return 1 / tree16_reference(sums);
}

void tk_attention_reference(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch) {
    const ptrdiff_t width = head->width;
    float *query = scratch, *scores = scratch + width;
    for (ptrdiff_t t = 0; t < q.rows; t++) {
        for (ptrdiff_t g = 0; g < head->group; g++) {
            const ptrdiff_t seen = head->start + t + 1;
            float largest;
            const float inverse = row_reference(query, scores, &largest, q.data + t * q.stride + g * width,
                                                head->pages, seen, width, head->scale);
            keep_stats(stats, t, g, largest, inverse);
            for (ptrdiff_t i = 0; i < width; i++) {
                float total = 0;
                for (ptrdiff_t from = 0; from < seen; from += TK_PAGE) {
                    float sum = 0;
                    for (ptrdiff_t j = from; j < smaller(from + TK_PAGE, seen); j++)
                        sum = fmaf(scores[j], value_element(head->pages, j, i, width), sum);
                    total = from > 0 ? total + sum : sum;
                }
                out.data[t * out.stride + g * width + i] = total * inverse;
            }
        }
    }
}

void tk_attention(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch) {
    if (tk_vectorized()) attention_vector(out, stats, q, head, scratch);
    else tk_attention_reference(out, stats, q, head, scratch);
}

/* ---- Backward ----
   With p = exp(score − largest) / Σ, dp = dout · v and D = Σ dout out:  ds = p (dp − D),
   dq = scale Σ_j ds k_j,  dk_j = Σ_pairs ds (scale q),  dv_j = Σ_pairs p dout. */

#define PAIR_BLOCK 64 /* pairs summed into dk and dv at a time: their gathered vectors stay in the first-level cache */

ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width) {
    const ptrdiff_t padded = TK_KEYS_PADDED(keys), wide = TK_WIDTH_PADDED(width);
    return PAIR_BLOCK * (2 * width + 2 * wide + 4 * padded) + padded * (width + 3 * wide) + TK_TILE_ROWS * wide;
}

static TK_TARGET void attention_backward_vector(tk_view dq, tk_view dk, tk_view dv, tk_input dout,
                                                const tk_attended *forward, const tk_head *head, float *scratch) {
    const tk_input q = forward->q, out = forward->out, stats = forward->stats;
    const float *const *pages = head->pages;
    const ptrdiff_t rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t ld = TK_KEYS_PADDED(rows), wide = TK_WIDTH_PADDED(width), pairs = rows * group;
    float *queries = scratch;                          /* [64, width], scaled */
    float *douts = queries + PAIR_BLOCK * width;       /* [64, width] */
    float *query_panels = douts + PAIR_BLOCK * width;  /* the same two as panels of 16 dimensions */
    float *dout_panels = query_panels + PAIR_BLOCK * wide;
    float *p = dout_panels + PAIR_BLOCK * wide;        /* [64, ld] */
    float *ds = p + PAIR_BLOCK * ld;
    float *p_turned = ds + PAIR_BLOCK * ld;            /* [ld, 64] */
    float *ds_turned = p_turned + PAIR_BLOCK * ld;
    float *value_panels = ds_turned + PAIR_BLOCK * ld; /* values as panels [width][16 positions] */
    float *key_panels = value_panels + ld * width;     /* keys as panels [ld positions][16 dimensions] */
    float *dkeys = key_panels + ld * wide;             /* [ld, wide] */
    float *dvalues = dkeys + ld * wide;
    float *dquery = dvalues + ld * wide;               /* [6, wide] */

    for (ptrdiff_t j = 0; j < ld; j++) {
        for (ptrdiff_t i = 0; i < wide; i++)
            key_panels[(i / TK_PANEL * ld + j) * TK_PANEL + i % TK_PANEL] =
                j < rows && i < width ? key_element(pages, j, i, width) : 0;
        for (ptrdiff_t i = 0; i < width; i++)
            value_panels[(j / TK_PANEL * width + i) * TK_PANEL + j % TK_PANEL] =
                j < rows ? value_element(pages, j, i, width) : 0;
    }
    memset(dkeys, 0, (size_t)(2 * ld * wide) * sizeof(float));

    for (ptrdiff_t block = 0; block < pairs; block += PAIR_BLOCK) {
        const ptrdiff_t count = smaller(PAIR_BLOCK, pairs - block);
        const ptrdiff_t keys = (block + count - 1) / group + 1;
        const ptrdiff_t padded = (keys + TK_PANEL - 1) / TK_PANEL * TK_PANEL;
        gather_pairs(queries, width, q.data, q.stride, block, count, group, width, head->scale);
        gather_pairs(douts, width, dout.data, dout.stride, block, count, group, width, 1);
        tk_pack_columns(query_panels, queries, width, count, width);
        tk_pack_columns(dout_panels, douts, width, count, width);

        ptrdiff_t mr;
        for (ptrdiff_t pair = 0; pair < count; pair += mr) {
            mr = tile_rows(count - pair);
            tile_scores(p + pair * ld, ld, mr, queries + pair * width, pages, keys, width);
            for (ptrdiff_t j = 0; j < keys; j += TK_PANEL)
                tile(mr, TK_F32, width, douts + pair * width, width, value_panels + j * width, ds + pair * ld + j, ld, 0);
            for (ptrdiff_t i = pair; i < pair + mr; i++) {
                const ptrdiff_t row = (block + i) / group, own = (block + i) % group;
                const float *kept = stats.data + row * stats.stride + 2 * own;
                const float largest = kept[0], inverse = kept[1];
                const float *o = out.data + row * out.stride + own * width;
                const v8 mean = splat8(sum_of_products(douts + i * width, o, width));
                float *pi = p + i * ld, *di = ds + i * ld;
                exp_row(pi, row + 1, padded, largest);
                for (ptrdiff_t j = 0; j < padded; j += 8) {
                    v8 probability = load8(pi + j) * splat8(inverse);
                    store8(pi + j, probability);
                    store8(di + j, probability * (load8(di + j) - mean));
                }
            }
            for (ptrdiff_t from = 0; from < keys; from += TK_PAGE)
                for (ptrdiff_t c = 0; c < wide; c += TK_PANEL)
                    tile(mr, TK_F32, smaller(TK_PAGE, keys - from), ds + pair * ld + from, ld,
                         key_panels + c * ld + from * TK_PANEL, dquery + c, wide, from > 0);
            for (ptrdiff_t i = 0; i < mr; i++) {
                float *to = dq.data + (block + pair + i) / group * dq.stride + (block + pair + i) % group * width;
                for (ptrdiff_t c = 0; c < width; c++) to[c] = dquery[i * wide + c] * head->scale;
            }
        }

        tk_transpose(p_turned, PAIR_BLOCK, p, ld, count, keys);
        tk_transpose(ds_turned, PAIR_BLOCK, ds, ld, count, keys);
        for (ptrdiff_t j = 0; j < keys; j += mr) {
            mr = tile_rows(keys - j);
            for (ptrdiff_t c = 0; c < wide; c += TK_PANEL) {
                tile(mr, TK_F32, count, p_turned + j * PAIR_BLOCK, PAIR_BLOCK, dout_panels + c * count,
                     dvalues + j * wide + c, wide, 1);
                tile(mr, TK_F32, count, ds_turned + j * PAIR_BLOCK, PAIR_BLOCK, query_panels + c * count,
                     dkeys + j * wide + c, wide, 1);
            }
        }
    }
    for (ptrdiff_t j = 0; j < rows; j++) {
        memcpy(dk.data + j * dk.stride, dkeys + j * wide, (size_t)width * sizeof(float));
        memcpy(dv.data + j * dv.stride, dvalues + j * wide, (size_t)width * sizeof(float));
    }
}

void tk_attention_backward_reference(tk_view dq, tk_view dk, tk_view dv, tk_input dout, const tk_attended *forward,
                                     const tk_head *head, float *scratch) {
    const tk_input q = forward->q, out = forward->out, stats = forward->stats;
    const float *const *pages = head->pages;
    const ptrdiff_t rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t ld = TK_KEYS_PADDED(rows), pairs = rows * group;
    float *queries = scratch, *p = queries + PAIR_BLOCK * width, *ds = p + PAIR_BLOCK * ld;
    for (ptrdiff_t j = 0; j < rows; j++) {
        for (ptrdiff_t i = 0; i < width; i++) dk.data[j * dk.stride + i] = dv.data[j * dv.stride + i] = 0;
    }
    for (ptrdiff_t block = 0; block < pairs; block += PAIR_BLOCK) {
        const ptrdiff_t count = smaller(PAIR_BLOCK, pairs - block), keys = (block + count - 1) / group + 1;
        for (ptrdiff_t n = 0; n < count; n++) {
            const ptrdiff_t row = (block + n) / group, own = (block + n) % group;
            const float *from = dout.data + row * dout.stride + own * width;
            const float *o = out.data + row * out.stride + own * width;
            float largest, *pn = p + n * ld, *dn = ds + n * ld;
            row_reference(queries + n * width, pn, &largest, q.data + row * q.stride + own * width, pages, row + 1, width,
                          head->scale);
            const float inverse = stats.data[row * stats.stride + 2 * own + 1];
            const float mean = sum_of_products_reference(from, o, width);
            for (ptrdiff_t j = 0; j < keys; j++) {
                float dp = 0;
                for (ptrdiff_t i = 0; i < width; i++) dp = fmaf(from[i], value_element(pages, j, i, width), dp);
                pn[j] = j <= row ? pn[j] * inverse : 0;
                dn[j] = pn[j] * (dp - mean);
            }
            for (ptrdiff_t i = 0; i < width; i++) {
                float total = 0;
                for (ptrdiff_t page = 0; page < keys; page += TK_PAGE) {
                    float sum = 0;
                    for (ptrdiff_t j = page; j < smaller(page + TK_PAGE, keys); j++)
                        sum = fmaf(dn[j], key_element(pages, j, i, width), sum);
                    total = page > 0 ? total + sum : sum;
                }
                dq.data[row * dq.stride + own * width + i] = total * head->scale;
            }
        }
        for (ptrdiff_t j = 0; j < keys; j++) {
            for (ptrdiff_t i = 0; i < width; i++) {
                float value = 0, key = 0;
                for (ptrdiff_t n = 0; n < count; n++) {
                    const float *from = dout.data + (block + n) / group * dout.stride + (block + n) % group * width;
                    value = fmaf(p[n * ld + j], from[i], value);
                    key = fmaf(ds[n * ld + j], queries[n * width + i], key);
                }
                dv.data[j * dv.stride + i] += value;
                dk.data[j * dk.stride + i] += key;
            }
        }
    }
}

void tk_attention_backward(tk_view dq, tk_view dk, tk_view dv, tk_input dout, const tk_attended *forward,
                           const tk_head *head, float *scratch) {
    if (tk_vectorized()) attention_backward_vector(dq, dk, dv, dout, forward, head, scratch);
    else tk_attention_backward_reference(dq, dk, dv, dout, forward, head, scratch);
}
