internal import CTinyKernels

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

    var kernel: tk_format {
        switch self {
        case .float32: TK_F32
        case .bfloat16: TK_BF16
        }
    }
}
