/* Kernels of the CPU engine: pointers and sizes in, numbers out. They allocate nothing, open nothing, keep no state and
   start no thread; a caller splits work into calls and may run these side by side on disjoint outputs.

   The order of every sum is part of the contract, so that a result does not depend on tiles, threads or batches:
     dot product     chain of fused multiply-adds in ascending index, restarted from 0 every TK_BLOCK terms; partial sums
                     added in ascending order
     row reduction   term i goes to partial sum i mod 16; the 16 are added by one tree: i + (i+8), then 4, 2, 1 apart
     attention       values are summed in blocks of TK_PAGE positions, blocks added in ascending order
   The arithmetic bfloat16 has an order of its own, that of AMX (see `matmul_bf16`).
   Kernels that depend on the processor come in sets, one for each instruction set (`tk_kernels`). The plain set is their
   definition; every other gives the same bits.

   Matrices are row-major; `ld…` is the distance in elements between two rows. Outputs overlap no input. */
#ifndef TINY_KERNELS_H
#define TINY_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define TK_BLOCK 256 /* terms between restarts: long enough to stay in registers, short enough to keep fp32 sums accurate */
#define TK_PAGE 64   /* positions of one page of keys and values */
#define TK_PANEL 16  /* outputs of one weight panel: one register of AVX-512, two of AVX2, four of NEON */
#define TK_PASS_PANELS 32 /* panels that a product goes through together: a call with fewer waits longer for memory */
#define TK_TERMS 32  /* terms of a bf16 panel come in such blocks, the last one filled up with zeros */

/* Between two looks at what another thread writes. */
static inline void tk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

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

/* bf16 patterns (upper halves of floats), readable and zero behind each row's last column up to a multiple of TK_TERMS. */
typedef struct {
    const uint16_t *data;
    ptrdiff_t rows, columns, stride;
} tk_bf16_rows;

/* ---- Weight panels -------------------------------------------------------------------------------------------------
   w[n,k] becomes ceil(n/16) panels; panel p holds outputs 16p … 16p+15, missing ones zero. A format says how:
     TK_F32    [k][16] floats
     TK_BF16   [k/2][16][2] upper halves of floats, k rounded up to a multiple of TK_TERMS: a 32-bit word holds the terms
               2j (lower half) and 2j + 1 of one output, so that a shift and a mask widen them, and 16 rows are one tile of
               AMX */
typedef enum { TK_F32 = 0, TK_BF16 = 1 } tk_format;
/* Some whole panels: outputs from a multiple of 16 on. */
typedef struct {
    const void *data;
    tk_format format;
    ptrdiff_t outputs, inputs;
} tk_panels;

/* Bytes of one panel. */
ptrdiff_t tk_panel_bytes(tk_format format, ptrdiff_t inputs);
/* Packs wᵀ from the panels of w, in the same format. */
void tk_pack_transposed(void *panels, const tk_panels *w);
/* Packs one panel: rows 0 … count - 1 of up to 16 (floats for TK_F32, bf16 patterns for TK_BF16), aligned or not. */
void tk_pack_panel(void *panel, tk_format format, const void *const *rows, ptrdiff_t count, ptrdiff_t k);
/* All panels of w, whose rows are `ldw` elements apart. */
void tk_pack(void *panels, tk_format format, const void *w, ptrdiff_t ldw, ptrdiff_t n, ptrdiff_t k);
/* Row `row` of w again, in fp32. */
void tk_unpack_row(float *out, const tk_panels *w, ptrdiff_t row);
/* fp32 panels of xᵀ, with x[rows, columns]: what tk_pack gives for the [columns, rows] matrix xᵀ. */
void tk_pack_columns(float *panels, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);
/* out[columns, rows] = x[rows, columns]ᵀ */
void tk_transpose(float *out, ptrdiff_t ldo, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);

/* ---- Rows ---------------------------------------------------------------------------------------------------------- */
/* dw += Σ rows dy · x · rstd, rows in ascending order. */
void tk_rmsnorm_weight_backward(float *dw, const float *dy, const float *x, const float *rstd, ptrdiff_t rows,
                                ptrdiff_t columns);
/* Rotates the halves of each head of one row: cos, sin hold `width / 2` values of the row's position.
   With a negative sine it is its own inverse and its own gradient. */
void tk_rotary(float *x, const float *cosine, const float *sine, ptrdiff_t heads, ptrdiff_t width, int inverse);
/* y += x, element by element. */
void tk_add(float *y, const float *x, ptrdiff_t count);
/* y[row] += bias */
void tk_add_bias(float *y, ptrdiff_t ldy, const float *bias, ptrdiff_t rows, ptrdiff_t columns);
/* sum += Σ rows x[row], rows in ascending order. */
void tk_sum_rows(float *sum, const float *x, ptrdiff_t ldx, ptrdiff_t rows, ptrdiff_t columns);
/* s[row] = r · t[row] for a small r[rank, rank], or rᵀ · t[row] with `transposed`; sums ascend, two roundings a term. */
void tk_mix(float *s, ptrdiff_t lds, const float *t, ptrdiff_t ldt, const float *r, ptrdiff_t rows, ptrdiff_t rank,
            int transposed);
