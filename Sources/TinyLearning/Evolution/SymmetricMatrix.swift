/// A symmetric matrix of which only the upper triangle is kept, row by row.
struct PackedSymmetric: Sendable, Equatable {
    /// Rows and columns.
    let count: Int
    /// `count (count + 1) / 2` values.
    private(set) var values: [Double]

    /// Takes the upper triangle as it is.
    init(count: Int, values: [Double]) {
        precondition(
            values.count == count * (count + 1) / 2, "PackedSymmetric: \(values.count) values for \(count) rows")
        self.count = count
        self.values = values
    }

    /// Ones on the diagonal.
    init(identity count: Int) {
        self.count = count
        values = []
        values.reserveCapacity(count * (count + 1) / 2)
        for row in 0..<count {
            values.append(1)
            values.append(contentsOf: repeatElement(0, count: count - row - 1))
        }
    }

    mutating func scale(by factor: Double) {
        for index in values.indices { values[index] *= factor }
    }

    /// Adds `weight · x xᵀ`.
    mutating func add(_ x: [Double], weight: Double) {
        precondition(x.count == count, "add: \(x.count) numbers, \(count) rows")
        var index = 0
        for row in 0..<count {
            let factor = weight * x[row]
            for column in row..<count {
                values[index] += factor * x[column]
                index += 1
            }
        }
    }

    /// All values, row by row.
    var full: [Double] {
        var matrix = [Double](repeating: 0, count: count * count)
        var index = 0
        for row in 0..<count {
            for column in row..<count {
                matrix[row * count + column] = values[index]
                matrix[column * count + row] = values[index]
                index += 1
            }
        }
        return matrix
    }
}

/// Scalar product, summed in order.
func dot(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for index in a.indices { sum += a[index] * b[index] }
    return sum
}

/// Euclidean norm, summed in order.
func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }

