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
        tile(mr, 0, width, queries, width, panel, scores + j, lds, 0);
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

static TK_TARGET void attention_vector(float *out, ptrdiff_t ldout, float *stats, ptrdiff_t ldstats, const float *q,
                                       ptrdiff_t ldq, const float *const *pages, ptrdiff_t start, ptrdiff_t rows,
                                       ptrdiff_t group, ptrdiff_t width, float scale, float *scratch) {
    const ptrdiff_t lds = TK_KEYS_PADDED(start + rows), ldo = TK_WIDTH_PADDED(width);
    float *queries = scratch, *scores = queries + TK_TILE_ROWS * width, *sums = scores + TK_TILE_ROWS * lds;
    ptrdiff_t mr;
    for (ptrdiff_t pair = 0; pair < rows * group; pair += mr) {
        mr = tile_rows(rows * group - pair);
        const ptrdiff_t keys = start + (pair + mr - 1) / group + 1;
        const ptrdiff_t padded = (keys + TK_PANEL - 1) / TK_PANEL * TK_PANEL;
        gather_pairs(queries, width, q, ldq, pair, mr, group, width, scale);
        tile_scores(scores, lds, mr, queries, pages, keys, width);
        float inverse[TK_TILE_ROWS];
        for (ptrdiff_t i = 0; i < mr; i++) {
            const ptrdiff_t row = (pair + i) / group, head = (pair + i) % group, seen = start + row + 1;
            const float largest = largest_of(scores + i * lds, seen);
            inverse[i] = 1 / exp_row(scores + i * lds, seen, padded, largest);
            if (stats) {
                stats[row * ldstats + 2 * head] = largest;
                stats[row * ldstats + 2 * head + 1] = inverse[i];
            }
        }
        for (ptrdiff_t from = 0; from < keys; from += TK_PAGE) {
            const float *values = pages[from / TK_PAGE] + TK_PAGE * width;
            for (ptrdiff_t c = 0; c < width; c += TK_PANEL)
                tile(mr, 0, smaller(TK_PAGE, keys - from), scores + from, lds, values + c * TK_PAGE, sums + c, ldo,
                     from > 0);
        }
        for (ptrdiff_t i = 0; i < mr; i++) {
            float *to = out + (pair + i) / group * ldout + (pair + i) % group * width;
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

void tk_attention_reference(float *out, ptrdiff_t ldout, float *stats, ptrdiff_t ldstats, const float *q, ptrdiff_t ldq,
                            const float *const *pages, ptrdiff_t start, ptrdiff_t rows, ptrdiff_t group,
                            ptrdiff_t width, float scale, float *scratch) {
    float *query = scratch, *scores = scratch + width;
    for (ptrdiff_t t = 0; t < rows; t++) {
        for (ptrdiff_t g = 0; g < group; g++) {
            const ptrdiff_t seen = start + t + 1;
            float largest;
            float inverse = row_reference(query, scores, &largest, q + t * ldq + g * width, pages, seen, width, scale);
            if (stats) {
                stats[t * ldstats + 2 * g] = largest;
                stats[t * ldstats + 2 * g + 1] = inverse;
            }
            for (ptrdiff_t i = 0; i < width; i++) {
                float total = 0;
                for (ptrdiff_t from = 0; from < seen; from += TK_PAGE) {
                    float sum = 0;
                    for (ptrdiff_t j = from; j < smaller(from + TK_PAGE, seen); j++)
                        sum = fmaf(scores[j], value_element(pages, j, i, width), sum);
                    total = from > 0 ? total + sum : sum;
                }
                out[t * ldout + g * width + i] = total * inverse;
            }
        }
    }
}

void tk_attention(float *out, ptrdiff_t ldout, float *stats, ptrdiff_t ldstats, const float *q, ptrdiff_t ldq,
                  const float *const *pages, ptrdiff_t start, ptrdiff_t rows, ptrdiff_t group, ptrdiff_t width,
                  float scale, float *scratch) {
    if (tk_vectorized())
        attention_vector(out, ldout, stats, ldstats, q, ldq, pages, start, rows, group, width, scale, scratch);
    else
        tk_attention_reference(out, ldout, stats, ldstats, q, ldq, pages, start, rows, group, width, scale, scratch);
}

/* ---- Backward ----
   With p = exp(score − largest) / Σ, dp = dout · v and D = Σ dout out:  ds = p (dp − D),
   dq = scale Σ_j ds k_j,  dk_j = Σ_pairs ds (scale q),  dv_j = Σ_pairs p dout. */

#define PAIR_BLOCK 64 /* pairs summed into dk and dv at a time: their gathered vectors stay in the first-level cache */

ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width) {
    const ptrdiff_t padded = TK_KEYS_PADDED(keys), wide = TK_WIDTH_PADDED(width);
    return PAIR_BLOCK * (2 * width + 2 * wide + 4 * padded) + padded * (width + 3 * wide) + TK_TILE_ROWS * wide;
}

static TK_TARGET void attention_backward_vector(float *dq, ptrdiff_t lddq, float *dk, float *dv, ptrdiff_t ldkv,
                                                const float *dout, const float *out, ptrdiff_t ldout,
                                                const float *stats, ptrdiff_t ldstats, const float *q, ptrdiff_t ldq,
                                                const float *const *pages,
                                                ptrdiff_t rows, ptrdiff_t group, ptrdiff_t width, float scale,
                                                float *scratch) {
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
        gather_pairs(queries, width, q, ldq, block, count, group, width, scale);
        gather_pairs(douts, width, dout, ldout, block, count, group, width, 1);
        tk_pack_columns(query_panels, queries, width, count, width);
        tk_pack_columns(dout_panels, douts, width, count, width);

        ptrdiff_t mr;
        for (ptrdiff_t pair = 0; pair < count; pair += mr) {
            mr = tile_rows(count - pair);
            tile_scores(p + pair * ld, ld, mr, queries + pair * width, pages, keys, width);
            for (ptrdiff_t j = 0; j < keys; j += TK_PANEL)
                tile(mr, 0, width, douts + pair * width, width, value_panels + j * width, ds + pair * ld + j, ld, 0);
            for (ptrdiff_t i = pair; i < pair + mr; i++) {
                const ptrdiff_t row = (block + i) / group, head = (block + i) % group;
                const float largest = stats[row * ldstats + 2 * head], inverse = stats[row * ldstats + 2 * head + 1];
                const float *o = out + row * ldout + head * width;
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
                    tile(mr, 0, smaller(TK_PAGE, keys - from), ds + pair * ld + from, ld,
                         key_panels + c * ld + from * TK_PANEL, dquery + c, wide, from > 0);
            for (ptrdiff_t i = 0; i < mr; i++) {
                float *to = dq + (block + pair + i) / group * lddq + (block + pair + i) % group * width;
                for (ptrdiff_t c = 0; c < width; c++) to[c] = dquery[i * wide + c] * scale;
            }
        }

        tk_transpose(p_turned, PAIR_BLOCK, p, ld, count, keys);
        tk_transpose(ds_turned, PAIR_BLOCK, ds, ld, count, keys);
        for (ptrdiff_t j = 0; j < keys; j += mr) {
            mr = tile_rows(keys - j);
            for (ptrdiff_t c = 0; c < wide; c += TK_PANEL) {
                tile(mr, 0, count, p_turned + j * PAIR_BLOCK, PAIR_BLOCK, dout_panels + c * count,
                     dvalues + j * wide + c, wide, 1);
                tile(mr, 0, count, ds_turned + j * PAIR_BLOCK, PAIR_BLOCK, query_panels + c * count,
                     dkeys + j * wide + c, wide, 1);
            }
        }
    }
    for (ptrdiff_t j = 0; j < rows; j++) {
        memcpy(dk + j * ldkv, dkeys + j * wide, (size_t)width * sizeof(float));
        memcpy(dv + j * ldkv, dvalues + j * wide, (size_t)width * sizeof(float));
    }
}

void tk_attention_backward_reference(float *dq, ptrdiff_t lddq, float *dk, float *dv, ptrdiff_t ldkv,
                                     const float *dout, const float *out, ptrdiff_t ldout,
                                     const float *stats, ptrdiff_t ldstats, const float *q, ptrdiff_t ldq,
                                     const float *const *pages, ptrdiff_t rows, ptrdiff_t group,
                                     ptrdiff_t width, float scale, float *scratch) {
    const ptrdiff_t ld = TK_KEYS_PADDED(rows), pairs = rows * group;
    float *queries = scratch, *p = queries + PAIR_BLOCK * width, *ds = p + PAIR_BLOCK * ld;
    for (ptrdiff_t j = 0; j < rows; j++) {
        for (ptrdiff_t i = 0; i < width; i++) dk[j * ldkv + i] = dv[j * ldkv + i] = 0;
    }
    for (ptrdiff_t block = 0; block < pairs; block += PAIR_BLOCK) {
        const ptrdiff_t count = smaller(PAIR_BLOCK, pairs - block), keys = (block + count - 1) / group + 1;
        for (ptrdiff_t n = 0; n < count; n++) {
            const ptrdiff_t row = (block + n) / group, head = (block + n) % group;
            const float *from = dout + row * ldout + head * width, *o = out + row * ldout + head * width;
            float largest, *pn = p + n * ld, *dn = ds + n * ld;
            row_reference(queries + n * width, pn, &largest, q + row * ldq + head * width, pages, row + 1, width, scale);
            const float inverse = stats[row * ldstats + 2 * head + 1];
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
                dq[row * lddq + head * width + i] = total * scale;
            }
        }
        for (ptrdiff_t j = 0; j < keys; j++) {
            for (ptrdiff_t i = 0; i < width; i++) {
                float value = 0, key = 0;
                for (ptrdiff_t n = 0; n < count; n++) {
                    const float *from = dout + (block + n) / group * ldout + (block + n) % group * width;
                    value = fmaf(p[n * ld + j], from[i], value);
                    key = fmaf(ds[n * ld + j], queries[n * width + i], key);
                }
                dv[j * ldkv + i] += value;
                dk[j * ldkv + i] += key;
            }
        }
    }
}

void tk_attention_backward(float *dq, ptrdiff_t lddq, float *dk, float *dv, ptrdiff_t ldkv, const float *dout,
                           const float *out, ptrdiff_t ldout, const float *stats, ptrdiff_t ldstats, const float *q,
                           ptrdiff_t ldq, const float *const *pages, ptrdiff_t rows, ptrdiff_t group, ptrdiff_t width,
                           float scale, float *scratch) {
    if (tk_vectorized())
        attention_backward_vector(dq, lddq, dk, dv, ldkv, dout, out, ldout, stats, ldstats, q, ldq, pages, rows, group,
                                  width, scale, scratch);
    else
        tk_attention_backward_reference(dq, lddq, dk, dv, ldkv, dout, out, ldout, stats, ldstats, q, ldq, pages, rows,
                                        group, width, scale, scratch);
}
