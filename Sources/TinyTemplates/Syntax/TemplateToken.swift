import TinyFoundation

/// A piece of a template: text, or a word of a tag.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        case data(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        /// A string or a number.
        case literal(JSONValue)
        case symbol(String)
        case end
    }

    var kind: Kind
    /// Offset in the template, in scalars.
    var at: Int

    func isName(_ name: String) -> Bool { kind == .name(name) }

    func isSymbol(_ symbol: String) -> Bool { kind == .symbol(symbol) }

    /// The token as a message shows it.
    var shown: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .literal(.integer(let value)): "'\(value)'"
        case .literal(.wideInteger(let digits)): "'\(digits)'"
        case .literal(.number(let value)): "'\(value)'"
        case .literal: "a string"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }
}
