/// A running `for` loop: its elements, where it is, and what `loop` shows of it.
///
/// Elements are read one at a time, when they are needed: reading a generator may run filters.
final class LoopState: CycleMember {
    private let source: TemplateGenerator
    private let knownLength: Int?
    private let budget: TemplateBudget
    /// Renders the loop's body for other elements, where the loop is recursive.
    var recurse: ((TemplateObject) throws -> TemplateObject)?

    /// Elements that were read ahead.
    private var ahead: ArraySlice<TemplateObject> = []
    private var countedLength: Int?
    private(set) var index0 = -1
    private var current: TemplateObject?
    private var before: TemplateObject?
    private var lastChanged: [TemplateObject]?
    /// 0 for a loop that has not called itself.
    let depth0: Int
    let depth: Int

    /// - Parameters:
    ///   - source: The elements.
    ///   - length: The number of elements, where it is known before reading.
    ///   - depth0: How many times the loop has called itself.
    init(_ source: TemplateGenerator, length: Int?, depth0: Int, _ budget: TemplateBudget) {
        self.source = source
        self.depth0 = depth0
        self.budget = budget
        knownLength = length
        depth = source.depth
    }

    /// Moves to the next element; nil at the end.
    func next() throws -> TemplateObject? {
        let element: TemplateObject
        if let first = ahead.popFirst() {
            element = first
        } else {
            guard let read = try source.next() else { return nil }
            element = read
        }
        index0 += 1
        before = current
        current = element
        return element
    }

    func length() throws -> Int {
        if let known = knownLength ?? countedLength { return known }
        while let element = try source.next() {
            try budget.build(16)
            ahead.append(element)
        }
        countedLength = ahead.count + index0 + 1
        return ahead.count + index0 + 1
    }

    private func peek() throws -> TemplateObject? {
        if ahead.isEmpty, let element = try source.next() { ahead.append(element) }
        return ahead.first
    }

    /// The value of `loop.name`, or nil when there is no such attribute.
    func attribute(_ name: String) throws -> TemplateObject? {
        switch name {
        case "index": return .integer(index0 + 1)
        case "index0": return .integer(index0)
        case "revindex": return .integer(try length() - index0)
        case "revindex0": return .integer(try length() - index0 - 1)
        case "first": return .bool(index0 == 0)
        case "last": return .bool(try peek() == nil)
        case "length": return .integer(try length())
        case "depth": return .integer(depth0 + 1)
        case "depth0": return .integer(depth0)
        case "previtem": return before ?? .undefined(.other("there is no previous item"))
        case "nextitem": return try peek() ?? .undefined(.other("there is no next item"))
        case "cycle": return .function(try TemplateFunction("cycle", of: [.loop(self)], cycle))
        case "changed": return .function(try TemplateFunction("changed", of: [.loop(self)], changed))
        default: return nil
        }
    }

    private func cycle(_ call: TemplateCall) throws -> TemplateObject {
        guard !call.positional.isEmpty else { throw invalidOperation("loop.cycle needs something to cycle through") }
        return call.positional[max(index0, 0) % call.positional.count]
    }

    private func changed(_ call: TemplateCall) throws -> TemplateObject {
        let values = call.positional
        if let last = lastChanged, last.count == values.count {
            var isSame = true
            for (a, b) in zip(last, values) where try !a.isEqual(to: b, call.budget) { isSame = false }
            if isSame { return .bool(false) }
        }
        if lastChanged == nil { _ = try call.interpreter.own(self) }
        lastChanged = values
        return .bool(true)
    }

    func clear() {
        ahead = []
        current = nil
        before = nil
        lastChanged = nil
        recurse = nil
    }
}
