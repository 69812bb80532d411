/// Finds the last mathematics in a text: the last span between dollar signs, or the last number.
enum LastMathematics {
    /// The last `$…$`, `$$…$$`, `\(…\)` or `\[…\]`, without its delimiters; `nil` without one.
    ///
    /// Spans hold at most 2,000 bytes; a dollar sign before a digit with white space before the next sign is money.
    static func lastSpan(in bytes: [UInt8]) -> Range<Int>? {
        var spans: [Range<Int>] = []
        var opening: (position: Int, closer: UInt8)?
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                let next = bytes[index + 1]
                if next == UInt8(ascii: "(") || next == UInt8(ascii: "[") {
                    opening = (index + 2, next == UInt8(ascii: "(") ? UInt8(ascii: ")") : UInt8(ascii: "]"))
                } else if let open = opening, open.closer == next {
                    spans.append(open.position..<index)
                    opening = nil
                }
                index += 2
                continue
            }
            if byte == UInt8(ascii: "$") {
                let width = index + 1 < bytes.count && bytes[index + 1] == byte ? 2 : 1
                if let open = opening, open.closer == byte, open.position < index {
                    spans.append(open.position..<index)
                    opening = nil
                } else {
                    opening = (index + width, byte)
                }
                index += width
                continue
            }
            index += 1
        }
        return spans.last { $0.count <= 2_000 && bytes[$0].contains { !isSpace($0) } }
    }

    /// The first or last number of a range, with what belongs to it: `13/28`, `\frac{2}{5}`, `-3\%`; `nil` without one.
    ///
    /// Digits right after a letter, as in `x2`, are part of a name.
    static func number(in bytes: [UInt8], range: Range<Int>, last: Bool) -> Range<Int>? {
        let part = Array(bytes[range])
        let found = NumberMatch.all(in: part).filter { match in
            guard match.range.lowerBound > 0 else { return true }
            let previous = part[match.range.lowerBound - 1]
            return !isLetter(previous) && previous != UInt8(ascii: "_")
        }
        guard let match = last ? found.last : found.first else { return nil }
        let whole = construct(around: match.range, in: part) ?? quotient(around: match, in: part)
        return range.lowerBound + whole.lowerBound..<range.lowerBound + whole.upperBound
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
        if end < bytes.count, bytes[end] == UInt8(ascii: "%") { end += 1 }
        return start..<end
    }
}
