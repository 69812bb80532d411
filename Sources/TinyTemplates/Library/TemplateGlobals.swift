/// The functions that every template sees.
enum TemplateGlobals {
    static let all: [String: @Sendable () -> TemplateObject] = [
        "range": { .function(TemplateFunction("range", range)) },
        "dict": { .function(TemplateFunction("dict", dictionary)) },
        "namespace": { .function(TemplateFunction("namespace", namespace)) },
        "raise_exception": { .function(TemplateFunction("raise_exception", raise)) },
        "strftime_now": { .function(TemplateFunction("strftime_now", formatTime)) },
        "cycler": { .function(TemplateFunction("cycler", cycler)) },
        "joiner": { .function(TemplateFunction("joiner", joiner)) },
        "lipsum": { .function(TemplateFunction("lipsum", refuseRandom)) },
    ]

    /// The limit of Jinja's sandbox.
    private static let longestRange = 100_000

    private static func range(_ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "range", least: 1, most: 3)
        let first = try values[0].integer(0, of: "range")
        let (start, stop) = values[1] == nil ? (0, first) : (first, try values[1].integer(0, of: "range"))
        let step = try values[2].integer(1, of: "range")
        guard step != 0 else { throw invalidOperation("range() arg 3 must not be zero") }
        let isEmpty = step > 0 ? start >= stop : start <= stop
        // Between two integers lie fewer than 2^64 others, whatever the numbers are.
        let distance = isEmpty ? 0 : step > 0 ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
        let count = isEmpty ? 0 : (distance - 1) / step.magnitude + 1
        guard count <= longestRange else {
            throw TemplateError(
                .limitExceeded, "a range of \(count) elements is too long; at most \(longestRange) are allowed")
        }
        return .range(TemplateRange(start: start, step: step, count: Int(count), stop: stop))
    }

    /// The pairs of a dictionary that is made of another, of pairs, and of named arguments.
    private static func pairs(_ function: String, _ call: TemplateCall) throws -> [(TemplateObject, TemplateObject)] {
        guard call.positional.count <= 1 else {
            throw invalidOperation("\(function) expected at most 1 argument, got \(call.positional.count)")
        }
        var pairs: [(TemplateObject, TemplateObject)] = []
        if let source = call.positional.first {
            if case .dictionary(let dictionary) = source {
                pairs = Array(zip(dictionary.keys, dictionary.values))
            } else {
                if case .undefined(let reason) = source { throw reason.error }
                pairs = try call.interpreter.elements(of: source).map { try call.interpreter.pair($0, for: function) }
            }
        }
        try call.budget.build(pairs.count + call.named.count, times: 64)
        return pairs + call.named.map { (.text($0.name), $0.value) }
    }

    private static func dictionary(_ call: TemplateCall) throws -> TemplateObject {
        .dictionary(try TemplateDictionary(try pairs("dict", call)))
    }

    private static func namespace(_ call: TemplateCall) throws -> TemplateObject {
        let namespace = TemplateNamespace()
        for (key, value) in try pairs("namespace", call) {
            guard case .string(let name) = key else {
                throw invalidOperation("the keys of a namespace must be str, found a \(key.typeName)")
            }
            try checkAttribute(name.string)
            try call.budget.spend(namespace.names.count)
            namespace[name.string] = value
        }
        return .namespace(try call.interpreter.own(namespace))
    }

    /// Refuses names that begin with an underscore, as transformers does.
    static func checkAttribute(_ name: String) throws {
        guard name.hasPrefix("_") else { return }
        throw TemplateError(
            .unsupported, "'\(name)' begins with an underscore, which attributes of a namespace must not",
            hint: "rename the attribute")
    }

    private static func raise(_ call: TemplateCall) throws -> TemplateObject {
        let message = try call.bound(to: "raise_exception", ["message"], required: 1)[0] ?? .none
        throw TemplateError(.raisedByTemplate, try message.printed(call.budget))
    }

    private static func formatTime(_ call: TemplateCall) throws -> TemplateObject {
        let format = try call.bound(to: "strftime_now", ["format"], required: 1)[0]
        let text = try call.interpreter.now().formatted(try format.text("", of: "strftime_now"), call.budget)
        return .text(text)
    }

    private static func refuseRandom(_ call: TemplateCall) throws -> TemplateObject {
        throw TemplateError(.unsupported, "'lipsum' is refused: a prompt must not be random")
    }

    // MARK: Cyclers and joiners

    private final class Counter {
        var value = 0
    }

    private static func cycler(_ call: TemplateCall) throws -> TemplateObject {
        let items = try call.positional(of: "cycler", least: 1, most: 10_000).compactMap { $0 }
        let counter = Counter()
        func method(_ name: String, _ body: @escaping () -> TemplateObject) throws -> TemplateFunction {
            try TemplateFunction(name, of: items) { _ in body() }
        }
        let next = try method("next") {
            defer { counter.value = (counter.value + 1) % items.count }
            return items[counter.value]
        }
        let reset = try method("reset") {
            counter.value = 0
            return .none
        }
        return .function(
            try TemplateFunction(
                "cycler", of: items,
                attributes: [
                    "next": { .function(next) }, "reset": { .function(reset) },
                    "current": { items[counter.value] },
                ]
            ) { _ in
                throw invalidOperation("a cycler cannot be called; call its 'next'")
            })
    }

    private static func joiner(_ call: TemplateCall) throws -> TemplateObject {
        let separator = try call.bound(to: "joiner", ["sep"])[0] ?? .text(", ")
        let counter = Counter()
        return .function(
            try TemplateFunction("joiner", of: [separator]) { _ in
                counter.value = min(counter.value + 1, 2)
                return counter.value == 1 ? .text("") : separator
            })
    }
}
