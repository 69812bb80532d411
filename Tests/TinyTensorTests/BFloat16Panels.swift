import CTinyKernels

/// Activations rounded to bf16, rows somewhat further apart than needed.
struct BFloat16Rows {
    let rows: Int
    let columns: Int
    let bits: [UInt16]
    private let stride: Int

    init(_ values: [Float], rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        let stride = (columns + 31) / 32 * 32 + 32
        var bits = [UInt16](repeating: 0xFFFF, count: max(1, rows) * stride)
        values.withUnsafeBufferPointer { values in
            let input = tk_input(data: values.baseAddress, rows: rows, columns: columns, stride: columns)
            plainKernels.round(&bits, stride, input)
        }
        self.bits = bits
        self.stride = stride
    }

    func withKernelView(_ body: (tk_bf16_rows) -> Void) {
        bits.withUnsafeBufferPointer {
            body(tk_bf16_rows(data: $0.baseAddress, rows: rows, columns: columns, stride: stride))
        }
    }
}

/// Weights `[n, k]`, cut to bf16, in panels.
struct BFloat16Panels {
    let n: Int
    let k: Int
    private let packed: [UInt8]

    init(_ weights: [Float], n: Int, k: Int) {
        self.n = n
        self.k = k
        var packed = [UInt8](repeating: 0xFF, count: max(1, (n + 15) / 16 * tk_panel_bytes(TK_BF16, k)))
        tk_pack(&packed, TK_BF16, weights.map { UInt16($0.bitPattern >> 16) }, k, n, k)
        self.packed = packed
    }

    /// `x · wᵀ` over, or added to, `before`.
    func multiply(_ x: BFloat16Rows, into before: [Float], adding: Bool, on kernels: tk_kernels) -> [Float] {
        write(before, rows: x.rows, columns: n) { y, panels in
            x.withKernelView { kernels.matmul_bf16(y, $0, &panels, adding ? 1 : 0, nil) }
        }
    }

    /// `dy · w` over, or added to, `before`.
    func multiplyTransposed(_ dy: BFloat16Rows, into before: [Float], adding: Bool, on kernels: tk_kernels) -> [Float] {
        write(before, rows: dy.rows, columns: k) { dx, panels in
            dy.withKernelView { kernels.matmul_bf16_transposed(dx, $0, &panels, 0, k, adding ? 1 : 0) }
        }
    }

    private func write(
        _ before: [Float], rows: Int, columns: Int, _ body: (tk_view, inout tk_panels) -> Void
    ) -> [Float] {
        var values = before
        values.withUnsafeMutableBufferPointer { values in
            packed.withUnsafeBytes { packed in
                var panels = tk_panels(data: packed.baseAddress, format: TK_BF16, outputs: n, inputs: k)
                body(tk_view(data: values.baseAddress, rows: rows, columns: columns, stride: columns), &panels)
            }
        }
        return values
    }
}
