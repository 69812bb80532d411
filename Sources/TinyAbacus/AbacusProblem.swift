// The problems, the pretraining corpus and the files of Abacus, the built-in model.
//
// This target does not know: tokens, models, training, grading. It generates texts and their numbers.

/// The split that a problem belongs to.
public enum AbacusSplit: Int, Sendable, Codable, CaseIterable {
    /// Problems for the corpus and for training.
    case training = 0
    /// Problems kept for evaluation.
    case test = 1
}

/// A word problem with its worked solution.
public struct AbacusProblem: Sendable, Hashable {
    /// The topic of the story, for example `marbles`.
    public let topic: String
    /// The problem in words.
    public let question: String
    /// The calculation, one to four steps; each uses results of those before.
    public let steps: [AbacusStep]

    /// The result of the last step.
    public var answer: Int { steps.last?.result ?? 0 }

    /// The split of this problem, a function of its calculation alone.
    ///
    /// The chain of expressions (`12+5 17*3 51-6`), not the wording, is hashed, and one chain in eight is kept for the test.
    /// So no test problem's calculation occurs anywhere in the corpus, under any topic, name or wording.
    public var split: AbacusSplit {
        fingerprint(of: steps.map(\.expression).joined(separator: " ")) % 8 == 0 ? .test : .training
    }
}

/// FNV-1a, 64 bits, followed by a mix of the high bits into the low ones.
///
/// Source: Fowler, Noll, Vo, "The FNV non-cryptographic hash algorithm", draft-eastlake-fnv.
func fingerprint(of text: String) -> UInt64 {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 32)
}

/// One of the four operations of arithmetic. The raw value is its sign.
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
    /// The operation.
    public let operation: AbacusOperation
    /// Right operand; positive.
    public let right: Int
    /// The right result; positive.
    public let result: Int

    /// Makes a step, or `nil` unless its result is a whole number within `range`.
    init?(_ left: Int, _ operation: AbacusOperation, _ right: Int, within range: ClosedRange<Int>) {
        guard let result = operation(left, right), range.contains(result) else { return nil }
        self.left = left
        self.operation = operation
        self.right = right
        self.result = result
    }

    /// The left side as text, for example `12+5`.
    public var expression: String { "\(left)\(operation.rawValue)\(right)" }

    /// The whole step as text, for example `12+5=17`.
    public var equation: String { "\(expression)=\(result)" }
}
