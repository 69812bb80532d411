/// One piece of an answer's notation, LaTeX or plain: `\frac` and `/`, `\cdot` and `*` differ only where their grammar does.
struct AnswerToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case number(Numeral)
        /// A variable's name: a letter, a Greek letter, a command that nothing else is known of.
        case name(String)
        /// A run of three or more letters that is no function.
        case word(String)
        /// The content of `\text{…}` and similar commands, white space trimmed.
        case text(String)
        case function(MathFunction)
        case relation(Relation)
        case symbol(Symbol)
        case open(Bracket)
        case close(Bracket)
        /// `\frac`, `\sqrt`, `\binom`.
        case construct(Construct)
        /// `\over`, `\choose`: only while tokens are read; see ``AnswerTokeniser/withoutInfix(_:)``.
        case infix(Construct)
        case begin(String)
        case end(String)
        /// A command that has a meaning this grammar lacks, such as `\sum`: the answer is compared letter by letter.
        case unsupported(String)
    }

    enum Symbol: Hashable, Sendable {
        case plus, minus, plusMinus, minusPlus, times, divide, modulo, power, lower, factorial, prime, degree, percent
        case ampersand, newline, union, colon, bar, infinity, emptySet, element
        case notElement, intersection, difference, suchThat
        case comma, semicolon, and, or, implies
    }

    enum Bracket: Hashable, Sendable { case round, square, curly, group, floor, ceiling }

    enum Construct: Hashable, Sendable { case fraction, root, binomial }

    var kind: Kind
    /// Whether white space stands before it.
    var followsSpace = false

    static func == (a: AnswerToken, b: AnswerToken) -> Bool { a.kind == b.kind }
    func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

/// A numeral as written.
struct Numeral: Hashable, Sendable {
    var value: Rational
    /// Its digits, where it is a plain integer without separators; else `nil`.
    var digits: String?
    /// Whether commas or spaces group its digits.
    var isGrouped = false
}

/// How two sides of an answer are related.
enum Relation: Hashable, Sendable {
    case equal, approximately, notEqual, less, lessOrEqual, greater, greaterOrEqual

    /// The relation read from the other side.
    var swapped: Relation {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }

    var isOrder: Bool { self != .equal && self != .approximately && self != .notEqual }
    var isStrict: Bool { self == .less || self == .greater }
}

/// Functions with a value.
enum MathFunction: String, Hashable, Sendable, CaseIterable {
    case sin, cos, tan, cot, sec, csc
    case arcsin, arccos, arctan
    case sinh, cosh, tanh
    case exp, ln, log
    case sqrt, cbrt, abs, floor, ceil, factorial, binomial
    case min, max, gcd, lcm, modulo

    /// Plain and LaTeX names, lower case.
    static let named: [String: MathFunction] = [
        "asin": .arcsin, "acos": .arccos, "atan": .arctan, "tg": .tan, "ctg": .cot, "cosec": .csc, "lg": .log,
        "binom": .binomial, "ceiling": .ceil,
    ].merging(allCases.map { ($0.rawValue, $0) }) { $1 }

    var inverse: MathFunction? {
        switch self {
        case .sin: .arcsin
        case .cos: .arccos
        case .tan: .arctan
        default: nil
        }
    }

    var isTrigonometric: Bool { [.sin, .cos, .tan, .cot, .sec, .csc].contains(self) }
}
