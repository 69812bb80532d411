/* The table of one instruction set, at the end of the file that compiled its kernels; KERNEL_SET is its name. */
const tk_kernels KERNEL_SET = {
    .matmul = matmul,
    .matmul_transposed = matmul_transposed,
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
    .peak = peak,
    .read_memory = read_memory,
};
