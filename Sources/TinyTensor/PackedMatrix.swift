internal import CTinyKernels
package import TinyFoundation

/// Weights `[outputs, inputs]` rearranged into panels of 16 outputs, the form every product reads.
///
/// Immutable after packing. bf16 weights stay bf16 and are widened in registers, at no cost.
///
/// `@unchecked Sendable`: nothing writes to the panels after `init`.
package final class PackedMatrix: @unchecked Sendable {
    package let outputs: Int
    package let inputs: Int
    /// `float32` or `bfloat16`.
    package let type: ElementType
    private let panels: UnsafeMutableRawPointer

    /// Rows that a call may compute alone before it is worth another thread: about 20 microseconds of work.
    private static let leastWork = 1 << 20

    private init(outputs: Int, inputs: Int, type: ElementType) {
        self.outputs = outputs
        self.inputs = inputs
        self.type = type
        let panelCount = (outputs + 15) / 16
        panels = .allocate(byteCount: max(panelCount * 16 * inputs * type.byteCount, 64), alignment: 64)
    }

    deinit { panels.deallocate() }

    /// Packs fp32 weights; `weights` is row-major with `stride` elements from row to row.
    package convenience init(
        floats weights: UnsafePointer<Float>, outputs: Int, inputs: Int, stride: Int? = nil
    ) {
        self.init(outputs: outputs, inputs: inputs, type: .float32)
        tk_pack_f32(panels.assumingMemoryBound(to: Float.self), weights, stride ?? inputs, outputs, inputs)
    }

    /// Packs bf16 weights.
    package convenience init(bfloat16 weights: UnsafePointer<UInt16>, outputs: Int, inputs: Int) {
        self.init(outputs: outputs, inputs: inputs, type: .bfloat16)
        tk_pack_bf16(panels.assumingMemoryBound(to: UInt16.self), weights, inputs, outputs, inputs)
    }

    /// Packs the transpose of `x[rows, columns]`: a matrix with `columns` outputs and `rows` inputs.
    package convenience init(columnsOf x: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int, team: WorkerTeam)
    {
        self.init(outputs: columns, inputs: rows, type: .float32)
        let target = panels.assumingMemoryBound(to: Float.self)
        let chunks = (columns + 15) / 16
        team.split(chunks, least: max(1, 4096 / max(rows, 1))) { range in
            let first = range.lowerBound * 16, last = min(columns, range.upperBound * 16)
            tk_pack_columns(target + first * rows, x + first, stride, rows, last - first)
        }
    }

    /// `y[rows, outputs] = x[rows, inputs] · wᵀ`, or `+=` with `adding`. Only outputs in `range` (beginning at a multiple
    /// of 16) are computed; `y` points at the first of them.
    package func multiply(
        _ x: UnsafePointer<Float>, stride: Int, rows: Int, into y: UnsafeMutablePointer<Float>, outputStride: Int,
        range: Range<Int>? = nil, adding: Bool = false, team: WorkerTeam
    ) {
        let range = range ?? 0..<outputs
        precondition(
            range.lowerBound % 16 == 0 && range.upperBound <= outputs, "multiply: outputs \(range) of \(outputs)")
        let panelCount = (range.count + 15) / 16
        let least = max(1, Self.leastWork / max(1, rows * inputs * 16))
        team.split(panelCount, least: least) { part in
            let first = range.lowerBound + part.lowerBound * 16
            let last = min(range.upperBound, range.lowerBound + part.upperBound * 16)
            let target = y + (first - range.lowerBound)
            switch type {
            case .bfloat16:
                let start = panels.assumingMemoryBound(to: UInt16.self) + first * inputs
                tk_matmul_bf16(target, outputStride, x, stride, start, rows, last - first, inputs, adding ? 1 : 0)
            default:
                let start = panels.assumingMemoryBound(to: Float.self) + first * inputs
                tk_matmul_f32(target, outputStride, x, stride, start, rows, last - first, inputs, adding ? 1 : 0)
            }
        }
    }

    /// `dx[rows, inputs] = dy[rows, range] · w[range, inputs]`, or `+=` with `adding`.
    ///
    /// `range` starts at a multiple of 256 when sums over several ranges must equal one sum over all.
    package func multiplyTransposed(
        _ dy: UnsafePointer<Float>, stride: Int, rows: Int, into dx: UnsafeMutablePointer<Float>, inputStride: Int,
        range: Range<Int>? = nil, adding: Bool = false, team: WorkerTeam
    ) {
        let range = range ?? 0..<outputs
        precondition(range.lowerBound % 16 == 0, "multiplyTransposed: outputs \(range)")
        let columns = (inputs + 15) / 16
        let least = max(1, Self.leastWork / max(1, rows * range.count * 16))
        team.split(columns, least: least) { part in
            let first = part.lowerBound * 16, last = min(inputs, part.upperBound * 16)
            switch type {
            case .bfloat16:
                let start = panels.assumingMemoryBound(to: UInt16.self) + range.lowerBound * inputs
                tk_matmul_transposed_bf16(
                    dx, inputStride, dy, stride, start, rows, range.count, inputs, first, last - first, adding ? 1 : 0)
            default:
                let start = panels.assumingMemoryBound(to: Float.self) + range.lowerBound * inputs
                tk_matmul_transposed_f32(
                    dx, inputStride, dy, stride, start, rows, range.count, inputs, first, last - first, adding ? 1 : 0)
            }
        }
    }

    /// One row of weights in fp32, such as the embedding of a token.
    package func copyRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
        precondition(row >= 0 && row < outputs, "copyRow: \(row) of \(outputs)")
        switch type {
        case .bfloat16: tk_unpack_row_bf16(target, panels.assumingMemoryBound(to: UInt16.self), row, inputs)
        default: tk_unpack_row_f32(target, panels.assumingMemoryBound(to: Float.self), row, inputs)
        }
    }

    /// Bytes of the panels.
    package var byteCount: Int { (outputs + 15) / 16 * 16 * inputs * type.byteCount }
}
