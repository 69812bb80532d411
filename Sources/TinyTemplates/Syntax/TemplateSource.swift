import TinyFoundation

/// The text of a template with `\n` for every line break and without the last one, as Jinja reads it.
struct TemplateSource: Sendable {
    let scalars: [Unicode.Scalar]

    init(_ text: String) {
        var scalars: [Unicode.Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        var afterReturn = false
        for scalar in text.unicodeScalars {
            if scalar == "\n" && afterReturn {
                afterReturn = false
                continue
            }
            afterReturn = scalar == "\r"
            scalars.append(afterReturn ? "\n" : scalar)
        }
        if scalars.last == "\n" { scalars.removeLast() }
        self.scalars = scalars
    }

    /// Line and column of an offset, both from 1.
    func position(of offset: Int) -> TextPosition {
        TextPosition(after: scalars[..<min(max(offset, 0), scalars.count)])
    }

    /// The text of a range of scalars.
    func text(_ range: Range<Int>) -> String { String(scalars: scalars[range]) }
}

extension String {
    /// The text that some scalars spell.
    init(scalars: some Sequence<Unicode.Scalar>) {
        var view = UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}

extension Unicode.Scalar {
    /// Whether this is white space for Python's `str.isspace` and `\s`.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0: true
        case ..<0x80: false
        default: properties.isWhitespace
        }
    }
}

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
