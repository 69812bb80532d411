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

/// The lines of standard input, without their ends, as they arrive.
private struct InputLines {
    private var buffer = Data()
    private var isAtEnd = false

    mutating func next() throws -> Data? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer = buffer[buffer.index(after: end)...] }
                return buffer[buffer.startIndex..<end]
            }
            if isAtEnd {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = Data() }
                return buffer
            }
            let more = try StandardInput.read()
            isAtEnd = more.isEmpty
            buffer = Data(buffer) + more
        }
    }
}
