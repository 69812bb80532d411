import TinyFoundation

extension TemplateObject {
    /// Python's `==`.
    func isEqual(to other: TemplateObject, _ budget: TemplateBudget) throws -> Bool {
        try budget.spend(1)
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let a), .string(let b)):
            try budget.spend(a.string.utf8.count / 64)
            return a.string.hasSameScalars(as: b.string)
        case (.wideInteger(let a), .wideInteger(let b)): return a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            return try Self.areEqual(a.elements, b.elements, budget)
        case (.dictionary(let a), .dictionary(let b)):
            return try a === b || Self.areEqual(a, b, withValues: true, budget)
        case (.range(let a), .range(let b)):
            return a.count == b.count && (a.count == 0 || a.start == b.start && (a.count == 1 || a.step == b.step))
        case (.view(.values, _), .view(.values, _)): return false
        case (.view(let kind, let a), .view(let otherKind, let b)) where kind == otherKind:
            return try Self.areEqual(a, b, withValues: kind == .items, budget)
        case (.generator, _), (.loop, _), (.namespace, _), (.macro, _), (.function, _):
            return identity == other.identity
        default:
            guard let a = number, let b = other.number else { return false }
            return a.order(to: b) == .equal
        }
    }

    private static func areEqual(
        _ a: [TemplateObject], _ b: [TemplateObject], _ budget: TemplateBudget
    ) throws -> Bool {
        guard a.count == b.count else { return false }
        for (x, y) in zip(a, b) where try !x.isEqual(to: y, budget) { return false }
        return true
    }

    private static func areEqual(
        _ a: TemplateDictionary, _ b: TemplateDictionary, withValues: Bool, _ budget: TemplateBudget
    ) throws -> Bool {
        guard a.count == b.count else { return false }
        for (key, value) in zip(a.keys, a.values) {
            guard let found = b[key] else { return false }
            if withValues, try !value.isEqual(to: found, budget) { return false }
        }
        return true
    }

    /// How two values compare; NaN is unordered with every number.
    enum Order {
        case less, equal, greater, unordered
    }

    /// The order that Python's `<` sees.
    ///
    /// - Throws: ``TemplateError`` for values without an order, such as a text and a number.
    func order(to other: TemplateObject, _ symbol: String = "<", _ budget: TemplateBudget) throws -> Order {
        try budget.spend(1)
        if case .undefined(let reason) = self { throw reason.error }
        if case .undefined(let reason) = other { throw reason.error }
        switch (self, other) {
        case (.string(let a), .string(let b)):
            try budget.spend(min(a.string.utf8.count, b.string.utf8.count) / 64)
            // UTF-8 sorts as the code points do.
            if a.string.hasSameScalars(as: b.string) { return .equal }
            return a.string.utf8.lexicographicallyPrecedes(b.string.utf8) ? .less : .greater
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (x, y) in zip(a.elements, b.elements) where try !x.isEqual(to: y, budget) {
                return try x.order(to: y, symbol, budget)
            }
            let (m, n) = (a.elements.count, b.elements.count)
            return m < n ? .less : m == n ? .equal : .greater
        default:
            guard let a = number, let b = other.number else {
                throw invalidOperation(
                    "'\(symbol)' not supported between instances of '\(typeName)' and '\(other.typeName)'")
            }
            return a.order(to: b)
        }
    }

    /// Python's `self in container`.
    func isContained(in container: TemplateObject, _ interpreter: TemplateInterpreter) throws -> Bool {
        let budget = interpreter.budget
        switch container {
        case .string(let whole):
            guard case .string(let part) = self else {
                throw invalidOperation("'in <string>' requires string as left operand, not \(typeName)")
            }
            try budget.spend((whole.string.utf8.count + part.string.utf8.count) / 32)
            return ByteSearch(part.string).first(in: Array(whole.string.utf8)) != nil
        case .dictionary(let dictionary), .view(.keys, let dictionary):
            _ = try DictionaryKey.required(self)
            return dictionary[self] != nil
        case .range(let range):
            guard case .integer(let value)? = number else { return false }
            let (offset, overflow) = value.subtractingReportingOverflow(range.start)
            guard !overflow, range.step != -1 || offset != Int.min else { return false }
            return offset % range.step == 0 && (0..<range.count).contains(offset / range.step)
        default:
            let elements = try interpreter.generator(over: container)
            while let element = try elements.next() {
                if try element.isEqual(to: self, budget) { return true }
            }
            return false
        }
    }

    /// Python's `is`, approximately: equal numbers and texts of one type count as one object.
    func isSame(as other: TemplateObject) -> Bool {
        switch (self, other) {
        case (.none, .none): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.string(let a), .string(let b)): a.string.hasSameScalars(as: b.string)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a === b
        case (.dictionary(let a), .dictionary(let b)): a === b
        default: identity != nil && identity == other.identity
        }
    }

    /// The identity of a value that is compared by reference; nil for values that are compared by contents.
    var identity: ObjectIdentifier? {
        switch self {
        case .generator(let object): ObjectIdentifier(object)
        case .loop(let object): ObjectIdentifier(object)
        case .namespace(let object): ObjectIdentifier(object)
        case .macro(let object): ObjectIdentifier(object)
        case .function(let object): ObjectIdentifier(object)
        default: nil
        }
    }

    /// The value as a number to compute with: truth values are 0 and 1.
    var number: TemplateNumber? {
        switch self {
        case .bool(let flag): .integer(flag ? 1 : 0)
        case .integer(let value): .integer(value)
        case .float(let value): .float(value)
        default: nil
        }
    }
}

/// An integer or a floating-point number.
enum TemplateNumber {
    case integer(Int)
    case float(Double)

    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .float(let value): value
        }
    }

    /// The exact order, also for integers with more digits than a `Double` has.
    func order(to other: TemplateNumber) -> TemplateObject.Order {
        switch (self, other) {
        case (.integer(let a), .integer(let b)): return a < b ? .less : a == b ? .equal : .greater
        case (.float(let a), .float(let b)): return a < b ? .less : a == b ? .equal : a > b ? .greater : .unordered
        case (.float(let a), .integer(let b)):
            if a.isNaN { return .unordered }
            if a >= 0x1p63 { return .greater }
            if a < -0x1p63 { return .less }
            let floor = a.rounded(.down)
            let whole = Int(exactly: floor) ?? 0
            if whole != b { return whole < b ? .less : .greater }
            return a == floor ? .equal : .greater
        case (.integer, .float):
            switch other.order(to: self) {
            case .less: return .greater
            case .greater: return .less
            case let same: return same
            }
        }
    }
}

extension UndefinedReason {
    /// The error of using the value.
    var error: TemplateError {
        if case .hidden = self { return TemplateError(.unsupported, message) }
        return TemplateError(.undefinedValue, message)
    }
}
