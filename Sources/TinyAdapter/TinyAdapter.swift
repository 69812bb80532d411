// TinyLoRA as arithmetic: which modules share which numbers, the fixed projections, the frozen factors of each weight
// and the file that keeps the trained numbers.
//
//     W' = W + B R A     B = U Σ   A = Vᵀ   R = Σᵢ vᵢ Pᵢ        U Σ Vᵀ: the largest singular triplets of the frozen W
//
// This target does not know: tokens, forward and backward passes, rewards, optimisers, the directory of a run.
//
// Source: "Learning to Reason in 13 Parameters", arXiv:2602.04118 §4.
