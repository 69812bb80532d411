/* Kernels of the CPU engine: pointers and sizes in, numbers out. They allocate nothing, open nothing, keep no state and
   start no thread; a caller splits work into calls and may run these side by side on disjoint outputs.

   The order of every sum is part of the contract, so that a result does not depend on tiles, threads or batches:
     dot product     chain of fused multiply-adds in ascending index, restarted from 0 every TK_BLOCK terms; partial sums
                     added in ascending order
     row reduction   term i goes to partial sum i mod 16; the 16 are added by one tree: i + (i+8), then 4, 2, 1 apart
     attention       values are summed in blocks of TK_PAGE positions, blocks added in ascending order
   Each kernel has a plain version of the same name with `_reference`: its specification, and what runs on processors
   without the vector instructions. Both give the same bits.

   Matrices are row-major; `ld…` is the distance in elements between two rows. Outputs overlap no input. */
#ifndef TINY_KERNELS_H
#define TINY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define TK_BLOCK 256 /* terms between restarts: long enough to stay in registers, short enough to keep fp32 sums accurate */
#define TK_PAGE 64   /* positions of one page of keys and values */
#define TK_PANEL 16  /* outputs of one weight panel: two 8-lane registers */

/* 1 when the vector versions run on this processor. */
int tk_vectorized(void);

/* A matrix in memory: `rows` rows of `columns` floats, `stride` floats from one row to the next. */
typedef struct {
    float *data;
    ptrdiff_t rows, columns, stride;
} tk_view;
/* The same, only read. */
typedef struct {
    const float *data;
    ptrdiff_t rows, columns, stride;
} tk_input;

/* ---- Weight panels -------------------------------------------------------------------------------------------------
   w[n,k] becomes ceil(n/16) panels; panel p holds outputs 16p … 16p+15 as k groups of 16 values, missing ones zero.
   A format says how the 16 values of a group are stored; formats.h has one decoder for each, and nothing else depends on it.
     TK_F32    16 floats
     TK_BF16   the upper halves of 16 floats as pairs (i, i+8), so that one 32-byte load widens into two registers */
typedef enum { TK_F32 = 0, TK_BF16 = 1 } tk_format;
/* Some whole panels: outputs from a multiple of 16 on. */
typedef struct {
    const void *data;
    tk_format format;
    ptrdiff_t outputs, inputs;
} tk_panels;

/* Bytes of one group. */
ptrdiff_t tk_group_bytes(tk_format format);
/* Packs rows of w (floats for TK_F32, bf16 patterns for TK_BF16), `ldw` elements apart. */
void tk_pack(void *panels, tk_format format, const void *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k);
/* Row `row` of w again, in fp32. */
void tk_unpack_row(float *out, const tk_panels *w, ptrdiff_t row);

/* ---- Matrix products -----------------------------------------------------------------------------------------------
   y[m,n] = x[m,k] · w[n,k]ᵀ; with add, the partial sums are added to what y holds. A sum of no terms is 0. */
void tk_matmul(tk_view y, tk_input x, const tk_panels *w, int add);
void tk_matmul_reference(tk_view y, tk_input x, const tk_panels *w, int add);

/* dx[m, first…first+count) = dy[m,n] · w[n,k] from the same panels: columns `first` to `first + count` of dx only, both
   multiples of 16 unless they end at k. With add, added to what dx holds. */
void tk_matmul_transposed(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count, int add);
void tk_matmul_transposed_reference(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                    int add);

/* out[columns, rows] = x[rows, columns]ᵀ */
void tk_transpose(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);
/* Panels of xᵀ, with x[rows, columns]: what tk_pack gives for the [columns, rows] matrix xᵀ. */
void tk_pack_columns(float *panels, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);

/* ---- Rows ---------------------------------------------------------------------------------------------------------- */
/* y = x · rstd · w with rstd = 1 / sqrt(mean(x²) + eps), stored per row. */
void tk_rmsnorm(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns, float eps);
void tk_rmsnorm_reference(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns,
                          float eps);
/* dx += gradient of tk_rmsnorm with respect to x. */
void tk_rmsnorm_backward(float *dx, const float *dy, const float *x, const float *w, const float *rstd,
                         ptrdiff_t rows, ptrdiff_t columns);
void tk_rmsnorm_backward_reference(float *dx, const float *dy, const float *x, const float *w, const float *rstd,
                                   ptrdiff_t rows, ptrdiff_t columns);
/* dw += Σ rows dy · x · rstd, rows in ascending order. */
void tk_rmsnorm_weight_backward(float *dw, const float *dy, const float *x, const float *rstd, ptrdiff_t rows,
                                ptrdiff_t columns);
/* Rotates the halves of each head of one row: cos, sin hold `width / 2` values of the row's position.
   With a negative sine it is its own inverse and its own gradient. */
void tk_rotary(float *x, const float *cosine, const float *sine, ptrdiff_t heads, ptrdiff_t width, int inverse);
/* y = silu(gate) · up for gate_up[rows, 2 · columns] = [gate | up]. */
void tk_swiglu(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns);
void tk_swiglu_reference(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns);
/* d_gate_up from dy; may be written over gate_up. */
void tk_swiglu_backward(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns);
void tk_swiglu_backward_reference(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows,
                                  ptrdiff_t columns);