/* dr[i, j] += Σ rows ds[row, i] · t[row, j], rows in ascending order. */
void tk_mix_gradient(float *dr, const float *ds, ptrdiff_t ldds, const float *t, ptrdiff_t ldt, ptrdiff_t rows,
                     ptrdiff_t rank);

/* ---- Attention -----------------------------------------------------------------------------------------------------
   One sequence, one key/value head shared by `group` query heads. Row t stands at position start + t and sees positions
   0 … start + t. Query head g of row t begins at column g · width of q and out.
   A page holds TK_PAGE positions of this head: first keys as 4 panels of `width` terms and 16 positions, then values as
   ceil(width/16) panels of 64 terms, the positions, and 16 dimensions. A panel is laid out as one of weights, but its terms are
   not filled up; `width` is even. Numbers of a bf16 page are widened before they are used, and nothing else is rounded. */
typedef struct {
    const void *const *pages;
    tk_format format;
    ptrdiff_t start, group, width;
    float scale; /* multiplies the query first */
} tk_head;
#define TK_WIDTH_PADDED(width) (((width) + 15) / 16 * 16)
#define TK_KEYS_PADDED(count) (((count) + TK_PAGE - 1) / TK_PAGE * TK_PAGE)
/* What the forward pass read and made. */
typedef struct {
    tk_input q, out, stats;
} tk_attended;
/* Gradients of the rows' queries, keys and values, and [start, width] what these rows add to the gradient of the keys and values
   of earlier positions. */
typedef struct {
    tk_view q, key, value, earlier_key, earlier_value;
} tk_attention_gradient;

/* Bytes of a page. */
ptrdiff_t tk_page_bytes(tk_format format, ptrdiff_t width);
/* Writes key and value vectors of one position into a page, rounded as by `round` where it is bf16. */
void tk_page_store(void *page, tk_format format, const float *key, const float *value, ptrdiff_t slot, ptrdiff_t width);
/* Floats of scratch for attention over `keys` positions, and for its gradient. */
ptrdiff_t tk_attention_scratch(ptrdiff_t keys, ptrdiff_t width);
ptrdiff_t tk_attention_backward_scratch(ptrdiff_t keys, ptrdiff_t width);

/* ---- Optimiser ------------------------------------------------------------------------------------------------------
   AdamW on `count` weights; correction1 = 1 / (1 - beta1^t), correction2 = 1 / (1 - beta2^t). */
void tk_adamw(float *w, float *first, float *second, const float *gradient, ptrdiff_t count, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2, float gradient_scale);
/* Σ x² in double precision, ascending. */
double tk_sum_squares(const float *x, ptrdiff_t count);

/* Who is told of the blocks of a product that are complete, every element once: while a cache holds them, on the thread that
   computed them, in the ordinary floating-point mode. It may change them. */
typedef struct {
    void (*call)(void *context, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns);
    void *context;
} tk_done;

