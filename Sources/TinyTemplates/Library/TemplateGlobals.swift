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

    /// As many elements as Jinja's sandbox lets a range have.
    private static let longestRange = 100_000

    @Sendable
    private static func range(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let values = try arguments.positional(of: "range", least: 1, most: 3)
        let first = try values[0].integer(0, of: "range")
        let (start, stop) = values[1] == nil ? (0, first) : (first, try values[1].integer(0, of: "range"))
        let step = try values[2].integer(1, of: "range")
        guard step != 0 else { throw TemplateError(.invalidOperation, "range() arg 3 must not be zero") }
        let isEmpty = step > 0 ? start >= stop : start <= stop
        // Between two whole numbers lie fewer than 2^64 others, whatever the numbers are.
        let distance = isEmpty ? 0 : step > 0 ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
        let count = isEmpty ? 0 : (distance - 1) / step.magnitude + 1
        guard count <= longestRange else {
            throw TemplateError(
                .limitExceeded, "a range of \(count) elements is too long; at most \(longestRange) are allowed")
        }
        return .range(TemplateRange(start: start, step: step, count: Int(count), stop: stop))
    }

    /// The pairs of a dictionary that is made of another, of pairs, and of named arguments.
    private static func pairs(
        _ function: String, _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> [(TemplateObject, TemplateObject)] {
        guard arguments.positional.count <= 1 else {
            throw TemplateError(
                .invalidOperation, "\(function) expected at most 1 argument, got \(arguments.positional.count)")
        }
        var pairs: [(TemplateObject, TemplateObject)] = []
        if let source = arguments.positional.first {
            if case .dictionary(let dictionary) = source {
                pairs = Array(zip(dictionary.keys, dictionary.values))
            } else {
                if case .undefined(let reason) = source { throw reason.error }
                for pair in try interpreter.elements(of: source) {
                    let elements = try interpreter.elements(of: pair)
                    guard elements.count == 2 else {
                        throw TemplateError(
                            .invalidOperation, "\(function) needs pairs, found \(elements.count) elements")
                    }
                    pairs.append((elements[0], elements[1]))
                }
            }
        }
        try interpreter.budget.build(pairs.count + arguments.named.count, times: 64)
        return pairs + arguments.named.map { (.text($0.name), $0.value) }
    }

    @Sendable
    private static func dictionary(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        .dictionary(try TemplateDictionary(try pairs("dict", interpreter, arguments)))
    }

    @Sendable
    private static func namespace(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let namespace = TemplateNamespace()
        for (key, value) in try pairs("namespace", interpreter, arguments) {
            guard case .string(let name) = key else {
                throw TemplateError(.invalidOperation, "a namespace has names for keys, found a \(key.typeName)")
            }
            try checkAttribute(name.string)
            try interpreter.budget.spend(namespace.names.count)
            namespace[name.string] = value
        }
        return try interpreter.own(namespace)
    }

    /// Refuses names that begin with an underscore, as transformers does.
    static func checkAttribute(_ name: String) throws(TemplateError) {
        guard name.hasPrefix("_") else { return }
        throw TemplateError(
            .unsupported, "'\(name)' begins with an underscore, which no attribute of a namespace may",
            hint: "rename the attribute")
    }

    @Sendable
    private static func raise(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let message = try arguments.bound(to: "raise_exception", ["message"], required: 1)[0] ?? .none
        throw TemplateError(.raisedByTemplate, try message.printed(interpreter.budget))
    }

    @Sendable
    private static func formatTime(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let format = try arguments.bound(to: "strftime_now", ["format"], required: 1)[0]
        let text = try interpreter.now().formatted(try format.text("", of: "strftime_now"), interpreter.budget)
        return .text(text)
    }

    @Sendable
    private static func refuseRandom(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        throw TemplateError(.unsupported, "'lipsum' is refused: a prompt must not depend on chance")
    }

    // MARK: Cyclers and joiners

    private final class Counter {
        var value = 0
    }

    @Sendable
    private static func cycler(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let items = try arguments.positional(of: "cycler", least: 1, most: 10_000).compactMap { $0 }
        let counter = Counter()
        func method(_ name: String, _ body: @escaping () -> TemplateObject) throws(TemplateError) -> TemplateFunction {
            try TemplateFunction(name, of: items) { (_, _) throws(TemplateError) in body() }
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
                    "next": { _ in .function(next) }, "reset": { _ in .function(reset) },
                    "current": { _ in items[counter.value] },
                ]
            ) { (_, _) throws(TemplateError) in
                throw TemplateError(.invalidOperation, "a cycler is not called, its 'next' is")
            })
    }

    @Sendable
    private static func joiner(
        _ interpreter: TemplateInterpreter, _ arguments: CallArguments
    ) throws(TemplateError) -> TemplateObject {
        let separator = try arguments.bound(to: "joiner", ["sep"])[0] ?? .text(", ")
        let counter = Counter()
        return .function(
            try TemplateFunction("joiner", of: [separator]) { (_, _) throws(TemplateError) in
                counter.value = min(counter.value + 1, 2)
                return counter.value == 1 ? .text("") : separator
            })
    }
}
