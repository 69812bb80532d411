/// A piece of a template: text, or a word of a tag.
struct TemplateToken: Sendable {
    enum Kind: Sendable, Equatable {
        case data(String)
        case variableBegin, variableEnd, blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case wideInteger(String)
        case float(Double)
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
        case .string: "a string"
        case .integer(let value): "'\(value)'"
        case .wideInteger(let digits): "'\(digits)'"
        case .float(let value): "'\(value)'"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }
}
