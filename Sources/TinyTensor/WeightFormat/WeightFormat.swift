internal import CTinyKernels
internal import TinyFoundation

/// How packed weights are stored. Each format has a file here that packs it, and a decoder in `vector/panels.h` and `common.h`.
package enum WeightFormat: Sendable, CaseIterable {
    /// Four bytes a weight.
    case float32
    /// The upper two bytes of each weight, as checkpoints store it.
    case bfloat16

    /// Outputs of one panel.
    static let panelOutputs = Int(TK_PANEL)

    /// Bytes of one panel.
    func panelBytes(inputs: Int) -> Int { tk_panel_bytes(kernel, inputs) }

    /// Bytes of packed weights `[outputs, inputs]`.
    package func byteCount(outputs: Int, inputs: Int) -> Int {
        (outputs + Self.panelOutputs - 1) / Self.panelOutputs * panelBytes(inputs: inputs)
    }

    /// Bytes of one weight.
    package var elementBytes: Int { self == .float32 ? 4 : 2 }

    /// Writes floats in this format, rounded to the nearest (ties to even) where it is narrower.
    ///
    /// - Returns: Where they were written.
    package func store(
        _ floats: UnsafePointer<Float>, count: Int, in target: UnsafeMutableRawPointer
    ) -> UnsafeRawPointer {
        switch self {
        case .float32: target.copyMemory(from: floats, byteCount: 4 * count)
        case .bfloat16:
            let halves = target.assumingMemoryBound(to: UInt16.self)
            for index in 0..<count { halves[index] = BFloat16(floats[index]).bits }
        }
        return UnsafeRawPointer(target)
    }

    var kernel: tk_format {
        switch self {
        case .float32: TK_F32
        case .bfloat16: TK_BF16
        }
    }
}
