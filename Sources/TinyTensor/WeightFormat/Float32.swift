internal import CTinyKernels

extension PackedMatrix {
    /// Packs fp32 weights; `weights` is row-major with `stride` elements from row to row.
    package convenience init(floats weights: UnsafePointer<Float>, outputs: Int, inputs: Int, stride: Int? = nil) {
        self.init(outputs: outputs, inputs: inputs, format: .float32) { panels in
            tk_pack(panels, TK_F32, weights, stride ?? inputs, outputs, inputs)
        }
    }

    /// Packs the transpose of `x[rows, columns]`: a matrix with `columns` outputs and `rows` inputs.
    package convenience init(columnsOf x: MatrixView, team: WorkerTeam) {
        self.init(outputs: x.columns, inputs: x.rows, format: .float32) { panels in
            nonisolated(unsafe) let target = panels.assumingMemoryBound(to: Float.self)
            let chunks = (x.columns + 15) / 16
            team.split(chunks, least: max(1, 4096 / max(x.rows, 1))) { range in
                let first = range.lowerBound * 16, last = min(x.columns, range.upperBound * 16)
                tk_pack_columns(target + first * x.rows, x.base + first, x.stride, x.rows, last - first)
            }
        }
    }
}
