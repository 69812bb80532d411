// The problems and the corpus behind Abacus, the model in the box.
//
// This target does not know: tokens, models, training, grading. It yields text and the numbers the text stands for.

/// One of the four operations of grade-school arithmetic. The raw value is how a careful author writes it.
public enum AbacusOperation: String, Sendable, Codable, CaseIterable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"

    /// The result, or `nil` when it is not a whole number.
    public func callAsFunction(_ left: Int, _ right: Int) -> Int? {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: right != 0 && left % right == 0 ? left / right : nil
        }
    }
}

/// One line of a worked solution: `left operation right = result`.
public struct AbacusStep: Sendable, Hashable, Codable {
    /// Left operand; positive.
    public let left: Int
    /// What is done.
    public let operation: AbacusOperation
    /// Right operand; positive.
    public let right: Int
    /// The true result; positive.
    public let result: Int

    /// Makes a step, or `nil` unless its result is a whole number within `range`.
    init?(_ left: Int, _ operation: AbacusOperation, _ right: Int, within range: ClosedRange<Int>) {
        guard let result = operation(left, right), range.contains(result) else { return nil }
        self.left = left
        self.operation = operation
        self.right = right
        self.result = result
    }

    /// The left side as an author writes it, for example `12+5`.
    public var expression: String { "\(left)\(operation.rawValue)\(right)" }

    /// The whole step as an author writes it, for example `12+5=17`.
    public var equation: String { "\(expression)=\(result)" }
}
