/// Finds the last number of a text, with what belongs to it.
enum LastMathematics {
    /// The last number of a range, with what belongs to it: `13/28`, `\frac{2}{5}`, `-3\%`, `5 million`; `nil` without one.
    ///
    /// Digits right after a letter, as in `x2`, are part of a name. A comma with digits behind it belongs to a number where
    /// the reader expects decimal commas.
    static func number(in bytes: [UInt8], range: Range<Int>, decimalComma: Bool = false) -> Range<Int>? {
        let part = Array(bytes[range])
        let found = NumberMatch.all(in: part).filter { match in
            guard match.range.lowerBound > 0 else { return true }
            let previous = part[match.range.lowerBound - 1]
            return !isLetter(previous) && previous != UInt8(ascii: "_")
        }
        guard let match = found.last else { return nil }
        var whole = construct(around: match.range, in: part) ?? quotient(around: match, in: part)
        if decimalComma, whole == match.range, found.count > 1 {
            let before = found[found.count - 2].range
            if before.upperBound + 1 == whole.lowerBound, part[before.upperBound] == UInt8(ascii: ",") {
                whole = before.lowerBound..<whole.upperBound
            }
        }
        let end = ScaleWords.end(in: part, from: whole.upperBound, to: part.count)
        return range.lowerBound + whole.lowerBound..<range.lowerBound + end
    }

    /// The `\frac…` or `\sqrt…` whose braces hold a position.
    private static func construct(around match: Range<Int>, in bytes: [UInt8]) -> Range<Int>? {
        for name in ["\\frac", "\\dfrac", "\\tfrac", "\\sqrt"] {
            let pattern = Array(name.utf8)
            // Only commands at most 200 bytes before the number are considered.
            let from = max(0, match.lowerBound - 200)
            var start = match.lowerBound
            while start >= from {
                if bytes[start...].starts(with: pattern) {
                    let end = endOfArguments(in: bytes, from: start + pattern.count)
                    if end > match.lowerBound { return start..<end }
                }
                start -= 1
            }
        }
        return nil
    }

    private static func endOfArguments(in bytes: [UInt8], from start: Int) -> Int {
        var depth = 0
        var index = start
        while index < bytes.count, index < start + 400 {
            if bytes[index] == UInt8(ascii: "{") { depth += 1 }
            if bytes[index] == UInt8(ascii: "}") {
                depth -= 1
                let next = index + 1 < bytes.count ? bytes[index + 1] : UInt8(ascii: " ")
                if depth == 0 && next != UInt8(ascii: "{") { return index + 1 }
            }
            if depth < 0 && isSpace(bytes[index]) { return index }
            index += 1
        }
        return index
    }

    /// The start of `2 1/2`, where a whole number stands before a fraction below 1; else the start of the fraction.
    private static func withWholePart(_ start: Int, _ end: Int, in bytes: [UInt8]) -> Int {
        let parts = bytes[start..<end].split(separator: UInt8(ascii: "/")).map {
            Int(String(decoding: $0, as: UTF8.self))
        }
        guard parts.count == 2, let top = parts[0], let bottom = parts[1], 0 < top, top < bottom, start > 1,
            bytes[start - 1] == UInt8(ascii: " "), isDigit(bytes[start - 2])
        else { return start }
        let digits = bytes[..<(start - 1)].reversed().prefix(while: isDigit).count
        let whole = start - 1 - digits
        // Not `x2 1/2`, `1/2 1/3`, `1.2 1/2`.
        guard digits <= 9, whole == 0 || isSpace(bytes[whole - 1]) || "(-$".utf8.contains(bytes[whole - 1]) else {
            return start
        }
        return whole > 0 && bytes[whole - 1] == UInt8(ascii: "-") ? whole - 1 : whole
    }

    /// A number with the other side of its slash and its percent sign.
    private static func quotient(around match: NumberMatch, in bytes: [UInt8]) -> Range<Int> {
        var start = match.range.lowerBound, end = match.range.upperBound
        if start > 1, bytes[start - 1] == UInt8(ascii: "/"), isDigit(bytes[start - 2]) {
            start -= 1
            while start > 0, isDigit(bytes[start - 1]) || bytes[start - 1] == UInt8(ascii: ".") { start -= 1 }
            if start > 0, bytes[start - 1] == UInt8(ascii: "-") { start -= 1 }
        }
        if end + 1 < bytes.count, bytes[end] == UInt8(ascii: "/"), let bottom = NumberMatch(in: bytes, at: end + 1) {
            end = bottom.range.upperBound
        }
        start = withWholePart(start, end, in: bytes)
        // `8:15`
        if start > 1, bytes[start - 1] == UInt8(ascii: ":"), isDigit(bytes[start - 2]) {
            start -= 1
            while start > 0, isDigit(bytes[start - 1]) { start -= 1 }
        }
        if end < bytes.count, bytes[end] == UInt8(ascii: "%") { end += 1 }
        return start..<end
    }
}
