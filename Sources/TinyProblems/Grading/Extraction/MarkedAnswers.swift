// Finds marked answers in a text. All positions are of UTF-8 bytes; all functions take linear time.

/// GSM8K's marker.
private let marker = Array("####".utf8)

/// Whether a text holds `####`.
func hasAnswerMarker(_ text: String) -> Bool {
    lastPosition(of: marker, in: Array(text.utf8)) != nil
}

/// The first place of `####`; `nil` without one.
func firstMarker(in bytes: [UInt8]) -> Int? {
    guard bytes.count >= marker.count else { return nil }
    return (0...bytes.count - marker.count).first { bytes[$0..<$0 + marker.count].elementsEqual(marker) }
}

/// Everything after the last `####`; `nil` without one.
func textAfterLastMarker(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    return lastPosition(of: marker, in: bytes).map { String(decoding: bytes[($0 + marker.count)...], as: UTF8.self) }
}

/// The answer after the last `####` that is no heading, without emphasis and words that announce it; `nil` without one.
///
/// A model also writes `####` for Markdown headings: `#### Step 2: total`. A marked line is an answer where a number or a
/// formula starts it, where it is an equation, or where nothing follows it.
func markedLine(in bytes: [UInt8]) -> Range<Int>? {
    var end = bytes.count
    for _ in 0..<64 {
        guard let position = lastPosition(of: marker, in: bytes[..<end]) else { return nil }
        let start = position + marker.count
        end = position
        while end > 0, bytes[end - 1] == marker[0] { end -= 1 }
        let lineEnd = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        var line = undressed(start..<lineEnd, in: bytes)
        line = AnswerPhrase.withoutAnnouncement(line, in: bytes)
        if line.isEmpty { continue }
        if startsMathematics(line, in: bytes) || isEquation(line, in: bytes) || startsFormula(line, in: bytes) {
            return line
        }
        let rest = Sentences.withoutPleasantries(0..<bytes.count, in: bytes)
        if rest.upperBound <= lineEnd, line.count <= 80, !bytes[line].contains(UInt8(ascii: ":")) { return line }
    }
    return nil
}

/// Whether a line starts with a number or a formula, and not with the number of a heading: `1. Check`, `(2) Result`.
private func startsMathematics(_ line: Range<Int>, in bytes: [UInt8]) -> Bool {
    guard let first = line.first.map({ bytes[$0] }) else { return false }
    guard isDigit(first) || "-+$\\([{.|<".utf8.contains(first) || first >= 0xC2 else { return false }
    let isBracketed = first == UInt8(ascii: "(")
    let digits = bytes[line].dropFirst(isBracketed ? 1 : 0).prefix(while: isDigit)
    var rest = bytes[digits.endIndex..<line.upperBound]
    guard !digits.isEmpty, digits.count <= 2, let sign = rest.popFirst(), ".):".utf8.contains(sign) else { return true }
    return !rest.starts(with: [UInt8(ascii: " ")]) || !rest.contains(where: isLetter)
}

/// Whether a line is `x = 5`: an equals sign behind at most a few letters.
private func isEquation(_ line: Range<Int>, in bytes: [UInt8]) -> Bool {
    guard let sign = bytes[line].firstIndex(of: UInt8(ascii: "=")) else { return false }
    return sign - line.lowerBound <= 12 && !bytes[line.lowerBound..<sign].contains(UInt8(ascii: ":"))
}

/// Whether a line starts with a small letter and a sign: `x < 5`, `x^2 - 1`, `x \ne 2`.
private func startsFormula(_ line: Range<Int>, in bytes: [UInt8]) -> Bool {
    guard let first = line.first.map({ bytes[$0] }), isLetter(first), first & 0x20 != 0 else { return false }
    let rest = bytes[line].dropFirst(), sign = rest.drop { isSpace($0) }
    guard let next = sign.first else { return false }
    // U+2208 to U+227F: ∈, ≠, ≤ and others
    let isRelation = next == 0xE2 && (sign.dropFirst().first == 0x88 || sign.dropFirst().first == 0x89)
    return isRelation || "=<>+-*/^_\\".utf8.contains(next) || rest.first == UInt8(ascii: "(")
}

/// The number at the start of a line, if no further digit is on the line.
func soleNumber(of line: Range<Int>, in bytes: [UInt8]) -> NumberMatch? {
    guard let match = NumberMatch(in: bytes, at: line.lowerBound), match.range.upperBound <= line.upperBound,
        !bytes[match.range.upperBound..<line.upperBound].contains(where: isDigit)
    else { return nil }
    return match
}

/// The content of the last closed `\boxed{…}`, white space trimmed; `nil` without one.
func boxedContent(in bytes: [UInt8]) -> Range<Int>? {
    AnswerBox.all(in: bytes).last.map { trimmed($0.content, in: bytes) }
}

/// The last place of a pattern; `nil` without one.
func lastPosition<Bytes: RandomAccessCollection<UInt8>>(of pattern: [UInt8], in bytes: Bytes) -> Int?
where Bytes.Index == Int {
    guard bytes.count >= pattern.count else { return nil }
    return (bytes.startIndex...bytes.endIndex - pattern.count).last { start in
        bytes[start..<start + pattern.count].elementsEqual(pattern)
    }
}

/// A range without white space at its ends.
func trimmed(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    guard let first = bytes[range].firstIndex(where: { !isSpace($0) }),
        let last = bytes[range].lastIndex(where: { !isSpace($0) })
    else { return range.lowerBound..<range.lowerBound }
    return first..<last + 1
}

/// A range without white space, Markdown emphasis and quotation marks at its ends, and without the point of a sentence.
func undressed(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    var range = trimmed(range, in: bytes)
    if bytes[range].starts(with: marker) { return range }
    while let first = range.first.map({ bytes[$0] }), "*_`\"#:".utf8.contains(first) {
        range = trimmed(range.lowerBound + 1..<range.upperBound, in: bytes)
    }
    while let last = range.last.map({ bytes[$0] }), "*_`\".,;:!".utf8.contains(last) {
        // `5!` is a factorial, `\,` a space.
        if last == UInt8(ascii: "!"), range.count > 1,
            isDigit(bytes[range.upperBound - 2]) || isLetter(bytes[range.upperBound - 2])
                || bytes[range.upperBound - 2] == UInt8(ascii: ")")
        {
            break
        }
        if range.count > 1, bytes[range.upperBound - 2] == UInt8(ascii: "\\") { break }
        range = trimmed(range.lowerBound..<range.upperBound - 1, in: bytes)
    }
    if range.count > 2, bytes[range.lowerBound] == UInt8(ascii: "'"), bytes[range.upperBound - 1] == UInt8(ascii: "'") {
        return trimmed(range.lowerBound + 1..<range.upperBound - 1, in: bytes)
    }
    return range
}
