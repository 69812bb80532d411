import TinyFoundation

/// An expression. Chains of operators and of postfixes are flat, so that only parentheses and blocks nest.
///
/// `at` is an offset in the template, in scalars.
indirect enum TemplateExpression: Sendable {
    case literal(JSONValue)
    case name(String, at: Int)
    case list([TemplateExpression])
    case tuple([TemplateExpression])
    case dictionary([Pair], at: Int)
    case conditional(test: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
    case or([TemplateExpression])
    case and([TemplateExpression])
    case not(TemplateExpression)
    case negative(TemplateExpression, at: Int)
    case positive(TemplateExpression, at: Int)
    case comparison(TemplateExpression, [Operand<ComparisonOperator>])
    case arithmetic(TemplateExpression, [Operand<ArithmeticOperator>])
    case concatenation([TemplateExpression], at: Int)
    case postfix(TemplateExpression, [PostfixStep])

    struct Pair: Sendable {
        var key: TemplateExpression
        var value: TemplateExpression
    }

    /// An operator and what stands on its right.
    struct Operand<Operator: Sendable>: Sendable {
        var symbol: Operator
        var right: TemplateExpression
        var at: Int
    }
}

/// Operators that compare two values.
enum ComparisonOperator: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, contained, notContained
}

/// Operators that compute a value from two others.
enum ArithmeticOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"

    /// Whether the right side must not be 0.
    var divides: Bool { self == .divide || self == .floorDivide || self == .remainder }
}

/// One operation on the value before it: `.name`, `[index]`, `(…)`, `| filter`, `is test`.
struct PostfixStep: Sendable {
    enum Kind: Sendable {
        case attribute(String)
        case item(TemplateExpression)
        case slice(from: TemplateExpression?, to: TemplateExpression?, by: TemplateExpression?)
        case call(CallSyntax)
        case filter(String, CallSyntax)
        case test(String, CallSyntax, isNegated: Bool)
    }

    var kind: Kind
    var at: Int

    /// Whether this is a call, which a call block needs.
    var isCall: Bool {
        if case .call = kind { true } else { false }
    }
}

/// The arguments of a call, a filter or a test.
struct CallSyntax: Sendable {
    struct Named: Sendable {
        var name: String
        var value: TemplateExpression
    }

    var positional: [TemplateExpression] = []
    var named: [Named] = []
    /// What follows `*`.
    var spreadList: TemplateExpression?
    /// What follows `**`.
    var spreadDictionary: TemplateExpression?
}

/// Where a value is stored.
indirect enum AssignmentTarget: Sendable {
    case name(String)
    case attribute(of: String, String, at: Int)
    case tuple([AssignmentTarget])
}

/// A statement, or text between statements.
indirect enum TemplateStatement: Sendable {
    case text(String)
    case output(TemplateExpression)
    case condition([Branch], otherwise: [TemplateStatement])
    case loop(LoopSyntax)
    case assign(AssignmentTarget, TemplateExpression, at: Int)
    case assignBlock(AssignmentTarget, filters: [PostfixStep], body: [TemplateStatement], at: Int)
    case with([Binding], body: [TemplateStatement])
    case macro(MacroSyntax)
    case callBlock(TemplateExpression, MacroSyntax)
    case filterBlock([PostfixStep], body: [TemplateStatement])
    case generation(MacroSyntax)
    case leaveLoop
    case nextIteration

    struct Branch: Sendable {
        var test: TemplateExpression
        var body: [TemplateStatement]
    }

    struct Binding: Sendable {
        var target: AssignmentTarget
        var value: TemplateExpression
        var at: Int
    }
}

/// A `for` block.
struct LoopSyntax: Sendable {
    let target: AssignmentTarget
    let iterable: TemplateExpression
    let test: TemplateExpression?
    let isRecursive: Bool
    let body: [TemplateStatement]
    let otherwise: [TemplateStatement]
    let at: Int
}

/// A `macro` block, or the body of a `call` block.
struct MacroSyntax: Sendable {
    struct Parameter: Sendable {
        var name: String
        var standard: TemplateExpression?
    }

    /// Nil for the body of a call block.
    let name: String?
    let parameters: [Parameter]
    let body: [TemplateStatement]
    /// Which of `caller`, `kwargs` and `varargs` the body reads; the last two make a macro accept more arguments.
    let specialNames: Set<String>
    let at: Int
}
