/// The tests of `is`, by name.
enum TemplateTests {
    typealias Test = @Sendable (TemplateObject, TemplateCall) throws -> Bool

    static let all: [String: Test] = [
        "odd": remainder(is: 1), "even": remainder(is: 0), "divisibleby": divisibleBy,
        "defined": plain { if case .undefined = $0 { false } else { true } },
        "undefined": plain { if case .undefined = $0 { true } else { false } },
        "filter": named { TemplateFilters.all[$0] != nil },
        "test": named { TemplateTests.all[$0] != nil },
        "none": plain { if case .none = $0 { true } else { false } },
        "boolean": plain { if case .bool = $0 { true } else { false } },
        "false": plain { if case .bool(false) = $0 { true } else { false } },
        "true": plain { if case .bool(true) = $0 { true } else { false } },
        "integer": plain(isInteger),
        "float": plain { if case .float = $0 { true } else { false } },
        "lower": cased(TextMethods.isLower), "upper": cased(TextMethods.isUpper),
        "string": plain { if case .string = $0 { true } else { false } },
        "mapping": plain { if case .dictionary = $0 { true } else { false } },
        "number": plain { isInteger($0) || $0.number != nil },
        "sequence": plain(isSequence), "iterable": plain(isIterable), "callable": plain(isCallable),
        "sameas": sameAs,
        "escaped": plain { if case .string(let text) = $0 { text.isMarkup } else { false } },
        "in": comparison(.contained),
        "==": comparison(.equal), "eq": comparison(.equal), "equalto": comparison(.equal),
        "!=": comparison(.notEqual), "ne": comparison(.notEqual),
        ">": comparison(.greater), "gt": comparison(.greater), "greaterthan": comparison(.greater),
        ">=": comparison(.greaterOrEqual), "ge": comparison(.greaterOrEqual),
        "<": comparison(.less), "lt": comparison(.less), "lessthan": comparison(.less),
        "<=": comparison(.lessOrEqual), "le": comparison(.lessOrEqual),
    ]

    private static func plain(_ test: @escaping @Sendable (TemplateObject) -> Bool) -> Test {
        { value, call in
            _ = try call.positional(of: "the test", most: 0)
            return test(value)
        }
    }

    private static func named(_ test: @escaping @Sendable (String) -> Bool) -> Test {
        { value, call in
            _ = try DictionaryKey.required(value)
            guard case .string(let text) = value else { return false }
            return test(text.string)
        }
    }

    private static func cased(_ test: @escaping @Sendable (String) -> Bool) -> Test {
        { value, call in test(try value.printed(call.budget)) }
    }

    private static func comparison(_ symbol: ComparisonOperator) -> Test {
        { value, call in
            let other = try call.positional(of: "the test", least: 1, most: 1)[0] ?? .none
            return try call.interpreter.holds(value, symbol, other)
        }
    }

    private static func remainder(is wanted: Int) -> Test {
        { value, call in
            _ = try call.positional(of: "the test", most: 0)
            let remainder = try call.interpreter.combine(value, .remainder, .integer(2))
            return try remainder.isEqual(to: .integer(wanted), call.budget)
        }
    }

    private static func divisibleBy(_ value: TemplateObject, _ call: TemplateCall) throws -> Bool {
        let divisor = try call.bound(to: "divisibleby", ["num"], required: 1)[0] ?? .none
        let remainder = try call.interpreter.combine(value, .remainder, divisor)
        return try remainder.isEqual(to: .integer(0), call.budget)
    }

    private static func sameAs(_ value: TemplateObject, _ call: TemplateCall) throws -> Bool {
        value.isSame(as: try call.bound(to: "sameas", ["other"], required: 1)[0] ?? .none)
    }

    private static func isInteger(_ value: TemplateObject) -> Bool {
        switch value {
        case .integer, .wideInteger: true
        default: false
        }
    }

    /// Whether a value has a length and elements by number or key.
    private static func isSequence(_ value: TemplateObject) -> Bool {
        switch value {
        case .undefined, .string, .list, .tuple, .dictionary, .range: true
        default: false
        }
    }

    private static func isIterable(_ value: TemplateObject) -> Bool {
        switch value {
        case .undefined, .string, .list, .tuple, .dictionary, .range, .view, .generator, .loop: true
        default: false
        }
    }

    private static func isCallable(_ value: TemplateObject) -> Bool {
        switch value {
        case .macro, .function, .loop, .undefined: true
        default: false
        }
    }
}
