import TinyTensor

/// A weight in Double and the products of its vectors: `gram[i, j] = ⟨vector i, vector j⟩`, over the side with fewer of them.
struct GramMatrix {
    /// How many vectors: the smaller dimension.
    let size: Int
    /// Their length: the larger dimension.
    let length: Int
    /// Whether the vectors are the weight's rows; else they are its columns.
    let vectorsAreRows: Bool
    /// Vector after vector.
    private let vectors: [Double]
    /// `[size, size]`, symmetric.
    let entries: [Double]

    /// Vectors and elements that a tile of products covers: two of them fit into a core's cache.
    private static let tile = 32, chunk = 1024

    /// Widens the weight and multiplies; `size² · length` operations.
    init(_ matrix: PackedMatrix) {
        vectorsAreRows = matrix.outputs <= matrix.inputs
        size = min(matrix.outputs, matrix.inputs)
        length = max(matrix.outputs, matrix.inputs)
        var vectors = [Double](repeating: 0, count: size * length)
        var row = [Float](repeating: 0, count: matrix.inputs)
        for index in 0..<matrix.outputs {
            row.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { matrix.copyRow(index, into: start) } }
            for (column, value) in row.enumerated() {
                vectors[vectorsAreRows ? index * length + column : column * length + index] = Double(value)
            }
        }
        self.vectors = vectors
        entries = Self.products(vectors, size: size, length: length)
    }

    private static func products(_ vectors: [Double], size: Int, length: Int) -> [Double] {
        var entries = [Double](repeating: 0, count: size * size)
        vectors.withUnsafeBufferPointer { vectors in
            guard let base = vectors.baseAddress else { return }
            for rows in stride(from: 0, to: size, by: tile) {
                for columns in stride(from: 0, through: rows, by: tile) {
                    for start in stride(from: 0, to: length, by: chunk) {
                        let count = min(chunk, length - start)
                        for i in rows..<min(size, rows + tile) {
                            let sums = Doubles.dots(
                                base + columns * length + start, count: min(i + 1, columns + tile) - columns,
                                stride: length, with: base + i * length + start, length: count)
                            for (j, sum) in zip(columns..., sums) { entries[i * size + j] += sum }
                        }
                    }
                }
            }
        }
        for i in 0..<size { for j in 0..<i { entries[j * size + i] = entries[i * size + j] } }
        return entries
    }

    /// Sum of the squares of all weights.
    var trace: Double { (0..<size).reduce(0) { $0 + entries[$1 * (size + 1)] } }

    /// `gram · x`.
    func times(_ x: [Double]) -> [Double] {
        entries.withUnsafeBufferPointer { entries in
            x.withUnsafeBufferPointer { x in
                guard let entries = entries.baseAddress, let x = x.baseAddress else { return [] }
                return Doubles.dots(entries, count: size, stride: size, with: x, length: size)
            }
        }
    }

    /// `Σ x[i] · vector i`: the weight's product with a vector of the smaller side.
    func combination(_ x: [Double]) -> [Double] {
        var sum = [Double](repeating: 0, count: length)
        vectors.withUnsafeBufferPointer { vectors in
            guard let vectors = vectors.baseAddress else { return }
            Doubles.subtract(x.map(-), of: vectors, stride: length, from: &sum, length: length)
        }
        return sum
    }
}

/// `L Lᵀ = gram - shift · 1`, for solving.
struct Cholesky {
    private let size: Int
    private let lower: [Double]

    /// Factorises in `size³ / 3` operations; `nil` when the matrix is not positive definite.
    init?(_ gram: GramMatrix, shift: Double) {
        let size = gram.size
        var lower = gram.entries
        var positive = true
        lower.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            for row in 0..<size where positive {
                let own = base + row * size
                for column in 0..<row {
                    own[column] =
                        (own[column] - Doubles.dot(own, base + column * size, column)) / base[column * (size + 1)]
                }
                let pivot = own[row] - shift - Doubles.dot(own, own, row)
                positive = pivot > 0 && pivot.isFinite
                own[row] = positive ? pivot.squareRoot() : 1
            }
        }
        guard positive else { return nil }
        self.size = size
        self.lower = lower
    }

    /// The `x` with `(gram - shift · 1) x = b`.
    func solve(_ b: [Double]) -> [Double] {
        var x = b
        lower.withUnsafeBufferPointer { lower in
            x.withUnsafeMutableBufferPointer { x in
                guard let lower = lower.baseAddress, let x = x.baseAddress else { return }
                for row in 0..<size {
                    x[row] = (x[row] - Doubles.dot(lower + row * size, x, row)) / lower[row * (size + 1)]
                }
                for row in (0..<size).reversed() {
                    x[row] /= lower[row * (size + 1)]
                    Doubles.subtract(x[row], of: lower + row * size, from: x, length: row)
                }
            }
        }
        return x
    }
}
