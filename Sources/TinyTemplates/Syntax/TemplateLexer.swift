import TinyFoundation

/// Cuts a template into tokens.
///
/// White space around tags is removed as in Jinja with `trim_blocks` and `lstrip_blocks`: the line break after a block
/// or comment is removed, and so are blanks between the start of a line and a block or comment. `-` removes all white
/// space on its side, `+` keeps all of it.
struct TemplateLexer {
    private let source: TemplateSource
    private var position = 0
    private var tokens: [TemplateToken] = []
    /// Whether what was read last ended a line.
    private var isAtLineStart = true

    private var scalars: [Unicode.Scalar] { source.scalars }

    init(_ source: TemplateSource) {
        self.source = source
    }

    /// All tokens; the last is `.end`.
    mutating func tokenize() throws -> [TemplateToken] {
        while position < scalars.count { try readTextAndTag() }
        add(.end, at: position)
        return tokens
    }

    // MARK: Text and tags

    private mutating func readTextAndTag() throws {
        let start = position
        var tag = start
        while tag < scalars.count, !isTag(at: tag) { tag += 1 }
        guard tag < scalars.count else {
            addText(start..<tag)
            position = tag
            return
        }
        let kind = scalars[tag + 1]
        var next = tag + 2
        let sign = scalar(next).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
        if sign != nil { next += 1 }
        addText(start..<textEnd(start..<tag, sign: sign, isVariable: kind == "{"))
        position = next
        switch kind {
        case "#": try skipComment(from: tag)
        case "{": try readTag(.variableBegin, .variableEnd, at: tag)
        default:
            if let body = rawBody(from: next) {
                try readRaw(from: body, tag: tag)
            } else {
                try readTag(.blockBegin, .blockEnd, at: tag)
            }
        }
    }

    private func isTag(at index: Int) -> Bool {
        guard scalars[index] == "{", let next = scalar(index + 1) else { return false }
        return next == "%" || next == "{" || next == "#"
    }

    private mutating func add(_ kind: TemplateToken.Kind, at place: Int) {
        tokens.append(TemplateToken(kind: kind, at: place))
    }

    private mutating func addText(_ range: Range<Int>) {
        if !range.isEmpty { add(.data(source.text(range)), at: range.lowerBound) }
    }

    /// Where the text before a tag ends.
    private func textEnd(_ text: Range<Int>, sign: Unicode.Scalar?, isVariable: Bool) -> Int {
        var end = text.upperBound
        if sign == "-" {
            while end > text.lowerBound, scalars[end - 1].isPythonSpace { end -= 1 }
        } else if sign == nil && !isVariable {
            while end > text.lowerBound, scalars[end - 1] != "\n", scalars[end - 1].isPythonSpace { end -= 1 }
            let isLine = end > text.lowerBound ? scalars[end - 1] == "\n" : isAtLineStart
            if !isLine { end = text.upperBound }
        }
        return end
    }

    private mutating func skipComment(from tag: Int) throws {
        let start = position
        while position < scalars.count {
            if let end = self.end(of: "#", at: position) {
                finishTag(at: end)
                return
            }
            position += 1
        }
        // As in Jinja, a comment that begins with the last characters of a template need not be closed.
        guard start < scalars.count else { return }
        throw TemplateSyntaxFailure(at: tag, "the comment is not closed")
    }

    /// Where the text of a raw block begins, when the rest of a raw tag is at `index`.
    private func rawBody(from index: Int) -> Int? {
        guard let next = skip(word: "raw", from: index) else { return nil }
        if isText("-%}", at: next) { return endOfSpace(from: next + 3) }
        return isText("%}", at: next) ? next + 2 : nil
    }

    private mutating func readRaw(from body: Int, tag: Int) throws {
        isAtLineStart = scalars[body - 1] == "\n"
        var index = body
        while index < scalars.count {
            if isText("{%", at: index) {
                let sign = scalar(index + 2).flatMap { $0 == "-" || $0 == "+" ? $0 : nil }
                if let next = skip(word: "endraw", from: index + (sign == nil ? 2 : 3)),
                    let end = end(of: "%", at: next)
                {
                    addText(body..<textEnd(body..<index, sign: sign, isVariable: false))
                    finishTag(at: end)
                    return
                }
            }
            index += 1
        }
        guard body < scalars.count else {
            position = body
            return
        }
        throw TemplateSyntaxFailure(at: tag, "the raw block is not closed")
    }

    /// The place after the end of a block or comment that ends at `index`; nil when none ends there.
    private func end(of mark: Unicode.Scalar, at index: Int) -> Int? {
        func closes(_ index: Int) -> Bool { scalar(index) == mark && scalar(index + 1) == "}" }
        switch scalar(index) {
        case "-" where closes(index + 1):
            return endOfSpace(from: index + 3)
        case "+" where closes(index + 1):
            return index + 3
        default:
            guard closes(index) else { return nil }
            return scalar(index + 2) == "\n" ? index + 3 : index + 2
        }
    }

