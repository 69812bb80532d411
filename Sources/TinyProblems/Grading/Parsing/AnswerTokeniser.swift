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

    private let scalars: [Unicode.Scalar]
    private let commas: CommaReading
    private var position = 0
    private var followsSpace = false
    private(set) var tokens: [AnswerToken] = []
    /// Whether the text has a comma that another reading would take differently.
    private(set) var hasGroupingComma = false

    /// The tokens of an answer; `nil` when it is longer than ``maximumLength``.
    init?(_ text: String, commas: CommaReading = .grouping) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        scalars = Array(text.unicodeScalars)
        self.commas = commas
        while position < scalars.count { scan() }
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        let index = position + offset
        return index >= 0 && index < scalars.count ? scalars[index] : nil
    }

    private mutating func append(_ kind: AnswerToken.Kind) {
        tokens.append(AnswerToken(kind: kind, followsSpace: followsSpace))
        followsSpace = false
    }

    private func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }

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
        if let digit = Notation.superscripts[scalar] {
            position += 1
            append(.symbol(.power))
            return appendInteger(digit)
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
        if run.count <= 2 { for letter in run { append(.name(String(letter))) } } else { append(.word(run)) }
    }

    private mutating func letters() -> String {
        let start = position
        while peek()?.isLetter == true { position += 1 }
        return text(start..<position)
    }

    private func matches(_ text: String) -> Bool {
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
        switch scalar {
        case "{": append(.open(.curly))
        case "}": append(.close(.curly))
        case "%": append(.symbol(.percent))
        case "\\": append(.symbol(.newline))
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
            return append(name == "begin" ? .begin(environment) : .end(environment))
        }
        if name == "circ" || name == "prime" { return append(.symbol(name == "circ" ? .degree : .prime)) }
        if name == "mathbb", let letter = argument() { return append(.name("mathbb " + letter)) }
        if name == "dot" || name == "ddot", let letter = argument() { return append(.name(name + " " + letter)) }
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

    /// A text argument: a word, or mathematics where it holds no word.
    private mutating func scanText() {
        guard let content = argument() else { return }
        let trimmed = content.trimmingSpaces
        followsSpace = followsSpace || content.first?.isWhitespace == true
        let lowered = trimmed.lowercased().filter { $0 != "," && $0 != "." && $0 != " " }
        switch lowered {
        case "": if trimmed.contains(",") { append(.symbol(.comma)) }
        case "and": append(.symbol(.and))
        case "or": append(.symbol(.or))
        case "percent", "pct", "%", "\\%": append(.symbol(.percent))
        default:
            // `A, B` are letters, not a word.
            let isLetters =
                trimmed.contains(",") && trimmed.split(separator: ",").allSatisfy { $0.trimmingSpaces.count == 1 }
            let isWord =
                !isLetters && trimmed.unicodeScalars.contains { $0.isLetter || !$0.isASCII } && lowered.count > 1
            if isWord { append(.text(trimmed)) } else { insert(trimmed) }
        }
        followsSpace = true
    }

    /// `\mathrm{…}`: words keep together, anything else is mathematics.
    private mutating func scanTypeface() {
        guard let content = argument() else { return }
        let trimmed = content.trimmingSpaces
        if MathFunction.named[trimmed] != nil || trimmed.count < 2 || !trimmed.unicodeScalars.allSatisfy(\.isLetter) {
            insert(trimmed)
        } else {
            append(.text(trimmed))
        }
    }

    /// Appends the tokens of a part. Parts shrink at every level, so the work is at most length times depth; nesting
    /// past a few levels becomes one unsupported token.
    private mutating func insert(_ part: String) {
        guard part.unicodeScalars.count(where: { $0 == "\\" }) <= 16 else { return append(.unsupported(part)) }
        if let inner = AnswerTokeniser(part, commas: commas) {
            for token in inner.tokens { append(token.kind) }
        }
    }

    // MARK: Numbers

    private mutating func scanNumber() {
        var whole = digits()
        var isGrouped = false
        if (1...3).contains(whole.utf8.count) {
            while let length = groupSeparator() {
                position += length
                whole += digits()
                isGrouped = true
            }
        }
        var fraction = "", repeating = ""
        if let length = decimalMark() {
            position += length
            fraction = digits()
            repeating = repeatingDigits()
        }
        let exponent = powerOfTen()
        guard
            let value = Rational(
                digits: whole.isEmpty ? "0" : whole, fraction: fraction, repeating: repeating, exponent: exponent)
        else { return append(.unsupported(whole + "." + fraction)) }
        let isPlain = fraction.isEmpty && repeating.isEmpty && exponent == 0 && !isGrouped
        append(.number(Numeral(value: value, digits: isPlain ? whole : nil, isGrouped: isGrouped)))
    }

    private mutating func digits() -> String {
        let start = position
        while peek()?.isDigit == true { position += 1 }
        return text(start..<position)
    }

    /// The length of a thousands separator before exactly three digits; `nil` without one.
    private mutating func groupSeparator() -> Int? {
        let forms = ["{,}\\!", ",\\!", "{,}", ",", "\\,", "\\ ", " ", "\u{00A0}", "\u{202F}", "\u{2009}"]
        guard let next = peek(), !next.isDigit, !next.isLetter, let form = forms.first(where: matches) else {
            return nil
        }
        var length = form.unicodeScalars.count
        if form.hasSuffix("\\!") { while peek(length) == " " { length += 1 } }
        guard (0..<3).allSatisfy({ peek(length + $0)?.isDigit == true }), peek(length + 3)?.isDigit != true else {
            return nil
        }
        if form == "," {
            hasGroupingComma = true
            return commas == .grouping ? length : nil
        }
        // A space before three digits and a slash is a mixed number.
        return form.contains(",") || peek(length + 3) != "/" ? length : nil
    }

    private func decimalMark() -> Int? {
        if peek() == ".", peek(1)?.isDigit == true || matches(".\\overline{") || matches("./") || matches(".e") {
            return 1
        }
        if matches("{.}"), peek(3)?.isDigit == true { return nil }
        if commas == .decimal, peek() == ",", peek(1)?.isDigit == true { return 1 }
        return nil
    }

    private mutating func repeatingDigits() -> String {
        let opening = "\\overline{"
        guard matches(opening) else { return "" }
        let start = position + opening.count
        let found = String(String.UnicodeScalarView(scalars[start...].prefix { $0.isDigit }))
        guard !found.isEmpty, start + found.count < scalars.count, scalars[start + found.count] == "}" else {
            return ""
        }
        position = start + found.count + 1
        return found
    }

    /// `e5` or `E-12` after a numeral, where no letter follows.
    private mutating func powerOfTen() -> Int {
        guard peek() == "e" || peek() == "E" else { return 0 }
        var index = position + 1
        if index < scalars.count, scalars[index] == "-" || scalars[index] == "+" { index += 1 }
        let digits = scalars[index...].prefix { $0.isDigit }
        guard (1...5).contains(digits.count) else { return 0 }
        let end = index + digits.count
        if end < scalars.count, scalars[end].isLetter { return 0 }
        let value = Int(String(String.UnicodeScalarView(digits))) ?? 0
        let isNegative = scalars[position + 1] == "-"
        position = end
        return isNegative ? -value : value
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
