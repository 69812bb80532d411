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
    private let floats: [Float]
    private let halves: [UInt16]

    init(_ type: ElementType, n: Int, k: Int, seed: UInt64) {
        self.type = type
        self.n = n
        self.k = k
        weights = noise(n * k, seed: seed).map(type.rounded)
        let size = (n + 15) / 16 * 16 * k
        var floats: [Float] = [], halves: [UInt16] = []
        if type == .bfloat16 {
            halves = [UInt16](repeating: 0xFFFF, count: size)
            tk_pack_bf16(&halves, weights.map { BFloat16($0).bits }, k, n, k)
        } else {
            floats = [Float](repeating: .nan, count: size)
            tk_pack_f32(&floats, weights, k, n, k)
        }
        self.floats = floats
        self.halves = halves
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
        reference: Bool = false
    ) {
        let range = outputs ?? 0..<n, add: Int32 = adding ? 1 : 0, start = range.lowerBound * k
        if type == .bfloat16 {
            let product = reference ? tk_matmul_bf16_reference : tk_matmul_bf16
            halves.withUnsafeBufferPointer { panels in
                let start = panels.baseAddress.map { $0 + start }
                product(&y.values, y.stride, x.values, x.stride, start, rows, range.count, k, add)
            }
        } else {
            let product = reference ? tk_matmul_f32_reference : tk_matmul_f32
            floats.withUnsafeBufferPointer { panels in
                let start = panels.baseAddress.map { $0 + start }
                product(&y.values, y.stride, x.values, x.stride, start, rows, range.count, k, add)
            }
        }
    }

    /// `dx = dy · w` for some columns of `dx`.
    func multiplyTransposed(
        _ dy: Rows, rows: Int, into dx: inout Rows, columns: Range<Int>? = nil, adding: Bool = false,
        reference: Bool = false
    ) {
        let range = columns ?? 0..<k, add: Int32 = adding ? 1 : 0
        if type == .bfloat16 {
            let product = reference ? tk_matmul_transposed_bf16_reference : tk_matmul_transposed_bf16
            product(&dx.values, dx.stride, dy.values, dy.stride, halves, rows, n, k, range.lowerBound, range.count, add)
        } else {
            let product = reference ? tk_matmul_transposed_f32_reference : tk_matmul_transposed_f32
            product(&dx.values, dx.stride, dy.values, dy.stride, floats, rows, n, k, range.lowerBound, range.count, add)
        }
    }
}
