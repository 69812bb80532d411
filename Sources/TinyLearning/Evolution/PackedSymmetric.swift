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
