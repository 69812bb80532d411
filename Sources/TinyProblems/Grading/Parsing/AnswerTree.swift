/// A parsed answer: an expression, or a structure of expressions.
indirect enum AnswerTree: Hashable, Sendable {
    enum Constant: Hashable, Sendable { case pi, e, i }

    // Expressions, with a value once their variables have one.
    case number(Rational)
    /// Digits with a base, as in `52_8`.
    case based(String, base: Int)
    case constant(Constant)
    case variable(String)
    case sum([AnswerTree])
    case product([AnswerTree])
    case quotient(AnswerTree, AnswerTree)
    case negative(AnswerTree)
    case power(AnswerTree, AnswerTree)
    case root(AnswerTree, index: AnswerTree)
    case function(MathFunction, [AnswerTree])
    case degrees(AnswerTree)

    // Structures.
    case plusMinus(AnswerTree, isSwapped: Bool)
    case infinity
    case percent(AnswerTree)
    case quantity(AnswerTree, Unit)
    /// `m:n`; a time such as `5:00` is no fraction.
    case ratio([AnswerTree], isTime: Bool)
    /// Two or more items in brackets: a tuple, or an interval where there are two.
    case bracketed([AnswerTree], opensClosed: Bool, closesClosed: Bool)
    case set([AnswerTree])
    case list([AnswerTree])
    case union([AnswerTree])
    /// Numbers in all of these sets, or for which all of these conditions hold.
    case intersection([AnswerTree])
    case difference(AnswerTree, AnswerTree)
    case matrix([[AnswerTree]])
    case relation([AnswerTree], [Relation])
    case membership(AnswerTree, AnswerTree)
    case text(String)

    static let half = AnswerTree.number(.half)

    /// The parts one level down.
    var children: [AnswerTree] {
        switch self {
        case .number, .based, .constant, .variable, .infinity, .text: []
        case .sum(let parts), .product(let parts), .function(_, let parts), .ratio(let parts, _), .set(let parts),
            .list(let parts), .union(let parts), .intersection(let parts), .bracketed(let parts, _, _),
            .relation(let parts, _):
            parts
        case .quotient(let a, let b), .power(let a, let b), .root(let a, let b), .membership(let a, let b),
            .difference(let a, let b):
            [a, b]
        case .negative(let part), .degrees(let part), .plusMinus(let part, _), .percent(let part),
            .quantity(let part, _):
            [part]
        case .matrix(let rows): rows.flatMap { $0 }
        }
    }

    /// The names of its variables.
    var variables: Set<String> {
        var names: Set<String> = []
        visit { if case .variable(let name) = $0 { names.insert(name) } }
        return names
    }

    var hasVariables: Bool { contains { if case .variable = $0 { true } else { false } } }
    var hasPlusMinus: Bool { contains { if case .plusMinus = $0 { true } else { false } } }
    var hasMatrix: Bool { contains { if case .matrix = $0 { true } else { false } } }

    /// Whether it is a plain number, perhaps with a sign.
    var isNumeral: Bool {
        switch self {
        case .number: true
        case .negative(let part): part.isNumeral
        default: false
        }
    }

    /// Whether it is a decimal of 15 significant digits or more, as programs print.
    var isLongDecimal: Bool {
        switch self {
        case .number(let value): !value.isInteger && value.significantDecimals >= 15
        case .negative(let part): part.isLongDecimal
        default: false
        }
    }

    var hasFactorial: Bool { uses([.factorial, .binomial]) }
    /// Whether it has steps, or values at some points only.
    var needsMorePoints: Bool { uses([.floor, .ceil, .modulo, .factorial, .binomial]) }

    var hasBareLogarithm: Bool {
        contains { if case .function(.log, let arguments) = $0 { arguments.count == 1 } else { false } }
    }

    private func uses(_ functions: Set<MathFunction>) -> Bool {
        contains { if case .function(let function, _) = $0 { functions.contains(function) } else { false } }
    }

    func contains(_ predicate: (AnswerTree) -> Bool) -> Bool {
        predicate(self) || children.contains { $0.contains(predicate) }
    }

    private func visit(_ body: (AnswerTree) -> Void) {
        body(self)
        for child in children { child.visit(body) }
    }

    /// Whether it has a value, variables given: no structure anywhere in it.
    var isExpression: Bool {
        switch self {
        case .number, .constant, .variable, .based: true
        case .sum, .product, .quotient, .negative, .power, .root, .function, .degrees:
            children.allSatisfy(\.isExpression)
        default: false
        }
    }

    /// The expression with every `±` read as plus or as minus (`∓` the other way round).
    func choosing(minus: Bool) -> AnswerTree {
        replacing { part in
            guard case .plusMinus(let inner, let isSwapped) = part else { return nil }
            let chosen = inner.choosing(minus: minus)
            return minus != isSwapped ? .negative(chosen) : chosen
        }
    }

    /// The expression with the values of its percentages, and without units.
    var withoutMeasures: AnswerTree {
        replacing { part in
            switch part {
            case .percent(let inner): .quotient(inner.withoutMeasures, .number(Rational(100)))
            case .quantity(let inner, _): inner.withoutMeasures
            default: nil
            }
        }
    }

    /// The expression with each part exchanged for which there is another one, from the outside inwards. Sets, lists and matrices
    /// stay as they are.
    func replacing(_ other: (AnswerTree) -> AnswerTree?) -> AnswerTree {
        if let other = other(self) { return other }
        func apply(_ part: AnswerTree) -> AnswerTree { part.replacing(other) }
        switch self {
        case .plusMinus(let part, let isSwapped): return .plusMinus(apply(part), isSwapped: isSwapped)
        case .sum(let parts): return .sum(parts.map(apply))
        case .product(let parts): return .product(parts.map(apply))
        case .quotient(let a, let b): return .quotient(apply(a), apply(b))
        case .negative(let part): return .negative(apply(part))
        case .power(let a, let b): return .power(apply(a), apply(b))
        case .root(let a, let b): return .root(apply(a), index: apply(b))
        case .function(let function, let parts): return .function(function, parts.map(apply))
        case .degrees(let part): return .degrees(apply(part))
        case .percent(let part): return .percent(apply(part))
        case .quantity(let part, let unit): return .quantity(apply(part), unit)
        case .bracketed(let parts, let opens, let closes):
            return .bracketed(parts.map(apply), opensClosed: opens, closesClosed: closes)
        case .relation(let parts, let relations): return .relation(parts.map(apply), relations)
        default: return self
        }
    }
}
