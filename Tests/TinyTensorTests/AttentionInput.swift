import CTinyKernels
import Foundation
import TinyFoundation
import TinyTestSupport

/// Queries, keys and values of one key/value head, with keys and values in pages as the kernels read them.
///
/// What a page holds beyond the last position is NaN: nothing may depend on it.
struct AttentionInput {
    let positions: Int
    let group: Int
    let width: Int
    /// Floats from row to row of queries and outputs; two more than needed.
    let stride: Int
    /// `[positions, stride]`.
    let queries: [Float]
    /// `[positions, width]` each.
    let keys: [Float]
    let values: [Float]
    private let format: tk_format
    /// Pages one after another.
    private let pages: [UInt8]

    var scale: Float { 1 / Float(width).squareRoot() }

    /// - Parameter rounded: Round keys and values to bf16 first, without changing how they are stored.
    init(positions: Int, group: Int, width: Int, format: tk_format = TK_F32, rounded: Bool = false) {
        self.positions = positions
        self.group = group
        self.width = width
        self.format = format
        stride = group * width + 2
        queries = gaussian(positions * stride, seed: 1)
        let exact = [2, 3].map { gaussian(positions * width, seed: $0) }
        let stored = rounded ? exact.map { $0.map { BFloat16($0).float } } : exact
        let keys = stored[0], values = stored[1]
        self.keys = keys
        self.values = values
        let length = Int(TK_PAGE), size = tk_page_bytes(format, width), count = (positions + length - 1) / length
        var pages = [UInt8](repeating: 0xFF, count: count * size)
        pages.withUnsafeMutableBytes { bytes in
            for position in 0..<positions {
                let range = position * width..<(position + 1) * width
                tk_page_store(
                    bytes.baseAddress! + position / length * size, format, Array(keys[range]), Array(values[range]),
                    position % length, width)
            }
        }
        self.pages = pages
    }

    /// Outputs and statistics of some rows.
    struct Output {
        var values: [Float]
        var stats: [Float]
    }

    /// Attends from the positions of `rows`.
    func attend(_ rows: Range<Int>, on kernels: tk_kernels = activeKernels) -> Output {
        var output = Output(
            values: [Float](repeating: 5, count: rows.count * stride),
            stats: [Float](repeating: 5, count: rows.count * 2 * group))
        var scratch = [Float](repeating: .nan, count: tk_attention_scratch(rows.upperBound, width))
        let own = Array(queries[rows.lowerBound * stride..<rows.upperBound * stride])
        withPages { pages in
            var head = head(pages, start: rows.lowerBound)
            output.values.withUnsafeMutableBufferPointer { out in
                output.stats.withUnsafeMutableBufferPointer { stats in
                    own.withUnsafeBufferPointer { q in
                        kernels.attention(
                            view(out, rows.count, stride), view(stats, rows.count, 2 * group),
                            input(q, rows.count, stride), &head, &scratch)
                    }
                }
            }
        }
        return output
    }

    /// The gradients of `Σ dout · out` over some rows: of their queries, and of the keys and values of all positions up to the
    /// last row.
    struct Gradient {
        var queries: [Float]
        var keys: [Float]
        var values: [Float]
    }

    /// - Parameters:
    ///   - dout: `[rows, stride]`.
    ///   - output: What the rows gave.
    ///   - rows: All positions unless given.
    func gradient(
        _ dout: [Float], of output: Output, rows: Range<Int>? = nil, on kernels: tk_kernels = activeKernels
    ) -> Gradient {
        let rows = rows ?? 0..<positions, start = rows.lowerBound, end = rows.upperBound
        var gradient = Gradient(
            queries: [Float](repeating: 5, count: rows.count * stride), keys: [Float](repeating: 5, count: end * width),
            values: [Float](repeating: 5, count: end * width))
        var scratch = [Float](repeating: .nan, count: tk_attention_backward_scratch(end, width))
        let own = Array(queries[start * stride..<end * stride])
        withPages { pages in
            var head = head(pages, start: start)
            output.values.withUnsafeBufferPointer { out in
                output.stats.withUnsafeBufferPointer { stats in
                    own.withUnsafeBufferPointer { q in
                        dout.withUnsafeBufferPointer { dout in
                            var forward = tk_attended(
                                q: input(q, rows.count, stride), out: input(out, rows.count, stride),
                                stats: input(stats, rows.count, 2 * group))
                            gradient.queries.withUnsafeMutableBufferPointer { dq in
                                gradient.keys.withUnsafeMutableBufferPointer { dk in
                                    gradient.values.withUnsafeMutableBufferPointer { dv in
                                        let dk = (view(dk, start, width), view(dk, rows.count, width, from: start))
                                        let dv = (view(dv, start, width), view(dv, rows.count, width, from: start))
                                        var target = tk_attention_gradient(
                                            q: view(dq, rows.count, stride), key: dk.1, value: dv.1,
                                            earlier_key: dk.0, earlier_value: dv.0)
                                        kernels.attention_backward(
                                            &target, input(dout, rows.count, stride), &forward, &head, &scratch)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return gradient
    }

    private func head(_ pages: UnsafePointer<UnsafeRawPointer?>, start: Int) -> tk_head {
        tk_head(pages: pages, format: format, start: start, group: group, width: width, scale: scale)
    }

    private func view(
        _ values: UnsafeMutableBufferPointer<Float>, _ rows: Int, _ stride: Int, from first: Int = 0
    ) -> tk_view {
        tk_view(data: values.baseAddress! + first * stride, rows: rows, columns: stride, stride: stride)
    }

    private func input(_ values: UnsafeBufferPointer<Float>, _ rows: Int, _ stride: Int) -> tk_input {
        tk_input(data: values.baseAddress, rows: rows, columns: stride, stride: stride)
    }

    private func withPages(_ body: (UnsafePointer<UnsafeRawPointer?>) -> Void) {
        let size = tk_page_bytes(format, width)
        pages.withUnsafeBytes { memory in
            var addresses = Swift.stride(from: 0, to: pages.count, by: size).map { page in
                memory.baseAddress.map { $0 + page }
            }
            body(&addresses)
        }
    }

    /// The definition in double precision: outputs `[positions, stride]`, gaps between rows as ``attend(_:on:)``
    /// leaves them.
    func exact(queries: [Double], keys: [Double], values: [Double]) -> [Double] {
        var out = [Double](repeating: 5, count: positions * stride)
        for row in 0..<positions {
            for head in 0..<group {
                let at = row * stride + head * width
                let scores = (0...row).map { j in
                    (0..<width).reduce(0) { $0 + queries[at + $1] * keys[j * width + $1] } / Double(width).squareRoot()
                }
                let largest = scores.reduce(-.infinity, max), weights = scores.map { exp($0 - largest) }
                let sum = weights.reduce(0, +)
                for i in 0..<width {
                    out[at + i] = (0...row).reduce(0) { $0 + weights[$1] * values[$1 * width + i] } / sum
                }
            }
        }
        return out
    }
}
