extension AnswerComparison {
    /// Compares answers of which one is, or is computed from, matrices; `nil` when neither is.
    mutating func compareMatrices(_ gold: AnswerTree, _ prediction: AnswerTree) -> Bool? {
        guard gold.hasMatrix || prediction.hasMatrix else { return nil }
        guard let a = gold.matrixRows(vectorsToo: true), let b = prediction.matrixRows(vectorsToo: true) else {
            return nil
        }
        let isVector = !gold.hasMatrix || !prediction.hasMatrix
        if isVector {
            // A tuple is the same answer as a row or a column.
            guard a.count == 1 || a[0].count == 1, b.count == 1 || b[0].count == 1 else { return false }
            return inOrder(a.flatMap { $0 }, b.flatMap { $0 })
        }
        guard a.count == b.count, a[0].count == b[0].count else { return false }
        for (row, other) in zip(a, b) where !inOrder(row, other) { return false }
        return true
    }
}

extension AnswerTree {
    /// Matrices larger than this after a product are not computed.
    private static let maximumEntries = 400

    /// The entries of a matrix or of sums, products and multiples of matrices, computed as expressions.
    fileprivate func matrixRows(vectorsToo: Bool = false) -> [[AnswerTree]]? {
        switch self {
        case .matrix(let rows): return rows
        case .bracketed(let parts, false, false) where vectorsToo: return [parts]
        case .negative(let part): return part.matrixRows()?.map { $0.map { .negative($0) } }
        case .sum(let parts):
            let terms = parts.compactMap { $0.matrixRows() }
            guard terms.count == parts.count, let first = terms.first,
                terms.allSatisfy({ $0.count == first.count && $0[0].count == first[0].count })
            else { return nil }
            return first.indices.map { row in
                first[row].indices.map { column in .sum(terms.map { $0[row][column] }) }
            }
        case .product(let parts): return Self.product(parts)
        case .quotient(let top, let bottom):
            return bottom.isExpression ? top.matrixRows()?.map { $0.map { .quotient($0, bottom) } } : nil
        default: return nil
        }
    }

    private static func product(_ parts: [AnswerTree]) -> [[AnswerTree]]? {
        var result: [[AnswerTree]]?
        var scale: [AnswerTree] = []
        var products = 0
        for part in parts {
            if part.isExpression {
                scale.append(part)
            } else if let rows = part.matrixRows() {
                guard let left = result else {
                    result = rows
                    continue
                }
                products += 1
                guard products <= 3, left[0].count == rows.count,
                    left.count * rows[0].count * rows.count <= maximumEntries
                else { return nil }
                result = left.map { row in
                    rows[0].indices.map { column in .sum(row.indices.map { .product([row[$0], rows[$0][column]]) }) }
                }
            } else {
                return nil
            }
        }
        return scale.isEmpty ? result : result?.map { $0.map { .product(scale + [$0]) } }
    }
}
