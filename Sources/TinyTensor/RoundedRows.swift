internal import CTinyKernels

/// Rows of activations rounded to bf16, as products of ``Arithmetic/bfloat16`` read them. Rounded once, they serve every matrix
/// that they are multiplied by.
///
/// `@unchecked Sendable`: nothing writes to the rows after `init`.
package final class RoundedRows: @unchecked Sendable {
    package let rows: Int
    package let columns: Int
    private let stride: Int
    private let base: UnsafeMutablePointer<UInt16>

    /// Rounds to nearest, ties to even; subnormal numbers become zero.
    package init(_ x: MatrixView, team: WorkerTeam) {
        rows = x.rows
        columns = x.columns
        let block = Int(TK_TERMS)
        stride = (columns + block - 1) / block * block
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(64, 2 * rows * stride), alignment: 64)
        base = raw.bindMemory(to: UInt16.self, capacity: max(32, rows * stride))
        team.split(rows, least: max(1, (1 << 14) / max(columns, 1))) { part in
            activeKernels.round(base + part.lowerBound * stride, stride, x.rows(part).input)
        }
    }

    deinit { base.deallocate() }

    /// Some of the rows, as a kernel reads them.
    func kernel(_ part: Range<Int>) -> tk_bf16_rows {
        tk_bf16_rows(data: base + part.lowerBound * stride, rows: part.count, columns: columns, stride: stride)
    }
}
