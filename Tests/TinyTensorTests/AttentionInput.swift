import CTinyKernels
import Foundation
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
    private let pages: [[Float]]

    var scale: Float { 1 / Float(width).squareRoot() }

    init(positions: Int, group: Int, width: Int) {
        self.positions = positions
        self.group = group
        self.width = width
        stride = group * width + 2
        queries = gaussian(positions * stride, seed: 1)
        keys = gaussian(positions * width, seed: 2)
        values = gaussian(positions * width, seed: 3)
        let length = Int(TK_PAGE), size = length * (width + (width + 15) / 16 * 16)
        var pages = [[Float]](
            repeating: [Float](repeating: .nan, count: size), count: (positions + length - 1) / length)
        for position in 0..<positions {
            let range = position * width..<(position + 1) * width
            tk_page_store(
                &pages[position / length], Array(keys[range]), Array(values[range]), position % length, width)
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
            var head = tk_head(pages: pages, start: rows.lowerBound, group: group, width: width, scale: scale)
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

    /// The gradients of `Σ dout · out` over all positions.
    struct Gradient {
        var queries: [Float]
        var keys: [Float]
        var values: [Float]
    }

    func gradient(_ dout: [Float], of output: Output, on kernels: tk_kernels = activeKernels) -> Gradient {
        var gradient = Gradient(
            queries: [Float](repeating: 5, count: queries.count),
            keys: [Float](repeating: 5, count: positions * width),
            values: [Float](repeating: 5, count: positions * width))
        var scratch = [Float](repeating: .nan, count: tk_attention_backward_scratch(positions, width))
        withPages { pages in
            var head = tk_head(pages: pages, start: 0, group: group, width: width, scale: scale)
            output.values.withUnsafeBufferPointer { out in
                output.stats.withUnsafeBufferPointer { stats in
                    queries.withUnsafeBufferPointer { q in
                        dout.withUnsafeBufferPointer { dout in
                            var forward = tk_attended(
                                q: input(q, positions, stride), out: input(out, positions, stride),
                                stats: input(stats, positions, 2 * group))
                            gradient.queries.withUnsafeMutableBufferPointer { dq in
                                gradient.keys.withUnsafeMutableBufferPointer { dk in
                                    gradient.values.withUnsafeMutableBufferPointer { dv in
                                        kernels.attention_backward(
                                            view(dq, positions, stride), view(dk, positions, width),
                                            view(dv, positions, width), input(dout, positions, stride), &forward,
                                            &head, &scratch)
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

    private func view(_ values: UnsafeMutableBufferPointer<Float>, _ rows: Int, _ stride: Int) -> tk_view {
        tk_view(data: values.baseAddress, rows: rows, columns: stride, stride: stride)
    }

    private func input(_ values: UnsafeBufferPointer<Float>, _ rows: Int, _ stride: Int) -> tk_input {
        tk_input(data: values.baseAddress, rows: rows, columns: stride, stride: stride)
    }

    private func withPages(_ body: (UnsafePointer<UnsafePointer<Float>?>) -> Void) {
        let size = pages.first?.count ?? 0
        let all = Array(pages.joined())
        all.withUnsafeBufferPointer { memory in
            var addresses = pages.indices.map { page in memory.baseAddress.map { $0 + page * size } }
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
