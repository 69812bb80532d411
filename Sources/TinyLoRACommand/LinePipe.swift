import Foundation

/// Answers every line of standard input with a line of JSON on standard output, one by one, in order, at once.
///
/// Lines end in U+000A only: a text may hold other line separators. Blank lines have no answer. What is wrong with a line is
/// its answer too, and the next line is read.
///
/// - Parameter answer: Given a line and its 1-based number, what to write.
func answerLines(_ answer: (_ line: Data, _ number: Int) -> some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lineBreak = Data("\n".utf8)
    var lines = InputLines(), number = 0
    while let line = try lines.next() {
        number += 1
        if !line.allSatisfy(isBlank) { try StandardOutput.write(encoder.encode(answer(line, number)) + lineBreak) }
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

/// The lines of standard input, without their ends, as they arrive. Each byte is looked at and moved a few times, however long
/// the lines are.
private struct InputLines {
    private var buffer = Data()
    /// Where the next line begins in the buffer, and up to where it is known to have no end.
    private var start = 0, searched = 0
    private var isAtEnd = false

    mutating func next() throws -> Data? {
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { (start, searched) = (end + 1, end + 1) }
                return Data(buffer[start..<end])
            }
            searched = buffer.count
            if isAtEnd {
                defer { start = buffer.count }
                return start < buffer.count ? Data(buffer[start...]) : nil
            }
            let more = try StandardInput.read()
            isAtEnd = more.isEmpty
            if start > 0 {
                buffer = Data(buffer[start...])
                (start, searched) = (0, buffer.count)
            }
            buffer.append(contentsOf: more)
        }
    }
}