/* ---- Kernels of one instruction set --------------------------------------------------------------------------------- */
typedef struct {
    /* y[m,n] = x[m,k] · w[n,k]ᵀ; with add, the partial sums are added to what y holds. A sum of no terms is 0. `done` may be
       NULL. */
    void (*matmul)(tk_view y, tk_input x, const tk_panels *w, int add, const tk_done *done);
    /* dx[m, first…first+count) = dy[m,n] · w[n,k] from the same panels: columns `first` to `first + count` of dx only, both
       multiples of 16 unless they end at k. With add, added to what dx holds. */
    void (*matmul_transposed)(tk_view dx, tk_input dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count, int add);

    /* The same two products of bf16 rows with TK_BF16 panels in the arithmetic bfloat16. Terms are taken in blocks of TK_TERMS,
       those past the last being 0 · 0. In a block, a chain of fused multiply-adds from 0 runs over the even terms, another
       over the odd ones; then total = total + (even + odd). Blocks ascend; a total begins as 0, or as what is added to.
       Operations round to nearest even. Subnormal inputs of an operation count as zero, and a result that is below 2^-126
       after rounding to 24 bits without a lowest exponent is zero, both with their sign. The bits of a NaN are open.
       (This is what AMX does, and x86 with MXCSR's FTZ and DAZ set; bf16.h spells it out.) */
    void (*matmul_bf16)(tk_view y, tk_bf16_rows x, const tk_panels *w, int add, const tk_done *done);
    void (*matmul_bf16_transposed)(tk_view dx, tk_bf16_rows dy, const tk_panels *w, ptrdiff_t first, ptrdiff_t count,
                                   int add);

    /* out[rows, columns] = x in bf16, rounded to nearest even, subnormal numbers to zero, a NaN to some NaN; zeros behind each
       row's last column up to a multiple of TK_TERMS, which `ldo` must allow for. */
    void (*round)(uint16_t *out, ptrdiff_t ldo, tk_input x);

    /* y = x · rstd · w with rstd = 1 / sqrt(mean(x²) + eps), stored per row. */
    void (*rmsnorm)(float *y, float *rstd, const float *x, const float *w, ptrdiff_t rows, ptrdiff_t columns, float eps);
    /* dx += gradient of rmsnorm with respect to x. */
    void (*rmsnorm_backward)(float *dx, const float *dy, const float *x, const float *w, const float *rstd,
                             ptrdiff_t rows, ptrdiff_t columns);
    /* y = silu(gate) · up for gate_up[rows, 2 · columns] = [gate | up]. */
    void (*swiglu)(float *y, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns);
    /* d_gate_up from dy; may be written over gate_up. */
    void (*swiglu_backward)(float *d_gate_up, const float *dy, const float *gate_up, ptrdiff_t rows, ptrdiff_t columns);
    /* y[row, :] += Σ_j s[row, j] · bt[j, :], j ascending, a chain that starts at y. */
    void (*expand)(float *y, ptrdiff_t ldy, const float *s, ptrdiff_t lds, const float *bt, ptrdiff_t ldb,
                   ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t rank);
    /* g[i, c] += Σ rows s[row, i] · x[row, c] for g[height, columns]: a chain from zero over ascending rows, then one
       addition. */
    void (*outer)(float *g, ptrdiff_t ldg, const float *s, ptrdiff_t lds, const float *x, ptrdiff_t ldx, ptrdiff_t rows,
                  ptrdiff_t height, ptrdiff_t columns);
    /* y = exp(x), relative error below 2e-7; 0 below -87.3. */
    void (*exponential)(float *y, const float *x, ptrdiff_t count);

    /* stats (whose data may be NULL) receives per row and query head g, at column 2g: the largest score, and
       1 / Σ exp(score - largest). */
    void (*attention)(tk_view out, tk_view stats, tk_input q, const tk_head *head, float *scratch);
    /* Gradient from dout; what `gradient` names is overwritten. Sums over rows run over (t, g) pairs of the given rows, index
       t · group + g, in blocks of 64. */
    void (*attention_backward)(const tk_attention_gradient *gradient, tk_input dout, const tk_attended *forward,
                               const tk_head *head, float *scratch);

    /* For one row of one chunk of logits: multiplies by `inverse_temperature`, finds the largest, replaces each by
       exp(logit - largest) and returns both: sums[0] = largest, sums[1] = Σ exp. `logits` may be kept by passing exps.
       sums[0] is no number where some logit is none. */
    void (*chunk_exp)(float *exps, float *sums, const float *logits, ptrdiff_t count, float inverse_temperature);
    /* logits become gradients: factor · inverse_temperature · (−exp(logit · inverse_temperature − largest) · inverse_sum),
       and at `target` (negative: none in this chunk) + factor · inverse_temperature. */
    void (*chunk_gradient)(float *logits, ptrdiff_t count, ptrdiff_t target, float factor, float inverse_temperature,
                           float largest, float inverse_sum);

    /* sums[i] = Σ vectors[i, j] · x[j] in double, without fused operations: term j goes to partial sum j mod 8, these are added
       in ascending order, and the sum of the terms behind the last multiple of 8 comes last. */
    void (*dots)(double *sums, const double *vectors, ptrdiff_t ld, ptrdiff_t count, const double *x, ptrdiff_t length);
    /* x[j] = x[j] − scales[i] · vectors[i, j], i ascending, without fused operations. */
    void (*subtract)(double *x, const double *vectors, ptrdiff_t ld, const double *scales, ptrdiff_t count,
                     ptrdiff_t length);

    /* Limits of the machine, for benchmarks. Computes `rounds` rounds of TK_PEAK_FLOP flop in independent fused
       multiply-adds; returns a value that depends on them. */
    float (*peak)(ptrdiff_t rounds);
    /* The same with the instructions of matmul_bf16, where those are others: about as many flop, in whole tiles of AMX. */
    float (*peak_bf16)(ptrdiff_t rounds);
    /* Reads `count` floats in 6 streams; returns their sum. */
    float (*read_memory)(const float *x, ptrdiff_t count);
} tk_kernels;
#define TK_PEAK_FLOP 768

/* Instruction sets with kernels of their own, those later in the list preferred. */
typedef enum { TK_PLAIN = 0, TK_NEON = 1, TK_AVX2 = 2, TK_AVX512 = 3, TK_AMX = 4 } tk_instructions;

/* The kernels of an instruction set; NULL when this processor does not have it, or the system does not let us use it: AMX
   must be asked for, once for the process, and this asks. AMX kernels are those of AVX-512 but for the products. */
const tk_kernels *tk_kernels_of(tk_instructions set);

#endif
