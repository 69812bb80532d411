internal import TinyTensor

/// All singular triplets of a small dense matrix: `columns = left · diag(values) · rightᵀ`.
package struct SmallSVD {
    /// Singular values, largest first.
    package var values: [Double]
    /// Left vectors, one per value; all zeros where the value is zero.
    package var left: [[Double]]
    /// Right vectors, one per value.
    package var right: [[Double]]

    /// Decomposes the matrix with these columns, all of the same length, by one-sided Jacobi rotations.
    ///
    /// Pairs of columns are rotated until all are orthogonal; their lengths are then the singular values. Small values come
    /// out with high relative accuracy. Costs about `6 · columns² · (rows + columns)` operations per sweep, six or so
    /// sweeps; meant for at most a hundred columns.
    ///
    /// Source: Hestenes 1958; Golub and Van Loan, Matrix Computations, §8.6.3.
    package init(columns: [[Double]]) {
        let count = columns.count, rows = columns.first?.count ?? 0
        // Each row of the work area: a column of the matrix, then the same column of the accumulated rotations.
        let stride = rows + count
        var work = [Double](repeating: 0, count: count * stride)
        for (index, column) in columns.enumerated() {
            work.replaceSubrange(index * stride..<index * stride + rows, with: column)
            work[index * stride + rows + index] = 1
        }
        work.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for _ in 0..<Self.mostSweeps where !Self.sweep(base, count: count, rows: rows, stride: stride) { continue }
        }
        let lengths = (0..<count).map { index in
            work[index * stride..<index * stride + rows].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        let order = (0..<count).sorted { (lengths[$0], $1) > (lengths[$1], $0) }
        values = order.map { lengths[$0] }
        left = order.map { index in
            work[index * stride..<index * stride + rows].map { lengths[index] > 0 ? $0 / lengths[index] : 0 }
        }
        right = order.map { Array(work[$0 * stride + rows..<($0 + 1) * stride]) }
    }

    /// Jacobi converges quadratically; matrices in practice need six to ten sweeps.
    private static let mostSweeps = 60
    /// Columns whose cosine is below this count as orthogonal: values are then right to its square, vectors to far below
    /// what Float holds.
    private static let orthogonality = 1e-11

    /// Rotates every pair of columns once; true when all were orthogonal already.
    private static func sweep(_ base: UnsafeMutablePointer<Double>, count: Int, rows: Int, stride: Int) -> Bool {
        var orthogonal = true
        // Squared lengths follow the rotations and are computed anew in each sweep, before rounding can add up.
        var squares = (0..<count).map { Doubles.dot(base + $0 * stride, base + $0 * stride, rows) }
        for i in 0..<count {
            for j in i + 1..<max(count, i + 1) {
                let a = base + i * stride, b = base + j * stride
                let product = Doubles.dot(a, b, rows)
                guard product.magnitude > orthogonality * max(squares[i] * squares[j], 0).squareRoot() else { continue }
                orthogonal = false
                let zeta = (squares[j] - squares[i]) / (2 * product)
                let tangent = (zeta < 0 ? -1 : 1) / (zeta.magnitude + (1 + zeta * zeta).squareRoot())
                let cosine = 1 / (1 + tangent * tangent).squareRoot()
                rotate(a, b, cosine: cosine, sine: cosine * tangent, length: stride)
                squares[i] -= tangent * product
                squares[j] += tangent * product
            }
        }
        return orthogonal
    }

    @inline(__always)
    private static func rotate(
        _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>, cosine: Double, sine: Double, length: Int
    ) {
        var k = 0
        while k < length {
            let x = a[k], y = b[k]
            a[k] = cosine * x - sine * y
            b[k] = sine * x + cosine * y
            k += 1
        }
    }
}
