/// Reads the tokens of a template; the grammar is Jinja's.
///
/// Expressions are in `TemplateParser+Expressions.swift`, statements in `TemplateParser+Statements.swift`.
struct TemplateParser {
    let tokens: [TemplateToken]
    private var index = 0
    private var depth = 0
    /// Loops around the current place that `break` can leave; a macro's body starts again at 0.
    var loopDepth = 0
    /// Loops around the current place, whether or not a macro stands between.
    var loopsAround = 0
    /// Whether an unknown filter is an error only when it is evaluated, as directly below an `if`.
    var isConditional = false
    /// Filters and tests that do not exist, where that is an error of the template as a whole.
    var unknownNames: [TemplateSyntaxFailure] = []
    /// For each macro around the current place, the special names that its body reads.
    var specialNames: [Set<String>] = []

    /// Deeper nesting of blocks and parentheses is refused, because reading and rendering recurse.
    private static let deepest = 80

    init(_ tokens: [TemplateToken]) {
        self.tokens = tokens
    }

    /// The statements of a whole template.
    mutating func parse() throws -> [TemplateStatement] {
        let statements = try statements(until: [], of: nil)
        if let unknown = unknownNames.first { throw unknown }
        return statements
    }

    // MARK: Tokens

    var current: TemplateToken { tokens[index] }

    var next: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    /// Moves to the next token and returns the one before it.
    @discardableResult
    mutating func advance() -> TemplateToken {
        let token = tokens[index]
        if index + 1 < tokens.count { index += 1 }
        return token
    }

    mutating func skip(symbol: String) -> Bool {
        guard current.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard current.isName(name) else { return false }
        advance()
        return true
    }

    mutating func expect(symbol: String) throws {
        guard skip(symbol: symbol) else { throw unexpected("expected '\(symbol)'") }
    }

    mutating func expect(_ kind: TemplateToken.Kind, _ shown: String) throws {
        guard current.kind == kind else { throw unexpected("expected \(shown)") }
        advance()
    }

    mutating func expectName() throws -> String {
        guard case .name(let name) = current.kind else { throw unexpected("expected a name") }
        advance()
        return name
    }

    func unexpected(_ wanted: String) -> TemplateSyntaxFailure {
        TemplateSyntaxFailure(at: current.at, "\(wanted), found \(current.shown)")
    }

    // MARK: Nesting

    /// Parses something that may contain itself.
    mutating func nested<Result>(_ body: (inout TemplateParser) throws -> Result) throws -> Result {
        guard depth < Self.deepest else {
            throw TemplateSyntaxFailure(
                at: current.at, "blocks and parentheses nest more than \(Self.deepest) levels deep")
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }
}