/// Eigenvalues and eigenvectors of a symmetric matrix: `A = Σ values[k] · vector(k) vector(k)ᵀ`.
///
/// Householder reflections bring the matrix to tridiagonal form, rotations of the implicit QL method make that diagonal.
/// Additions, multiplications, divisions and square roots in a fixed order only, so every machine gets the same bits.
/// Cost: about `9 n³` operations.
///
/// Source: Golub and Van Loan, Matrix Computations, §8.3 (there with QR, which runs the other way).
package struct SymmetricEigen {
    /// Rows and columns.
    package let count: Int
    /// Eigenvalues, in no particular order.
    package private(set) var values: [Double]
    /// Unit eigenvectors, one after the other.
    private var vectors: [Double]

    /// Decomposes the symmetric matrix with these rows, one after the other; both triangles are read.
    package init(count: Int, rows: [Double]) {
        precondition(rows.count == count * count, "SymmetricEigen: \(rows.count) values for \(count) rows")
        self.count = count
        var matrix = rows
        var beside = [Double](repeating: 0, count: count)
        vectors = Self.tridiagonalise(&matrix, count: count, beside: &beside)
        values = (0..<count).map { matrix[$0 * count + $0] }
        diagonalise(&beside)
    }

    /// The `index`-th eigenvector.
    package func vector(_ index: Int) -> ArraySlice<Double> { vectors[index * count..<(index + 1) * count] }

    /// Leaves the diagonal in `matrix` and what stands beside it in `beside`; returns `Qᵀ` of `A = Q T Qᵀ`, row by row.
    private static func tridiagonalise(_ matrix: inout [Double], count n: Int, beside: inout [Double]) -> [Double] {
        var reflections: [[Double]] = []
        for column in 0..<max(0, n - 2) {
            // Reflect what is under the diagonal's neighbour onto that neighbour: v = x - αe₁, H = I - 2 v vᵀ / vᵀv.
            var v = (column + 1..<n).map { matrix[$0 * n + column] }
            let length = norm(v)
            let alpha = v[0] > 0 ? -length : length  // the sign that does not cancel
            v[0] -= alpha
            let square = dot(v, v)
            guard square > 0 else {
                reflections.append([])
                beside[column] = 0
                continue
            }
            beside[column] = alpha
            // The rest of the matrix becomes H A H = A - v wᵀ - w vᵀ.
            let first = column + 1, size = n - first
            var w = [Double](repeating: 0, count: size)
            for row in 0..<size {
                let start = (first + row) * n + first
                var sum = 0.0
                for k in 0..<size { sum += matrix[start + k] * v[k] }
                w[row] = sum * 2 / square
            }
            let half = dot(v, w) / square
            for k in 0..<size { w[k] -= half * v[k] }
            for row in 0..<size {
                let start = (first + row) * n + first
                for k in 0..<size { matrix[start + k] -= v[row] * w[k] + w[row] * v[k] }
            }
            let scale = (2 / square).squareRoot()
            reflections.append(v.map { $0 * scale })
        }
        if n >= 2 { beside[n - 2] = matrix[(n - 1) * n + n - 2] }
        return product(of: reflections, count: n)
    }

    /// Rows of `(H₀ H₁ … )ᵀ`, each `H` acting on the last numbers only.
    private static func product(of reflections: [[Double]], count n: Int) -> [Double] {
        var rows = [Double](repeating: 0, count: n * n)
        for index in 0..<n { rows[index * n + index] = 1 }
        // Row k of Qᵀ is Q e_k: the last reflection meets the unit vector first.
        for row in 0..<n {
            for v in reflections.reversed() where !v.isEmpty {
                let start = row * n + n - v.count
                var part = 0.0
                for k in v.indices { part += rows[start + k] * v[k] }
                if part != 0 { for k in v.indices { rows[start + k] -= part * v[k] } }
            }
        }
        return rows
    }

    /// QL needs two or so sweeps for each value; one that is not done after these is as good as it gets.
    private static let mostSweeps = 100

    /// Rotates what stands beside the diagonal away, one value after the other.
    private mutating func diagonalise(_ beside: inout [Double]) {
        for first in 0..<count {
            for _ in 0..<Self.mostSweeps {
                var last = first
                while last < count - 1 {
                    let neighbours = values[last].magnitude + values[last + 1].magnitude
                    if beside[last].magnitude <= 0x1p-53 * neighbours { break }
                    last += 1
                }
                if last == first { break }
                sweep(first, last, &beside)
            }
        }
    }

    /// One sweep over the block `first ... last`, shifted by the eigenvalue of its first two rows that is nearer (Wilkinson).
    private mutating func sweep(_ first: Int, _ last: Int, _ beside: inout [Double]) {
        let slope = (values[first + 1] - values[first]) / (2 * beside[first])
        let root = (slope * slope + 1).squareRoot()
        var bulge = values[last] - values[first] + beside[first] / (slope + (slope < 0 ? -root : root))
        var sine = 1.0, cosine = 1.0, shift = 0.0
        for row in stride(from: last - 1, through: first, by: -1) {
            let above = sine * beside[row], kept = cosine * beside[row]
            let length = (above * above + bulge * bulge).squareRoot()
            beside[row + 1] = length
            guard length > 0 else {  // the block falls into two parts
                values[row + 1] -= shift
                beside[last] = 0
                return
            }
            sine = above / length
            cosine = bulge / length
            let value = values[row + 1] - shift
            let mixed = (values[row] - value) * sine + 2 * cosine * kept
            shift = sine * mixed
            values[row + 1] = value + shift
            bulge = cosine * mixed - kept
            rotate(row, sine: sine, cosine: cosine)
        }
        values[first] -= shift
        beside[first] = bulge
        beside[last] = 0
    }

    private mutating func rotate(_ row: Int, sine: Double, cosine: Double) {
        let a = row * count, b = a + count
        for k in 0..<count {
            let x = vectors[a + k], y = vectors[b + k]
            vectors[a + k] = cosine * x - sine * y
            vectors[b + k] = sine * x + cosine * y
        }
    }
}

/// The symmetric square root of a covariance.
struct SymmetricRoot {
    private let eigen: SymmetricEigen
    private let roots: [Double]
    /// Longest axis divided by the shortest.
    let axisRatio: Double

    /// Rounding can leave an eigenvalue at or under 0; none counts as less than this share of the largest.
    private static let leastShare = 1e-14

    /// Decomposes the covariance.
    init(of covariance: PackedSymmetric) {
        eigen = SymmetricEigen(count: covariance.count, rows: covariance.full)
        let largest = eigen.values.max() ?? 1
        let roots = eigen.values.map { max($0, largest * Self.leastShare).squareRoot() }
        self.roots = roots
        axisRatio = (roots.max() ?? 1) / (roots.min() ?? 1)
    }

    /// The root times a vector. Cost: `4 n²` operations.
    func applied(to vector: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: vector.count)
        for (index, root) in roots.enumerated() {
            let axis = eigen.vector(index)
            var part = 0.0
            for (a, b) in zip(axis, vector) { part += a * b }
            part *= root
            for (k, a) in axis.enumerated() { result[k] += part * a }
        }
        return result
    }
}
