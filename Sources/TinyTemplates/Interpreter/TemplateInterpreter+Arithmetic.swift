import Foundation

extension TemplateInterpreter {
    /// `left + right` and the other operators, as in Python; an integer that does not fit 64 bits is an error.
    func combine(
        _ left: TemplateObject, _ symbol: ArithmeticOperator, _ right: TemplateObject
    ) throws -> TemplateObject {
        if case .undefined(let reason) = left { throw reason.error }
        if symbol == .remainder, case .string(let format) = left {
            return try PrintfFormat.formatted(format, with: right, budget)
        }
        if case .undefined(let reason) = right { throw reason.error }
        if let a = left.number, let b = right.number { return try compute(a, symbol, b) }
        switch (symbol, left, right) {
        case (.add, .string(let a), .string(let b)): return try joined(a, b)
        case (.add, .list(let a), .list(let b)): return try list(a.elements + b.elements)
        case (.add, .tuple(let a), .tuple(let b)): return try tuple(a.elements + b.elements)
        case (.multiply, _, _):
            if case .integer(let count)? = right.number, let product = try repeated(left, count) { return product }
            if case .integer(let count)? = left.number, let product = try repeated(right, count) { return product }
        default: break
        }
        throw invalidOperation(
            "unsupported operand type(s) for \(symbol.rawValue): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func joined(_ a: TemplateText, _ b: TemplateText) throws -> TemplateObject {
        try budget.build(a.string.utf8.count + b.string.utf8.count)
        guard a.isMarkup || b.isMarkup else { return .text(a.string + b.string) }
        return .string(TemplateText(a.escaped.string + b.escaped.string, isMarkup: true))
    }

    private func repeated(_ value: TemplateObject, _ count: Int) throws -> TemplateObject? {
        switch value {
        case .string(let text):
            try budget.build(count, times: text.string.utf8.count)
            return text.with(String(repeating: text.string, count: text.string.isEmpty ? 0 : max(0, count)))
        case .list(let list): return .list(try TemplateList(try repeated(list.elements, count)))
        case .tuple(let list): return .tuple(try TemplateList(try repeated(list.elements, count)))
        default: return nil
        }
    }

    private func repeated(_ elements: [TemplateObject], _ count: Int) throws -> [TemplateObject] {
        try budget.build(count, times: elements.count * 16)
        guard !elements.isEmpty, count > 0 else { return [] }
        return Array(repeatElement(elements, count: count).joined())
    }

    func negated(_ value: TemplateObject) throws -> TemplateObject {
        if case .wideInteger(let digits) = value {
            let negative = digits.hasPrefix("-") ? String(digits.dropFirst()) : "-" + digits
            return Int(negative).map { .integer($0) } ?? .wideInteger(negative)
        }
        switch value.number {
        case .integer(let number)?:
            return try compute(.integer(0), .subtract, .integer(number))
        case .float(let number)?: return .float(-number)
        case nil:
            if case .undefined(let reason) = value { throw reason.error }
            throw invalidOperation("bad operand type for unary -: '\(value.typeName)'")
        }
    }

    func unchanged(_ value: TemplateObject) throws -> TemplateObject {
        switch value.number {
        case .integer(let number)?: return .integer(number)
        case .float?: return value
        case nil:
            if case .undefined(let reason) = value { throw reason.error }
            throw invalidOperation("bad operand type for unary +: '\(value.typeName)'")
        }
    }

    // MARK: Numbers

    func compute(_ a: TemplateNumber, _ symbol: ArithmeticOperator, _ b: TemplateNumber) throws -> TemplateObject {
        if case .integer(let a) = a, case .integer(let b) = b { return try compute(a, symbol, b) }
        let (x, y) = (a.double, b.double)
        if symbol.divides, y == 0 { throw divisionByZero() }
        switch symbol {
        case .add: return .float(x + y)
        case .subtract: return .float(x - y)
        case .multiply: return .float(x * y)
        case .divide: return .float(x / y)
        case .floorDivide: return .float(Self.divided(x, y).quotient)
        case .remainder: return .float(Self.divided(x, y).remainder)
        case .power: return try power(x, y)
        }
    }

    private func compute(_ a: Int, _ symbol: ArithmeticOperator, _ b: Int) throws -> TemplateObject {
        let result: (partialValue: Int, overflow: Bool)
        if symbol.divides, b == 0 { throw divisionByZero() }
        switch symbol {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide: return .float(Double(a) / Double(b))
        case .floorDivide:
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            if overflow { throw tooLarge() }
            return .integer(a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient)
        case .remainder:
            if b == -1 { return .integer(0) }
            let remainder = a % b
            return .integer(remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder)
        case .power: return try power(a, b)
        }
        if result.overflow { throw tooLarge() }
        return .integer(result.partialValue)
    }

    private func power(_ base: Int, _ exponent: Int) throws -> TemplateObject {
        guard exponent >= 0 else {
            guard base != 0 else { throw divisionByZero() }
            return .float(Foundation.pow(Double(base), Double(exponent)))
        }
        if (-1...1).contains(base) { return .integer(base == -1 && exponent % 2 == 0 ? 1 : exponent == 0 ? 1 : base) }
        var result = 1
        for _ in 0..<min(exponent, 64) {
            let (product, overflow) = result.multipliedReportingOverflow(by: base)
            if overflow { throw tooLarge() }
            result = product
        }
        return .integer(result)
    }

    private func power(_ x: Double, _ y: Double) throws -> TemplateObject {
        if x == 0 && y < 0 { throw divisionByZero() }
        if x < 0 && x.isFinite && y.isFinite && y != y.rounded() {
            throw invalidOperation("a negative number to a fractional power is complex, which is not supported")
        }
        let result = Foundation.pow(x, y)
        if result.isInfinite && x.isFinite && y.isFinite { throw tooLarge() }
        return .float(result)
    }

    /// Python's floor division and remainder of floating-point numbers; `y` is not 0.
    private static func divided(_ x: Double, _ y: Double) -> (quotient: Double, remainder: Double) {
        var remainder = fmod(x, y)
        var quotient = (x - remainder) / y
        if remainder != 0 {
            if (y < 0) != (remainder < 0) {
                remainder += y
                quotient -= 1
            }
        } else {
            remainder = y < 0 ? -0.0 : 0.0
        }
        guard quotient != 0 else { return ((x / y).sign == .minus ? -0.0 : 0.0, remainder) }
        var floor = quotient.rounded(.down)
        if quotient - floor > 0.5 { floor += 1 }
        return (floor, remainder)
    }

    private func divisionByZero() -> TemplateError { invalidOperation("division by zero") }
}

/// The error of a result that no number type here can represent.
func tooLarge() -> TemplateError { invalidOperation("the result is an integer beyond 64 bits, or a number too large") }
