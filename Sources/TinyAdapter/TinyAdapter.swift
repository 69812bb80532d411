// The methods TinyLoRA, LoRA-XS, LoRA and full fine-tuning, the frozen factors of each weight, and adapter files. The methods
// share one low-rank change of each weight and differ in which part of it they train:
//
//     W' = W + B R A     TinyLoRA  R = Σᵢ vᵢ Pᵢ   B = U Σ   A = Vᵀ     U Σ Vᵀ: singular triplets of the frozen W
//                        LoRA-XS   R free         B = U Σ   A = Vᵀ
//                        LoRA      R = alpha/r    B and A free
//
// A method is one file in Methods: an `AdapterDesign`, which an adapter file stores, and the `AdapterMethod` that it prepares.
//
// Export/ writes and Import/ reads the layouts of other tools.
//
//     design   a method's sizes and settings for one model      plan   which modules share which numbers of TinyLoRA
//
// This target does not know: tokens, forward and backward passes, rewards, optimisers, the directory of a run.
//
// Source: "Learning to Reason in 13 Parameters", arXiv:2602.04118 §4.
