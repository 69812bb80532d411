import CTinyKernels
import TinyTestSupport
import TinyFoundation

/// Packed weights `[n, k]` of either type, and the products that read them.
struct Panels {
    let type: ElementType
    let n: Int
    let k: Int
    /// The weights, row by row; for bf16 the rounded ones, so that both types compute with exactly these.
    let weights: [Float]
    private let packed: [UInt8]
    private let format: tk_format

    init(_ type: ElementType, n: Int, k: Int, seed: UInt64) {
        self.type = type
        self.n = n
        self.k = k
        weights = noise(n * k, seed: seed).map(type.rounded)
        format = type == .bfloat16 ? TK_BF16 : TK_F32
        var packed = [UInt8](repeating: 0xFF, count: (n + 15) / 16 * tk_panel_bytes(format, k))
        if type == .bfloat16 {
            tk_pack(&packed, format, weights.map { BFloat16($0).bits }, k, n, k)
        } else {
            tk_pack(&packed, format, weights, k, n, k)
        }
        self.packed = packed
    }

    /// Rows of floats, `stride` apart.
    struct Rows {
        var values: [Float]
        let stride: Int

        /// `rows` rows with `padding` more floats behind each and at the end.
        init(_ rows: Int, _ columns: Int, padding: Int, seed: UInt64) {
            stride = columns + padding
            values = noise(rows * stride + padding, seed: seed)
        }
    }

    /// `y = x · wᵀ` for outputs from `first` (a multiple of 16) on, the first of which goes to column 0 of `y`.
    func multiply(
        _ x: Rows, rows: Int, into y: inout Rows, outputs: Range<Int>? = nil, adding: Bool = false,
        on kernels: tk_kernels = activeKernels
    ) {
        let range = outputs ?? 0..<n
        withPanels(range) { panels in
            y.withView(rows, range.count) { y in
                x.withInput(rows, k) { x in kernels.matmul(y, x, &panels, adding ? 1 : 0, nil) }
            }
        }
    }

    /// `dx = dy · w` for some columns of `dx`.
    func multiplyTransposed(
        _ dy: Rows, rows: Int, into dx: inout Rows, columns: Range<Int>? = nil, adding: Bool = false,
        on kernels: tk_kernels = activeKernels
    ) {
        let range = columns ?? 0..<k
        withPanels(0..<n) { panels in
            dx.withView(rows, k) { dx in
                dy.withInput(rows, n) { dy in
                    kernels.matmul_transposed(dx, dy, &panels, range.lowerBound, range.count, adding ? 1 : 0)
                }
            }
        }
    }

    private func withPanels(_ outputs: Range<Int>, _ body: (inout tk_panels) -> Void) {
        packed.withUnsafeBytes { bytes in
            let start = bytes.baseAddress.map { $0 + outputs.lowerBound / 16 * tk_panel_bytes(format, k) }
            var panels = tk_panels(data: start, format: format, outputs: outputs.count, inputs: k)
            body(&panels)
        }
    }
}

extension Panels.Rows {
    mutating func withView(_ rows: Int, _ columns: Int, _ body: (tk_view) -> Void) {
        values.withUnsafeMutableBufferPointer {
            body(tk_view(data: $0.baseAddress, rows: rows, columns: columns, stride: stride))
        }
    }

    func withInput(_ rows: Int, _ columns: Int, _ body: (tk_input) -> Void) {
        values.withUnsafeBufferPointer {
            body(tk_input(data: $0.baseAddress, rows: rows, columns: columns, stride: stride))
        }
    }
}
