internal import CTinyKernels

extension PackedMatrix {
    /// Packs bf16 weights, row-major; they stay bf16 and are widened in registers, at no cost.
    package convenience init(bfloat16 weights: UnsafePointer<UInt16>, outputs: Int, inputs: Int) {
        self.init(outputs: outputs, inputs: inputs, format: .bfloat16) { panels in
            tk_pack(panels, TK_BF16, weights, inputs, outputs, inputs)
        }
    }
}
