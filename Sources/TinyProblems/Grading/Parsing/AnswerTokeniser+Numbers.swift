extension AnswerTokeniser {
    /// Reads a numeral: digits in groups, a fraction, repeated digits, a power of ten.
    mutating func scanNumber() {
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
            if repeating.isEmpty { repeating = digitsBeforeEllipsis(fraction) }
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
        let forms = ["\\text{,}", "{,}\\!", ",\\!", "{,}", ",", "\\,", "\\ ", " ", "\u{00A0}", "\u{202F}", "\u{2009}"]
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
        if peek() == ".",
            peek(1)?.isDigit == true || matches(".\\overline") || matches(".\\dot") || matches(".\\bar")
                || matches(".(") || matches("./") || matches(".e")
        {
            return 1
        }
        if matches("{.}"), peek(3)?.isDigit == true { return nil }
        if commas == .decimal, peek() == ",", peek(1)?.isDigit == true { return 1 }
        return nil
    }

    /// The repeated digits of `0.1\overline{6}`, `0.1\bar{6}`, `0.1\dot{6}` and `0.1(6)`; empty without them.
    private mutating func repeatingDigits() -> String {
        let forms = [
            ("\\overline{", "}"), ("\\bar{", "}"), ("\\dot{", "}"), ("(", ")"), ("\\overline", ""), ("\\bar", ""),
            ("\\dot", ""),
        ]
        guard let (opening, closing) = forms.first(where: { matches($0.0) }) else { return "" }
        let start = position + opening.count
        let all = String(String.UnicodeScalarView(scalars[min(start, scalars.count)...].prefix { $0.isDigit }))
        let found = closing.isEmpty ? String(all.prefix(1)) : all
        let end = start + found.count
        guard !found.isEmpty, closing.isEmpty || end < scalars.count && String(scalars[end]) == closing else {
            return ""
        }
        position = end + closing.count
        return found
    }

    /// The digits that repeat where an ellipsis follows `0.333` or `0.1212`; empty where none do.
    private mutating func digitsBeforeEllipsis(_ fraction: String) -> String {
        guard let mark = ["\\ldots", "\\dots", "\\cdots", "...", "…"].first(where: matches) else { return "" }
        let digits = Array(fraction)
        for length in 1...6 {
            let block = digits.suffix(length)
            // A single digit has to be there three times.
            let copies = length == 1 ? 3 : 2
            guard digits.count >= copies * length,
                digits.suffix(copies * length).elementsEqual(Array(repeating: block, count: copies).joined())
            else { continue }
            position += mark.unicodeScalars.count
            // `0.1212…` is 0.(12): the digits before the repetition are kept, and repeat it.
            return String(block)
        }
        return ""
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
