/* The table of one instruction set, at the end of the file that compiled its kernels; KERNEL_SET is its name. */
#ifndef BF16_PRODUCTS
#define BF16_PRODUCTS .matmul_bf16 = matmul_bf16, .matmul_bf16_transposed = matmul_bf16_transposed, .peak_bf16 = peak
#endif
const tk_kernels KERNEL_SET = {
    .matmul = matmul,
    .matmul_transposed = matmul_transposed,
    BF16_PRODUCTS,
    .round = round_rows,
    .rmsnorm = rmsnorm,
    .rmsnorm_backward = rmsnorm_backward,
    .swiglu = swiglu,
    .swiglu_backward = swiglu_backward,
    .expand = expand,
    .outer = outer,
    .exponential = exponential,
    .attention = attention,
    .attention_backward = attention_backward,
    .chunk_exp = chunk_exp,
    .chunk_gradient = chunk_gradient,
    .dots = dots,
    .subtract = subtract,
    .peak = peak,
    .read_memory = read_memory,
};
