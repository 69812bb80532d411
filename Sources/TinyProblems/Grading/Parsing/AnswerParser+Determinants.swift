/// Determinants: `\begin{vmatrix}`, `\det` before a matrix, and a matrix between bars.
extension AnswerParser {
    private static let maximumSize = 5

    /// The matrix behind `\det`, perhaps in parentheses, as its determinant; `nil`, with nothing taken, without one.
    mutating func determinantOfArgument() -> AnswerTree? {
        let start = position
        let ahead = tokens[position...].first { if case .open = $0.kind { false } else { true } }
        guard trials > 0, case .begin? = ahead?.kind else { return nil }
        if let tree = nested({ $0.factor() }), case .matrix(let rows) = tree, let value = determinant(of: rows) {
            return value
        }
        trials -= 1
        position = start
        return nil
    }

    /// A determinant as an expression in the entries; `nil` unless the matrix is square, of at most five rows, and its entries
    /// are expressions without determinants.
    mutating func determinant(of rows: [[AnswerTree]]) -> AnswerTree? {
        guard !hasDeterminant, rows.count <= Self.maximumSize, rows.allSatisfy({ $0.count == rows.count }),
            rows.joined().allSatisfy(\.isExpression)
        else { return nil }
        hasDeterminant = true
        return Self.expanded(rows[...], Array(rows.indices))
    }

    /// Laplace expansion along the first row, over the columns that are left.
    private static func expanded(_ rows: ArraySlice<[AnswerTree]>, _ columns: [Int]) -> AnswerTree {
        guard let first = rows.first, columns.count > 1 else {
            return rows.first.map { $0[columns[0]] } ?? .number(.one)
        }
        return .sum(
            columns.enumerated().map { index, column in
                let minor = expanded(rows.dropFirst(), columns.filter { $0 != column })
                let term = AnswerTree.product([first[column], minor])
                return index.isMultiple(of: 2) ? term : .negative(term)
            })
    }
}
