public import TinyFoundation

extension Checkpoint {
    /// The arithmetic that suits the stored weights: `float32` when all tensors are F32, otherwise `bfloat16`.
    ///
    /// - Throws: ``CheckpointError`` with code `unsupportedType` for a tensor of a type that is not read.
    public var arithmetic: Arithmetic {
        get throws(CheckpointError) {
            for name in tensorNames {
                if let place = stored[name], try place.file.tensor(place.name).type != .float32 { return .bfloat16 }
            }
            return .float32
        }
    }
}
