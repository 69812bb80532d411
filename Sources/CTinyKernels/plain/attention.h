/* Causal attention over pages of keys and values. A query is multiplied by the scale first; scores are chains over the
   width; the softmax subtracts the exact largest score; values are summed page by page and multiplied by 1 / Σ last. */
#include "../common.h"

/* One (row, head) pair: scaled query, scores, exponentials; returns 1 / Σ. */
static float attended_row(float *query, float *scores, float *largest, const float *q, const tk_head *head,
                          ptrdiff_t seen) {
    const ptrdiff_t width = head->width;
    for (ptrdiff_t i = 0; i < width; i++) query[i] = q[i] * head->scale;
    *largest = -INFINITY;
    for (ptrdiff_t j = 0; j < seen; j++) {
        float score = 0;
        for (ptrdiff_t i = 0; i < width; i++) score = fmaf(query[i], key_element(head, j, i), score);
        scores[j] = score;
        if (score > *largest) *largest = score;
    }
    float sums[16] = {0};
    for (ptrdiff_t j = 0; j < seen; j++) {
        scores[j] = exp1(scores[j] - *largest);
        sums[j % 16] += scores[j];
    }
    return 1 / tree16_plain(sums);
}

static void attention(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch) {
    const ptrdiff_t width = head->width;
    float *query = scratch, *scores = scratch + width;
    for (ptrdiff_t t = 0; t < q.rows; t++) {
        for (ptrdiff_t g = 0; g < head->group; g++) {
            const ptrdiff_t seen = head->start + t + 1;
            float largest;
            const float inverse = attended_row(query, scores, &largest, q.data + t * q.stride + g * width, head, seen);
            keep_stats(stats, t, g, largest, inverse);
            for (ptrdiff_t i = 0; i < width; i++) {
                float total = 0;
                for (ptrdiff_t from = 0; from < seen; from += TK_PAGE) {
                    float sum = 0;
                    for (ptrdiff_t j = from; j < smaller(from + TK_PAGE, seen); j++)
                        sum = fmaf(scores[j], value_element(head, j, i), sum);
                    total = from > 0 ? total + sum : sum;
                }
                out.data[t * out.stride + g * width + i] = total * inverse;
            }
        }
    }
}

/* ---- Backward ----
   With p = exp(score − largest) / Σ, dp = dout · v and D = Σ dout out:  ds = p (dp − D),
   dq = scale Σ_j ds k_j,  dk_j = Σ_pairs ds (scale q),  dv_j = Σ_pairs p dout. */

static void attention_backward(const tk_attention_gradient *gradient, tk_input dout, const tk_attended *forward,
                               const tk_head *head, float *scratch) {
    const tk_input q = forward->q, out = forward->out, stats = forward->stats;
    const tk_view dq = gradient->q;
    const ptrdiff_t start = head->start, rows = q.rows, group = head->group, width = head->width;
    const ptrdiff_t ld = TK_KEYS_PADDED(start + rows), pairs = rows * group;
    float *queries = scratch, *p = queries + TK_PAIR_BLOCK * width, *ds = p + TK_PAIR_BLOCK * ld;
    float *dkeys = ds + TK_PAIR_BLOCK * ld, *dvalues = dkeys + ld * width; /* [ld, width] */
    memset(dkeys, 0, (size_t)(2 * ld * width) * sizeof(float));
    for (ptrdiff_t block = 0; block < pairs; block += TK_PAIR_BLOCK) {
        const ptrdiff_t count = smaller(TK_PAIR_BLOCK, pairs - block), keys = start + (block + count - 1) / group + 1;
        for (ptrdiff_t n = 0; n < count; n++) {
            const ptrdiff_t row = (block + n) / group, own = (block + n) % group;
            const float *from = dout.data + row * dout.stride + own * width;
            const float *o = out.data + row * out.stride + own * width;
            float largest, *pn = p + n * ld, *dn = ds + n * ld;
            attended_row(queries + n * width, pn, &largest, q.data + row * q.stride + own * width, head, start + row + 1);
            const float inverse = stats.data[row * stats.stride + 2 * own + 1];
            const float mean = sum_of_products_plain(from, o, width);
            for (ptrdiff_t j = 0; j < keys; j++) {
                float dp = 0;
                for (ptrdiff_t i = 0; i < width; i++) dp = fmaf(from[i], value_element(head, j, i), dp);
                pn[j] = j <= start + row ? pn[j] * inverse : 0;
                dn[j] = pn[j] * (dp - mean);
            }
            for (ptrdiff_t i = 0; i < width; i++) {
                float total = 0;
                for (ptrdiff_t page = 0; page < keys; page += TK_PAGE) {
                    float sum = 0;
                    for (ptrdiff_t j = page; j < smaller(page + TK_PAGE, keys); j++)
                        sum = fmaf(dn[j], key_element(head, j, i), sum);
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
                dvalues[j * width + i] += value;
                dkeys[j * width + i] += key;
            }
        }
    }
    split_gradient(gradient->earlier_key, gradient->key, dkeys, width, head, rows);
    split_gradient(gradient->earlier_value, gradient->value, dvalues, width, head, rows);
}
