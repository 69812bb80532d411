import TinyFoundation

/// A value of a running template; the cases are Python's types.
enum TemplateObject {
    case undefined(UndefinedReason)
    case none
    case bool(Bool)
    case integer(Int)
    /// An integer beyond 64 bits, which can be printed and passed on.
    case wideInteger(String)
    case float(Double)
    case string(TemplateText)
    case list(TemplateList)
    case tuple(TemplateList)
    case dictionary(TemplateDictionary)
    case range(TemplateRange)
    case view(DictionaryView, TemplateDictionary)
    case generator(TemplateGenerator)
    case loop(LoopState)
    case namespace(TemplateNamespace)
    case macro(TemplateMacro)
    case function(TemplateFunction)

    static func text(_ text: String) -> TemplateObject { .string(TemplateText(text)) }
}

/// A text. Markup is text that `safe` or `escape` declared to be HTML: what is added to it is escaped.
struct TemplateText {
    var string: String
    var isMarkup = false

    init(_ string: String, isMarkup: Bool = false) {
        self.string = string
        self.isMarkup = isMarkup
    }

    /// A text of the same kind with other contents.
    func with(_ string: String) -> TemplateObject { .string(TemplateText(string, isMarkup: isMarkup)) }

    /// Length in code points.
    var count: Int { string.unicodeScalars.count }
}

/// The reason why a value is undefined, for the error when the value is used.
enum UndefinedReason {
    case name(String)
    case attribute(String, ofType: String)
    case element(String, ofType: String)
    /// An attribute that the sandbox hides.
    case hidden(String, ofType: String)
    case other(String)

    var message: String {
        switch self {
        case .name(let name): "'\(name)' is undefined"
        case .attribute(let name, let type): "'\(type)' has no attribute '\(name)'"
        case .element(let key, let type): "\(type) has no element \(key)"
        case .hidden(let name, let type): "access to attribute '\(name)' of '\(type)' object is unsafe."
        case .other(let message): message
        }
    }
}

/// The elements of a list or tuple.
final class TemplateList {
    let elements: [TemplateObject]
    /// How many containers nest in this one, itself included.
    let depth: Int
    /// Names of the elements, for a named tuple; otherwise empty.
    let names: [String]

    /// - Throws: ``TemplateError`` with code `limitExceeded` when containers nest too deep.
    init(_ elements: [TemplateObject], names: [String] = []) throws {
        depth = try depthOfContainer(of: elements)
        self.elements = elements
        self.names = names
    }
}

/// `range(start, stop, step)`.
struct TemplateRange {
    let start: Int
    let step: Int
    let count: Int

    /// Element `index`, which must be in `0 ..< count`.
    subscript(index: Int) -> Int { start &+ index &* step }

    /// The bound that Python prints.
    var stop: Int
}

/// Which part of a dictionary a view shows.
enum DictionaryView: String {
    case keys, values, items
}

/// A sequence that is computed as it is read, once: what Python calls a generator.
final class TemplateGenerator {
    typealias Advance = () throws -> TemplateObject?

    /// What Python calls this kind of iterator.
    let kind: String
    let depth: Int
    private var advance: Advance?

    /// - Parameters:
    ///   - kind: What Python calls this kind of iterator.
    ///   - source: The values that it reads; they determine the depth.
    ///   - advance: Gives the next element, or nil at the end.
    init(_ kind: String, of source: [TemplateObject], _ advance: @escaping Advance) throws {
        self.kind = kind
        // A generator that reads another takes more stack than printing a list in a list.
        depth = try depthOfContainer(of: source, adding: 4)
        self.advance = advance
    }

    /// The next element; nil at the end, and for every call after the end or an error.
    func next() throws -> TemplateObject? {
        guard let advance else { return nil }
        self.advance = nil
        guard let element = try advance() else { return nil }
        self.advance = advance
        return element
    }
}

/// An object that may refer to itself, through others.
protocol CycleMember: AnyObject {
    /// Removes its references, so that it can be freed.
    func clear()
}

