/// Splits an answer into tokens. Every text has a result, in time linear in its length.
struct AnswerTokeniser {
    /// Longer answers are compared letter by letter only.
    static let maximumLength = 4_096

    /// How a comma between digits is read.
    enum CommaReading: CaseIterable {
        /// `312,123` is a number.
        case grouping
        /// `312,123` are two numbers.
        case separating
        /// `1,22` is a decimal fraction.
        case decimal
    }

    let scalars: [Unicode.Scalar]
    let commas: CommaReading
    var position = 0
    private var followsSpace = false
    /// How many environments that only lay out lines are open.
    private var layoutDepth = 0
    /// Whether an environment lays out the lines of a derivation.
    private var isDerivation = false
    private(set) var tokens: [AnswerToken] = []
    /// Whether the text has a comma that another reading would take differently.
    var hasGroupingComma = false

    /// The tokens of an answer; `nil` when it is longer than ``maximumLength``.
    init?(_ text: String, commas: CommaReading = .grouping) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        scalars = Array(text.unicodeScalars)
        self.commas = commas
        while position < scalars.count { scan() }
        tokens = tokens.withoutReversedBrackets.withoutInfix
    }

    /// The tokens of a derivation's last line; `nil` where the answer is none.
    var lastLine: [AnswerToken]? {
        guard isDerivation else { return nil }
        var lines = tokens
        while lines.last?.kind == .symbol(.newline) { lines.removeLast() }
        guard let index = lines.lastIndex(where: { $0.kind == .symbol(.newline) }) else { return nil }
        return Array(lines[(index + 1)...])
    }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        let index = position + offset
        return index >= 0 && index < scalars.count ? scalars[index] : nil
    }

    mutating func append(_ kind: AnswerToken.Kind) {
        tokens.append(AnswerToken(kind: kind, followsSpace: followsSpace))
        followsSpace = false
    }

    func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }

    private mutating func advance(_ count: Int, appending kind: AnswerToken.Kind) {
        position += count
        append(kind)
    }

    private mutating func scan() {
        let scalar = scalars[position]
        if scalar.isSpace || scalar == "~" {
            followsSpace = true
            position += 1
        } else if scalar == "\\" {
            scanCommand()
        } else if scalar.isDigit || (scalar == "." && peek(1)?.isDigit == true) {
            scanNumber()
        } else if scalar.isLetter {
            scanLetters()
        } else {
            scanSymbol(scalar)
        }
    }

    // MARK: Symbols

    private mutating func scanSymbol(_ scalar: Unicode.Scalar) {
        if scalar == "." { return scanPoint() }
        if let next = peek(1), let kind = Notation.pairs[String(Character(scalar)) + String(Character(next))] {
            return advance(2, appending: kind)
        }
        if scalar == "&", layoutDepth > 0 {
            position += 1
            return
        }
        if scalar == "{", peek(2) == "}", let inner = peek(1), ":=+-<>".unicodeScalars.contains(inner),
            let kind = Notation.characters[inner]
        {
            return advance(3, appending: kind)  // `3{:}30`, a symbol without its spaces
        }
        if scalar == "}", tokens.last?.kind == .open(.group) {
            // `{}` before a script
            position += 1
            tokens.removeLast()
            return
        }
        if let kind = Notation.characters[scalar] { return advance(1, appending: kind) }
        scanUnicode(scalar)
    }

    /// A point that starts no number: ignored at the end, unsupported elsewhere.
    private mutating func scanPoint() {
        position += 1
        if position < scalars.count, !scalars[position...].allSatisfy({ ".$}] \n\\".unicodeScalars.contains($0) }) {
            append(.unsupported("."))
        }
    }

    private mutating func scanUnicode(_ scalar: Unicode.Scalar) {
        if Notation.superscripts[scalar] != nil || scalar == "⁻" {
            return scanScript(Notation.superscripts, sign: .power)
        }
        if Notation.subscripts[scalar] != nil { return scanScript(Notation.subscripts, sign: .lower) }
        if let index = scalar == "∛" ? "3" : scalar == "∜" ? "4" : nil {
            position += 1
            append(.construct(.root))
            append(.open(.square))
            appendInteger(index)
            return append(.close(.square))
        }
        if let (top, bottom) = Notation.vulgarFractions[scalar], let value = Rational(top) / Rational(bottom) {
            // After a number it is the rest of a mixed number, which is a sum.
            if case .number? = tokens.last?.kind { append(.symbol(.plus)) }
            return advance(1, appending: .number(Numeral(value: value)))
        }
        position += 1
        if Notation.currencies.contains(scalar) || scalar == "\"" || scalar == "“" || scalar == "”" || scalar == "`" {
            return
        }
        append(.unsupported(String(Character(scalar))))
    }

    /// Raised or lowered digits.
    private mutating func scanScript(_ digits: [Unicode.Scalar: String], sign: AnswerToken.Symbol) {
        append(.symbol(sign))
        let isNegative = peek() == "⁻"
        if isNegative { position += 1 }
        var number = ""
        while let digit = peek().flatMap({ digits[$0] }) {
            number += digit
            position += 1
        }
        guard isNegative else { return appendInteger(number) }
        append(.open(.group))
        append(.symbol(.minus))
        appendInteger(number)
        append(.close(.group))
    }

    private mutating func appendInteger(_ digits: String) {
        guard let value = Rational(digits: digits) else { return append(.unsupported(digits)) }
        append(.number(Numeral(value: value, digits: digits)))
    }

    // MARK: Letters

    private mutating func scanLetters() {
        if matches("p.m") || matches("a.m") {
            let hour = peek() == "p" ? "pm" : "am"
            position += 3
            if peek() == "." { position += 1 }
            return append(.text(hour))
        }
        let run = letters()
        if Notation.libraries.contains(run), peek() == ".", peek(1)?.isLetter == true {
            position += 1
            return
        }
        if let kind = Notation.words[run] ?? (run.count > 2 ? Notation.words[run.lowercased()] : nil) {
            return append(kind)
        }
        if let tens = Notation.numbers[run.lowercased()], tens >= 20, tens < 100, peek() == "-" || peek() == " ",
            let ones = Notation.numbers[
                String(String.UnicodeScalarView(scalars[(position + 1)...].prefix { $0.isLetter })).lowercased()],
            (1...9).contains(ones)
        {
            // `seventy-two`
            position += 1
            _ = letters()
            return append(.number(Numeral(value: Rational(tens + ones))))
        }
        if run == "to", case .number? = tokens.last?.kind { return append(.symbol(.colon)) }
        if run == "min", case .number? = tokens.last?.kind { return append(.word(run)) }  // minutes
        if let function = MathFunction.named[run] {
            if function == .log, let base = ["10", "2"].first(where: { matches($0 + "(") }) {
                append(.function(.log))
                append(.symbol(.lower))
                appendInteger(base)
                position += base.utf8.count
                return
            }
            return append(.function(function))
        }
        // A function's name may run into its argument: `sinx`.
        if let last = run.last, "xyzn".contains(last), let function = MathFunction.named[String(run.dropLast())] {
            append(.function(function))
            return append(.name(String(last)))
        }
        if Notation.fillers.contains(run) { return append(.word(run)) }
        if run.count <= 2 { for letter in run { append(.name(String(letter))) } } else { append(.word(run)) }
    }

    private mutating func letters() -> String {
        let start = position
        while peek()?.isLetter == true { position += 1 }
        return text(start..<position)
    }

    func matches(_ text: String) -> Bool {
        scalars[position...].starts(with: text.unicodeScalars)
    }

    // MARK: Commands

    private mutating func scanCommand() {
        position += 1
        guard let first = peek() else { return }  // a lone backslash at the end
        guard first.isLetter else { return scanControlSymbol(first) }
        scanNamed(letters())
    }

    private mutating func scanControlSymbol(_ scalar: Unicode.Scalar) {
        position += 1
        if followsReals, scalar == "{" || scalar == " " && (nextVisible == "{" || matches("\\{")) {
            // `ℝ \ {2}` and `ℝ\{2}`
            append(.symbol(.difference))
            if scalar == " " { return }
        }
        switch scalar {
        case "{": append(.open(.curly))
        case "}": append(.close(.curly))
        case "%": append(.symbol(.percent))
        case "\\":
            append(.symbol(.newline))
            // `\\[4pt]`
            if peek() == "[", let end = scalars[position...].prefix(8).firstIndex(of: "]"), scalars[end - 1].isLetter {
                position = end + 1
            }
        case "|": append(.symbol(.bar))
        case ",", ";", ":", " ", ">", "/": followsSpace = true
        default: break  // among them currency, thin space, delimiters of mathematics
        }
    }

    private mutating func scanNamed(_ name: String) {
        if let kind = Notation.symbols[name] { return append(kind) }
        if Notation.textual.contains(name) { return scanText() }
        if Notation.typefaces.contains(name) { return scanTypeface() }
        if name == "begin" || name == "end", let environment = argument() {
            if Notation.layouts.contains(environment) {
                isDerivation = isDerivation || !environment.hasSuffix("cases")
                layoutDepth += name == "begin" ? 1 : -1
                return
            }
            return append(name == "begin" ? .begin(environment) : .end(environment))
        }
        if name == "circ" || name == "prime" { return append(.symbol(name == "circ" ? .degree : .prime)) }
        if name == "mathbb", let letter = argument() ?? letterArgument() { return append(.name("mathbb " + letter)) }
        if name == "dot" || name == "ddot", let letter = argument() { return append(.name(name + " " + letter)) }
        switch name {
        case "pmod": return scanParenthesisedModulus()
        case "root": if scanPlainRoot() { return }
        case "above":
            position = scalars[position...].firstIndex { !$0.isSpace && !$0.isDigit && $0 != "." } ?? scalars.count
            _ = letters()
            return append(.infix(.fraction))
        default: break
        }
        if name == "not", matches("\\in"), peek(3)?.isLetter != true {
            position += 3
            return append(.symbol(.notElement))
        }
        if name == "not", peek() == "=" { return advance(1, appending: .relation(.notEqual)) }
        if Notation.ignoredWithArgument.contains(name) {
            while peek()?.isSpace == true { position += 1 }
            if peek() == "[", let end = scalars[position...].firstIndex(of: "]") { position = end + 1 }
            _ = argument()
            return
        }
        if Notation.ignored.contains(name) {
            followsSpace = true
            // `\left.` is an invisible bracket.
            if name == "left" || name == "right", peek() == "." { position += 1 }
            return
        }
        if Notation.unsupported.contains(name) { return append(.unsupported(name)) }
        if let function = MathFunction.named[name] { return append(.function(function)) }
        append(.name(Notation.letterForms[name] ?? name))
    }

    /// `\pmod{7}` and `\pmod 7` as `(mod 7)`.
    private mutating func scanParenthesisedModulus() {
        append(.open(.round))
        append(.symbol(.modulo))
        if let content = argument() {
            insert(content)
        } else {
            while peek()?.isSpace == true { position += 1 }
            if peek()?.isDigit == true { scanNumber() } else if peek()?.isLetter == true { scanLetters() }
        }
        append(.close(.round))
    }

    /// `\root 3 \of 5` as `\sqrt[3] 5`; `false` without `\of`.
    private mutating func scanPlainRoot() -> Bool {
        let rest = text(position..<min(position + 40, scalars.count))
        let index = rest.prefix { $0 != "\\" }
        guard rest.dropFirst(index.count).hasPrefix("\\of") else { return false }
        position += index.unicodeScalars.count + 3
        append(.construct(.root))
        append(.open(.square))
        insert(String(index))
        append(.close(.square))
        return true
    }

    /// The `{…}` that follows, white space before it skipped; `nil` without one.
    private mutating func argument() -> String? {
        var index = position
        while index < scalars.count, scalars[index].isSpace { index += 1 }
        guard index < scalars.count, scalars[index] == "{" else { return nil }
        var depth = 0
        for end in index..<scalars.count {
            if scalars[end] == "{" { depth += 1 }
            if scalars[end] == "}" { depth -= 1 }
            if depth == 0 {
                position = end + 1
                return text(index + 1..<end)
            }
        }
        return nil
    }

    /// The letter of `\mathbb R`.
    private mutating func letterArgument() -> String? {
        guard nextVisible?.isLetter == true, let index = scalars[position...].firstIndex(where: { !$0.isSpace }) else {
            return nil
        }
        position = index + 1
        return String(scalars[index])
    }

    private var nextVisible: Unicode.Scalar? { scalars[position...].first { !$0.isSpace } }

    /// Whether the last token is the set of real numbers, or a bracket behind an infinite end.
    private var followsReals: Bool {
        switch tokens.last?.kind {
        case .name("mathbb R")?, .name("R")?: true
        case .close(.round)?: tokens.dropLast().last?.kind == .symbol(.infinity)
        default: false
        }
    }

    /// A text argument: a word, or mathematics where it holds no word.
    private mutating func scanText() {
        guard let content = argument() else { return }
        if appendDegree(content) { return }
        followsSpace = followsSpace || content.first?.isWhitespace == true
        append(content: content.trimmingSpaces)
        followsSpace = true
    }

    private mutating func append(content trimmed: String) {
        let lowered = trimmed.lowercased().filter { $0 != "," && $0 != "." && $0 != " " }
        switch lowered {
        case "": if trimmed.contains(",") { append(.symbol(.comma)) }
        case "and": append(.symbol(.and))
        case "or": append(.symbol(.or))
        case "percent", "pct", "%", "\\%": append(.symbol(.percent))
        case "to": append(.symbol(.colon))
        default:
            // `A, B` are letters, not a word.
            let isLetters =
                trimmed.contains(",") && trimmed.split(separator: ",").allSatisfy { $0.trimmingSpaces.count == 1 }
            // `2A` in base 16
            let isMixed =
                trimmed.utf8.count <= 8 && trimmed.contains(where: \.isNumber)
                && trimmed.allSatisfy { $0.isNumber || $0.isLetter }
            let isWord =
                !isLetters && !isMixed && trimmed.unicodeScalars.contains { $0.isLetter || !$0.isASCII }
                && lowered.count > 1
            if isWord, let length = Self.numeralLength(in: trimmed) {
                // `72 apples`
                insert(String(trimmed.prefix(length)))
                append(content: String(trimmed.dropFirst(length)).trimmingSpaces)
            } else if isWord || isUnit(trimmed) {
                append(.text(trimmed))
            } else {
                insert(trimmed)
            }
        }
    }

    /// `\mathrm{…}`: words keep together, anything else is mathematics.
    private mutating func scanTypeface() {
        guard let content = argument() else { return }
        if appendDegree(content) { return }
        let trimmed = content.trimmingSpaces
        if isUnit(trimmed) { return append(.text(trimmed)) }
        if trimmed == "det" { return append(.name(trimmed)) }
        if MathFunction.named[trimmed] != nil || trimmed.count < 2 || !trimmed.unicodeScalars.allSatisfy(\.isLetter) {
            insert(trimmed)
        } else {
            append(.text(trimmed))
        }
    }

    /// Appends the degree sign of `120^{\text{o}}`; whether it is one.
    private mutating func appendDegree(_ content: String) -> Bool {
        let isRaised =
            tokens.last?.kind == .symbol(.power) || tokens.suffix(2).map(\.kind) == [.symbol(.power), .open(.group)]
        guard isRaised, content.trimmingSpaces == "o" else { return false }
        append(.symbol(.degree))
        return true
    }

    /// Whether an upright text behind a number is a unit, such as `km/h` or `N`.
    private func isUnit(_ text: String) -> Bool {
        if peek() == "_" { return false }
        switch tokens.last?.kind {
        case .number?, .close?, .symbol(.degree)?:
            return text.utf8.count <= 24 && text.first?.isLetter == true && Unit(text).isKnown
        default: return false
        }
    }

    /// The length of the numeral that starts a text of a number and words; `nil` when it starts otherwise, or has digits
    /// behind the numeral.
    private static func numeralLength(in text: String) -> Int? {
        let numeral = text.prefix { $0.isNumber || ".,:-−+$ ".contains($0) }
        let rest = text.dropFirst(numeral.count)
        guard numeral.contains(where: \.isNumber), let next = rest.first, next.isLetter,
            !rest.contains(where: \.isNumber),
            numeral.last == " " || rest.count > 2 || Unit(String(rest)).isKnown
        else { return nil }
        return numeral.count
    }

    /// Appends the tokens of a part. Parts shrink at every level, so the work is at most length times depth; nesting
    /// past a few levels becomes one unsupported token.
    private mutating func insert(_ part: String) {
        guard part.unicodeScalars.count(where: { $0 == "\\" }) <= 16 else { return append(.unsupported(part)) }
        if let inner = AnswerTokeniser(part, commas: commas) {
            for token in inner.tokens { append(token.kind) }
        }
    }
}

extension Unicode.Scalar {
    /// `0` to `9`.
    var isDigit: Bool { value >= 0x30 && value <= 0x39 }
    var isSpace: Bool { isASCII ? value == 0x20 || (0x09...0x0D).contains(value) : properties.isWhitespace }
    /// `A` to `Z` and `a` to `z`.
    var isLetter: Bool { (value | 0x20) >= 0x61 && (value | 0x20) <= 0x7A }
}

extension StringProtocol {
    /// Without white space at the ends.
    var trimmingSpaces: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