    private mutating func finishTag(at end: Int) {
        position = end
        isAtLineStart = scalars[end - 1] == "\n"
    }

    // MARK: Inside a tag

    private mutating func readTag(_ begin: TemplateToken.Kind, _ close: TemplateToken.Kind, at tag: Int) throws {
        add(begin, at: tag)
        var open: [String] = []
        while let next = scalar(position) {
            if next.isPythonSpace {
                position += 1
                continue
            }
            if open.isEmpty, let end = tagEnd(close) {
                add(close, at: position)
                finishTag(at: end)
                return
            }
            try readWord(next, open: &open)
        }
        throw TemplateSyntaxFailure(at: tag, "the tag is not closed")
    }

    private func tagEnd(_ close: TemplateToken.Kind) -> Int? {
        if close == .blockEnd { return end(of: "%", at: position) }
        if isText("}}", at: position) { return position + 2 }
        guard isText("-}}", at: position) else { return nil }
        return endOfSpace(from: position + 3)
    }

    private mutating func readWord(_ first: Unicode.Scalar, open: inout [String]) throws {
        let start = position
        if ("0"..."9").contains(first), try readNumber() { return }
        if isWordScalar(first) {
            while let next = scalar(position), isWordScalar(next) { position += 1 }
            guard first == "_" || first.properties.isXIDStart else {
                throw TemplateSyntaxFailure(at: start, "'\(source.text(start..<position))' is not a name")
            }
            add(.name(source.text(start..<position)), at: start)
            return
        }
        if first == "'" || first == "\"" { return try readString(first) }
        for symbol in ["**", "//", "==", "!=", ">=", "<="] where isText(symbol, at: start) {
            position += 2
            add(.symbol(symbol), at: start)
            return
        }
        let symbol = String(first)
        guard "+-/*%~[](){}><=.:|,;".unicodeScalars.contains(first) else {
            throw TemplateSyntaxFailure(at: start, "unexpected character '\(symbol)'")
        }
        switch symbol {
        case "(": open.append(")")
        case "[": open.append("]")
        case "{": open.append("}")
        case ")", "]", "}":
            guard let expected = open.popLast() else {
                throw TemplateSyntaxFailure(at: start, "'\(symbol)' has no opening bracket")
            }
            guard expected == symbol else {
                throw TemplateSyntaxFailure(at: start, "expected '\(expected)', found '\(symbol)'")
            }
        default: break
        }
        position += 1
        add(.symbol(symbol), at: start)
    }

    private func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
        }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || scalar.properties.isXIDContinue
    }

    // MARK: Helpers

    private func scalar(_ index: Int) -> Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func isText(_ text: String, at index: Int) -> Bool {
        var index = index
        for expected in text.unicodeScalars {
            guard scalar(index) == expected else { return false }
            index += 1
        }
        return true
    }

    /// The end of a word at `index` with white space around it; nil when another text is there.
    private func skip(word: String, from index: Int) -> Int? {
        let start = endOfSpace(from: index)
        return isText(word, at: start) ? endOfSpace(from: start + word.unicodeScalars.count) : nil
    }

    private func endOfSpace(from index: Int) -> Int {
        var end = index
        while let space = scalar(end), space.isPythonSpace { end += 1 }
        return end
    }

    private mutating func readNumber() throws -> Bool {
        let start = position
        let isAfterDot = start > 0 && scalars[start - 1] == "."
        if !isAfterDot, let end = NumberScanner(scalars).endOfFloat(from: start) {
            let digits = source.text(start..<end).replacing("_", with: "")
            add(.literal(.number(Double(digits) ?? 0)), at: start)
            position = end
            return true
        }
        guard let (end, radix, prefix) = NumberScanner(scalars).endOfInteger(from: start) else { return false }
        let digits = source.text(start + prefix..<end).replacing("_", with: "")
        position = end
        if let value = Int(digits, radix: radix) {
            add(.literal(.integer(value)), at: start)
        } else if radix == 10 && digits.utf8.count <= 4300 {
            add(.literal(.wideInteger(digits)), at: start)
        } else {
            throw TemplateSyntaxFailure(at: start, "the number has too many digits")
        }
        return true
    }

    private mutating func readString(_ quote: Unicode.Scalar) throws {
        let start = position
        position += 1
        while let next = scalar(position), next != quote { position += next == "\\" ? 2 : 1 }
        guard position < scalars.count else { throw TemplateSyntaxFailure(at: start, "the string is not closed") }
        let contents = scalars[start + 1..<position]
        position += 1
        let text = contents.contains("\\") ? try unescaped(contents, at: start) : String(scalars: contents)
        add(.literal(.string(text)), at: start)
    }
}

/// The place and the reason why a text is not a template.
struct TemplateSyntaxFailure: Error {
    var at: Int
    var message: String
    var isRefusal = false

    init(at: Int, _ message: String, isRefusal: Bool = false) {
        self.at = at
        self.message = message
        self.isRefusal = isRefusal
    }
}