/// A namespace: attributes that a template may set. No other value can change.
final class TemplateNamespace: CycleMember {
    var names: [String] = []
    var values: [TemplateObject] = []

    subscript(name: String) -> TemplateObject? {
        get { names.firstIndex { $0.hasSameScalars(as: name) }.map { values[$0] } }
        set {
            guard let newValue else { return }
            if let index = names.firstIndex(where: { $0.hasSameScalars(as: name) }) {
                values[index] = newValue
            } else {
                names.append(name)
                values.append(newValue)
            }
        }
    }

    func clear() {
        names = []
        values = []
    }
}

/// A macro with the frame it was defined in.
final class TemplateMacro: CycleMember {
    let syntax: MacroSyntax
    var frame: TemplateFrame?

    init(_ syntax: MacroSyntax, frame: TemplateFrame) {
        self.syntax = syntax
        self.frame = frame
    }

    func clear() { frame = nil }
}

/// A callable value other than a macro.
final class TemplateFunction {
    typealias Body = (TemplateCall) throws -> TemplateObject

    let name: String
    /// How many containers nest in what the function holds.
    let depth: Int
    /// Attributes, such as `next` of a cycler.
    let attributes: [String: () -> TemplateObject]
    let body: Body

    /// - Parameters:
    ///   - name: Its name in messages.
    ///   - held: The values that it holds, such as the one that a method belongs to.
    ///   - attributes: Its attributes.
    ///   - body: The action of a call.
    init(
        _ name: String, of held: [TemplateObject], attributes: [String: () -> TemplateObject] = [:],
        _ body: @escaping Body
    ) throws {
        self.name = name
        depth = try held.isEmpty ? 0 : depthOfContainer(of: held)
        self.attributes = attributes
        self.body = body
    }

    /// A function that holds no values.
    init(_ name: String, _ body: @escaping Body) {
        self.name = name
        depth = 0
        attributes = [:]
        self.body = body
    }
}

/// Containers nest at most this deep: comparing, printing and freeing them recurse. What is printed at this depth
/// within expressions of the greatest depth fits a stack of a megabyte.
private let deepestContainer = 300

private func depthOfContainer(of elements: [TemplateObject], adding own: Int = 1) throws -> Int {
    var depth = 0
    for element in elements { depth = max(depth, element.depth) }
    guard depth + own <= deepestContainer else {
        throw TemplateError(.limitExceeded, "values nest more than \(deepestContainer) levels deep")
    }
    return depth + own
}

extension TemplateObject {
    /// How many containers nest in this value.
    var depth: Int {
        switch self {
        case .list(let list), .tuple(let list): list.depth
        case .dictionary(let dictionary), .view(_, let dictionary): dictionary.depth
        case .generator(let generator): generator.depth
        case .loop(let loop): loop.depth
        case .function(let function): function.depth
        default: 0
        }
    }

    /// `list`, `str`: what Python's `type(x).__name__` is.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "NoneType"
        case .bool: "bool"
        case .integer, .wideInteger: "int"
        case .float: "float"
        case .string(let text): text.isMarkup ? "Markup" : "str"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dict"
        case .range: "range"
        case .view(let kind, _): "dict_\(kind)"
        case .generator(let generator): generator.kind
        case .loop: "LoopContext"
        case .namespace: "Namespace"
        case .macro: "Macro"
        case .function: "function"
        }
    }

    /// `list object`, `None`: how Jinja's messages name an object.
    var shownType: String {
        if case .none = self { "None" } else { "\(typeName) object" }
    }

    /// The value as a condition.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.string.isEmpty
        case .list(let list), .tuple(let list): !list.elements.isEmpty
        case .dictionary(let dictionary), .view(_, let dictionary): dictionary.count > 0
        case .range(let range): range.count > 0
        case .wideInteger, .generator, .loop, .namespace, .macro, .function: true
        }
    }
}
