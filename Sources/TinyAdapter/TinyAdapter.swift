// What is trained, as arithmetic: TinyLoRA, LoRA-XS, LoRA or all weights; the frozen factors of each weight, and the file
// that keeps the trained numbers. They share one low-rank data path and differ in which part of it they train:
//
//     W' = W + B R A     TinyLoRA  R = Σᵢ vᵢ Pᵢ   B = U Σ   A = Vᵀ     U Σ Vᵀ: singular triplets of the frozen W
//                        LoRA-XS   R free         B = U Σ   A = Vᵀ
//                        LoRA      R = alpha/r    B and A free
//
// A method is one file in Methods: an `AdapterDesign`, which an adapter file keeps, and the `AdapterMethod` it prepares.
//
// This target does not know: tokens, forward and backward passes, rewards, optimisers, the directory of a run.
//
// Source: "Learning to Reason in 13 Parameters", arXiv:2602.04118 §4.
