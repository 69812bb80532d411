import Foundation

/// Why one line of a pipe cannot be answered; it becomes the answer, and the next line is read.
struct LineError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// Answers every line of standard input with a line of JSON on standard output, one by one, in order.
///
/// Lines end in U+000A only: a text may hold other line separators. Empty lines have no answer.
func answerLines(_ answer: (Data) throws(LineError) -> some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lineBreak = Data("\n".utf8)
    func write(_ value: some Encodable) throws {
        FileHandle.standardOutput.write(try encoder.encode(value) + lineBreak)
    }
    for line in InputLines() {
        switch Result(catching: { () throws(LineError) in try answer(line) }) {
        case .success(let value): try write(value)
        case .failure(let error): try write(["error": error.message])
        }
    }
}

/// Reads one line as JSON.
///
/// - Parameter shape: What a line should look like, for the message.
func decodedLine<Content: Decodable>(_ line: Data, expecting shape: String) throws(LineError) -> Content {
    do {
        return try JSONDecoder().decode(Content.self, from: line)
    } catch {
        throw LineError("the line is not \(shape)")
    }
}

/// The lines of standard input, without their ends, as they arrive.
private struct InputLines: Sequence, IteratorProtocol {
    private var buffer = Data()
    private var isAtEnd = false

    mutating func next() -> Data? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = buffer[buffer.startIndex..<end]
                buffer = buffer[buffer.index(after: end)...]
                if !line.isEmpty { return line }
            } else if isAtEnd {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = Data() }
                return buffer
            } else {
                let more = FileHandle.standardInput.availableData
                isAtEnd = more.isEmpty
                buffer = Data(buffer) + more
            }
        }
    }
}
