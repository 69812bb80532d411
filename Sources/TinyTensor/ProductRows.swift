package import TinyFoundation

/// Rows of activations as products with weights read them. Made once, they serve every matrix that reads these rows.
///
/// Rows of fp32 are a view: whoever owns the memory keeps it alive.
package enum ProductRows {
    case float32(MatrixView)
    case bfloat16(RoundedRows)
}

extension Arithmetic {
    /// The rows of `x` as this arithmetic reads them.
    package func rows(_ x: MatrixView, team: WorkerTeam) -> ProductRows {
        switch self {
        case .float32: .float32(x)
        case .bfloat16: .bfloat16(RoundedRows(x, team: team))
        }
    }

    /// How weights, keys and values are stored at best.
    package var format: WeightFormat {
        switch self {
        case .float32: .float32
        case .bfloat16: .bfloat16
        }
    }
}

extension PackedMatrix {
    /// `y[rows, outputs] = x[rows, inputs] · wᵀ` in the arithmetic of the rows; `range` as for the product of fp32 rows.
    package func multiply(
        _ x: ProductRows, into y: MatrixView, range: Range<Int>? = nil, adding: Bool = false, team: WorkerTeam,
        preparation: Preparation? = nil, done: BlockDone? = nil
    ) {
        switch x {
        case .float32(let x):
            multiply(x, into: y, range: range, adding: adding, team: team, preparation: preparation, done: done)
        case .bfloat16(let x):
            multiply(x, into: y, range: range, adding: adding, team: team, preparation: preparation, done: done)
        }
    }

    /// `dx[rows, inputs] = dy[rows, range] · w[range, inputs]` in the arithmetic of the rows.
    ///
    /// `range` starts at a multiple of 256 when sums over several ranges must equal one sum over all.
    package func multiplyTransposed(
        _ dy: ProductRows, into dx: MatrixView, range: Range<Int>? = nil, adding: Bool = false, team: WorkerTeam,
        done: BlockDone? = nil
    ) {
        switch dy {
        case .float32(let dy): multiplyTransposed(dy, into: dx, range: range, adding: adding, team: team, done: done)
        case .bfloat16(let dy): multiplyTransposed(dy, into: dx, range: range, adding: adding, team: team, done: done)
        }
    }
}