/* y += x, element by element. */
void tk_add(float *y, const float *x, ptrdiff_t count);
/* y[row] += bias */
void tk_add_bias(float *y, ptrdiff_t ldy, const float *bias, ptrdiff_t rows, ptrdiff_t columns);
/* sum += Σ rows x[row], rows in ascending order. */
void tk_sum_rows(float *sum, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);
/* y[row, :] += Σ_j s[row, j] · bt[j, :], j ascending, a chain that starts at y. */
void tk_expand(float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt, ptrdiff_t rows,
               ptrdiff_t columns, ptrdiff_t rank);
/* s[row] = r · t[row] for a small r[rank, rank], or rᵀ · t[row] with `transposed`; sums ascend, two roundings a term. */
void tk_mix(float *s, ptrdiff_t lds, const float *t, ptrdiff_t ldt, const float *r, ptrdiff_t rows, ptrdiff_t rank,
            int transposed);
/* dr[i, j] += Σ rows ds[row, i] · t[row, j], rows in ascending order. */
void tk_mix_gradient(float *dr, const float *ds, ptrdiff_t ldds, const float *t, ptrdiff_t ldt, ptrdiff_t rows,
                     ptrdiff_t rank);
/* g[i, c] += Σ rows s[row, i] · x[row, c] for g[height, columns]: a chain from zero over ascending rows, then one addition. */
void tk_outer(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx, ptrdiff_t rows,
              ptrdiff_t height, ptrdiff_t columns);
void tk_outer_reference(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx,
                        ptrdiff_t rows, ptrdiff_t height, ptrdiff_t columns);
/* y = exp(x), relative error below 2e-7; 0 below -87.3. */
void tk_exp(float *y, const float *x, ptrdiff_t count);
void tk_exp_reference(float *y, const float *x, ptrdiff_t count);

/* ---- Attention -----------------------------------------------------------------------------------------------------
   One sequence, one key/value head shared by `group` query heads. Row t stands at position start + t and sees positions
   0 … start + t. Query head g of row t begins at column g · width of q and out.
   A page holds TK_PAGE positions of this head: first keys as 4 panels [width][16 positions], then values as
   ceil(width/16) panels [64 positions][16 dimensions]; TK_PAGE_FLOATS(width) floats in all. */
typedef struct {
    const float *const *pages;
    ptrdiff_t start, group, width;
    float scale; /* multiplies the query first */
} tk_head;
#define TK_WIDTH_PADDED(width) (((width) + 15) / 16 * 16)
#define TK_PAGE_FLOATS(width) (TK_PAGE * ((width) + TK_WIDTH_PADDED(width)))
#define TK_KEYS_PADDED(count) (((count) + TK_PAGE - 1) / TK_PAGE * TK_PAGE)

/* Writes key and value vectors of one position into a page. */
void tk_page_store(float *page, const float *key, const float *value, ptrdiff_t slot, ptrdiff_t width);
/* Floats of scratch for tk_attention over `keys` positions. */
ptrdiff_t tk_attention_scratch(ptrdiff_t keys, ptrdiff_t width);
/* stats (whose data may be NULL) receives per row and query head g, at column 2g: the largest score, and
   1 / Σ exp(score - largest). */
void tk_attention(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch);
void tk_attention_reference(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch);
/* What the forward pass read and made. */
typedef struct {
    tk_input q, out, stats;
} tk_attended;
/* Gradient of a whole sequence (start = 0) from dout: dq, dk, dv are overwritten.
   Sums over rows run over (t, g) pairs, index t · group + g, in blocks of 64. */
ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width);
void tk_attention_backward(tk_view dq, tk_view dk, tk_view dv, tk_input dout, const tk_attended *forward,
                           const tk_head *head, float *scratch);
void tk_attention_backward_reference(tk_view dq, tk_view dk, tk_view dv, tk_input dout, const tk_attended *forward,
                                     const tk_head *head, float *scratch);

/* ---- Language-model head -------------------------------------------------------------------------------------------
   For one row of one chunk of logits: multiplies by `inverse_temperature`, finds the largest, replaces each by
   exp(logit - largest) and returns both: sums[0] = largest, sums[1] = Σ exp. `logits` may be kept by passing exps. */
void tk_chunk_exp(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature);
void tk_chunk_exp_reference(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature);
/* logits become gradients: factor · inverse_temperature · (−exp(logit · inverse_temperature − largest) · inverse_sum),
   and at `target` (negative: none in this chunk) + factor · inverse_temperature. */
void tk_chunk_gradient(float *logits, ptrdiff_t count, ptrdiff_t target, float factor, float inverse_temperature,
                       float largest, float inverse_sum);
void tk_chunk_gradient_reference(float *logits, ptrdiff_t count, ptrdiff_t target, float factor,
                                 float inverse_temperature, float largest, float inverse_sum);

/* ---- Optimiser ------------------------------------------------------------------------------------------------------
   AdamW on `count` weights; correction1 = 1 / (1 - beta1^t), correction2 = 1 / (1 - beta2^t). */
void tk_adamw(float *w, float *first, float *second, const float *gradient, ptrdiff_t count, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2, float gradient_scale);
/* Σ x² in double precision, ascending. */
double tk_sum_squares(const float *x, ptrdiff_t count);

/* ---- Limits of the machine, for benchmarks --------------------------------------------------------------------------
   Runs `rounds` rounds of 24 independent 8-lane fused multiply-adds; returns a value that depends on them. 384 flop a round. */
float tk_peak(ptrdiff_t rounds);
/* Reads `count` floats in 6 streams; returns their sum. */
float tk_read(const float *x, ptrdiff_t count);

#endif
