/// Runs the statements of one rendering.
///
/// The template cannot reach files, the clock or other objects: only values made from the variables exist. This is the
/// there is nothing else. Steps, memory and depth are counted.
final class TemplateInterpreter {
    let budget: TemplateBudget
    /// The time that `strftime_now` tells.
    let now: () -> ChatTemplate.Time
    /// The printed text; blocks that capture their text replace it while they run.
    var output = ""
    /// How many captures are around the current place; only uncaptured text has known offsets.
    var captures = 0
    /// The place of the last operation in the template.
    var at = 0
    /// Offsets of `generation` blocks in the output, in UTF-8.
    var generated: [Range<Int>] = []
    private var depth = 0
    /// Objects that may be part of a cycle; cleared at the end.
    private var owned: [any CycleMember] = []

    /// Statements and expressions nest at most this deep, calls of macros included: each level takes stack.
    private static let deepest = 200

    init(limits: ChatTemplate.Limits, now: @escaping () -> ChatTemplate.Time) {
        budget = TemplateBudget(limits)
        self.now = now
    }

    /// Renders a template with the given variables.
    func render(
        _ statements: [TemplateStatement], variables: [(name: String, value: TemplateObject)]
    ) throws -> ChatTemplate.Rendering {
        let root = TemplateFrame(inside: nil)
        for (name, value) in TemplateGlobals.all { root[name] = value() }
        for (name, value) in variables { root[name] = value }
        let frame = TemplateFrame(inside: root)
        defer {
            frame.clear()
            release()
        }
        _ = try execute(statements, in: frame)
        return ChatTemplate.Rendering(text: output, generated: generated)
    }

    /// Frees objects that refer to themselves. They are kept until then, so that freeing a long chain does not recurse.
    private func release() {
        for object in owned { object.clear() }
    }

    /// Keeps an object that may be part of a cycle until the rendering ends.
    func own<Object: CycleMember>(_ object: Object) throws -> Object {
        try budget.build(256)
        owned.append(object)
        return object
    }

    /// Runs `body` one level deeper.
    @inline(__always)
    func nested<Result>(_ body: () throws -> Result) throws -> Result {
        guard depth < Self.deepest else { throw tooDeep() }
        depth += 1
        defer { depth -= 1 }
        return try body()
    }

    @inline(never)
    private func tooDeep() -> TemplateError {
        TemplateError(.limitExceeded, "statements, expressions and macros nest more than \(Self.deepest) levels deep")
    }

    /// The text that `body` prints.
    func captured(_ body: () throws -> Void) throws -> String {
        let outer = output
        output = ""
        captures += 1
        defer {
            output = outer
            captures -= 1
        }
        try body()
        return output
    }

    func write(_ text: String) throws {
        try budget.build(text.utf8.count)
        output += text
    }

    // MARK: Reading sequences

    /// The elements of a value, read one after the other.
    func generator(over value: TemplateObject) throws -> TemplateGenerator {
        switch value {
        case .generator(let generator): return generator
        case .list(let list), .tuple(let list):
            return try generator(value, count: list.elements.count) { list.elements[$0] }
        case .range(let range):
            return try generator(value, count: range.count) { .integer(range[$0]) }
        case .loop(let loop):
            return try TemplateGenerator("LoopContext", of: [value]) {
                guard let element = try loop.next() else { return nil }
                return .tuple(try TemplateList([element, .loop(loop)]))
            }
        default:
            let elements = try self.elements(of: value)
            return try generator(value, count: elements.count) { elements[$0] }
        }
    }

    private func generator(
        _ source: TemplateObject, count: Int, _ element: @escaping (Int) -> TemplateObject
    ) throws -> TemplateGenerator {
        var index = 0
        let budget = budget
        return try TemplateGenerator("\(source.typeName)_iterator", of: [source]) {
            guard index < count else { return nil }
            try budget.spend(1)
            index += 1
            return element(index - 1)
        }
    }

    /// All elements of a value.
    func elements(of value: TemplateObject) throws -> [TemplateObject] {
        switch value {
        case .undefined: return []
        case .list(let list), .tuple(let list): return list.elements
        case .string(let text):
            try budget.build(text.count, times: 16)
            return text.string.unicodeScalars.map { .text(String($0)) }
        case .dictionary(let dictionary), .view(.keys, let dictionary): return dictionary.keys
        case .view(.values, let dictionary): return dictionary.values
        case .view(.items, let dictionary):
            try budget.build(dictionary.count, times: 64)
            return try dictionary.items()
        case .range(let range):
            try budget.build(range.count, times: 16)
            return (0..<range.count).map { .integer(range[$0]) }
        case .generator, .loop:
            let generator = try generator(over: value)
            var elements: [TemplateObject] = []
            while let element = try generator.next() {
                try budget.build(16)
                elements.append(element)
            }
            return elements
        case .none, .bool, .integer, .wideInteger, .float, .namespace, .macro, .function:
            throw invalidOperation("'\(value.typeName)' object is not iterable")
        }
    }

    /// The two elements of a value.
    func pair(_ value: TemplateObject, for function: String) throws -> (TemplateObject, TemplateObject) {
        let elements = try elements(of: value)
        guard elements.count == 2 else {
            throw invalidOperation("\(function) needs pairs, found \(elements.count) elements")
        }
        return (elements[0], elements[1])
    }

    /// Python's `len`.
    func length(of value: TemplateObject) throws -> Int {
        switch value {
        case .undefined: return 0
        case .string(let text):
            try budget.spend(text.string.utf8.count / 64)
            return text.count
        case .list(let list), .tuple(let list): return list.elements.count
        case .dictionary(let dictionary), .view(_, let dictionary): return dictionary.count
        case .range(let range): return range.count
        case .loop(let loop): return try loop.length()
        default: throw invalidOperation("object of type '\(value.typeName)' has no len()")
        }
    }

    func list(_ elements: [TemplateObject]) throws -> TemplateObject {
        try budget.build(elements.count, times: 16)
        return .list(try TemplateList(elements))
    }

    func tuple(_ elements: [TemplateObject]) throws -> TemplateObject {
        try budget.build(elements.count, times: 16)
        return .tuple(try TemplateList(elements))
    }
}
