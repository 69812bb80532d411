internal import CTinyKernels

/// How packed weights are stored. Each format has a file here that packs it, and a decoder in `formats.h`.
package enum WeightFormat: Sendable, CaseIterable {
    /// Four bytes a weight.
    case float32
    /// The upper two bytes of each weight, as checkpoints store it.
    case bfloat16

    /// Weights of one group: the values of 16 outputs for one input.
    static let groupSize = Int(TK_PANEL)

    /// Bytes of one group, scales included where a format has them.
    var groupBytes: Int { tk_group_bytes(kernel) }

    /// Bytes of packed weights `[outputs, inputs]`.
    package func byteCount(outputs: Int, inputs: Int) -> Int {
        (outputs + Self.groupSize - 1) / Self.groupSize * inputs * groupBytes
    }

    var kernel: tk_format {
        switch self {
        case .float32: TK_F32
        case .bfloat16: TK_BF16
        }
    }
}
