// Where answers stand in a text. All positions are of UTF-8 bytes, all times linear.

/// GSM8K's marker.
private let marker = Array("####".utf8)

/// Whether a text holds `####`.
func hasAnswerMarker(_ text: String) -> Bool {
    lastPosition(of: marker, in: Array(text.utf8)) != nil
}

/// Everything after the last `####`; `nil` without one.
func textAfterLastMarker(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    return lastPosition(of: marker, in: bytes).map { String(decoding: bytes[($0 + marker.count)...], as: UTF8.self) }
}

/// The rest of the line after the last `####`, white space trimmed; `nil` without a marker.
func markedLine(in bytes: [UInt8]) -> Range<Int>? {
    guard let position = lastPosition(of: marker, in: bytes) else { return nil }
    let start = position + marker.count
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    return trimmed(start..<end, in: bytes)
}

/// The number a line starts with, if no digit follows it on the line.
func soleNumber(of line: Range<Int>, in bytes: [UInt8]) -> NumberMatch? {
    guard let match = NumberMatch(in: bytes, at: line.lowerBound), match.range.upperBound <= line.upperBound,
        !bytes[match.range.upperBound..<line.upperBound].contains(where: isDigit)
    else { return nil }
    return match
}

/// What the last closed `\boxed{…}` holds, white space trimmed; `nil` without one.
func boxedContent(in bytes: [UInt8]) -> Range<Int>? {
    AnswerBox.all(in: bytes).last.map { trimmed($0.content, in: bytes) }
}

private func lastPosition(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
    guard bytes.count >= pattern.count else { return nil }
    return (0...bytes.count - pattern.count).last { start in
        bytes[start] == pattern[0] && bytes[start..<start + pattern.count].elementsEqual(pattern)
    }
}

func trimmed(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
    guard let first = bytes[range].firstIndex(where: { !isSpace($0) }),
        let last = bytes[range].lastIndex(where: { !isSpace($0) })
    else { return range.lowerBound..<range.lowerBound }
    return first..<last + 1
}
