public import TinyFoundation

extension Checkpoint {
    /// The arithmetic that suits the stored weights: `float32` when all tensors are F32, otherwise `bfloat16`.
    ///
    /// - Throws: ``CheckpointError`` with code `unsupportedType` for a tensor of a type that is not read.
    public var arithmetic: Arithmetic {
        get throws(CheckpointError) {
            var arithmetic = Arithmetic.float32
            // All of them: one of a type that is not read may come after others.
            for name in tensorNames {
                if let place = stored[name], try place.tensor().format != .elements(.float32) { arithmetic = .bfloat16 }
            }
            return arithmetic
        }
    }

    /// Whether the arithmetic `bfloat16` takes all weights rounded to bf16, norms and biases too, as a directory in BF16 has
    /// them: true for a GGUF file unless all its tensors are F32, as its norms and biases are F32 whatever they were before.
    package var isRounded: Bool {
        get throws(CheckpointError) { gguf == nil ? false : try arithmetic == .bfloat16 }
    }
}
